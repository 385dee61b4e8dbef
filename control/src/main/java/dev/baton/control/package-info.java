/**
 * The decisions about one request, pure: {@code (state, event, now) → (state, effects)}. No clock, no thread, no
 * Spring: the gateway performs the effects, and tests run the same code in virtual time. A state machine is used by one
 * thread at a time, the one that feeds its events.
 */
@NullMarked
package dev.baton.control;

import org.jspecify.annotations.NullMarked;
