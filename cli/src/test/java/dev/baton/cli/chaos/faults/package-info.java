@NullMarked
package dev.baton.cli.chaos.faults;

import org.jspecify.annotations.NullMarked;
