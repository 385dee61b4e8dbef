/** Starts, watches and ends the local stack: the processes, their ports, the record of what was started. */
@NullMarked
package dev.baton.cli.up;

import org.jspecify.annotations.NullMarked;
