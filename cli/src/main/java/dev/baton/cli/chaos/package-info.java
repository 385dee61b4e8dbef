/** {@code baton chaos}: load on a stack of real processes, faults that prove that they took effect, and what clients felt. */
@NullMarked
package dev.baton.cli.chaos;

import org.jspecify.annotations.NullMarked;
