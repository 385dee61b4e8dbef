/** What the state machine promises, by example and under random events. */
@NullMarked
package dev.baton.control;

import org.jspecify.annotations.NullMarked;
