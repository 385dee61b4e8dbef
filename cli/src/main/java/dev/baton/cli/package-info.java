/** The {@code baton} command: one class a subcommand, each in the package of its noun. */
@NullMarked
package dev.baton.cli;

import org.jspecify.annotations.NullMarked;
