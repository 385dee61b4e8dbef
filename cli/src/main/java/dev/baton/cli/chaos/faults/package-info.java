/**
 * What chaos does to a stack of real processes: each fault proves that it took effect, and is undone. {@link
 * dev.baton.cli.chaos.faults.Equipment} stands before the stack starts, {@link dev.baton.cli.chaos.faults.Faults} strike it
 * while it runs.
 */
@NullMarked
package dev.baton.cli.chaos.faults;

import org.jspecify.annotations.NullMarked;
