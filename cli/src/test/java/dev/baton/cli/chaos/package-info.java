@NullMarked
package dev.baton.cli.chaos;

import org.jspecify.annotations.NullMarked;
