@NullMarked
package dev.baton.cli.hub;

import org.jspecify.annotations.NullMarked;
