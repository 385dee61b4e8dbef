/** Whose request goes next when not all can: shares of work by weight, and the queue that keeps them. Pure. */
@NullMarked
package dev.baton.control.fairness;

import org.jspecify.annotations.NullMarked;
