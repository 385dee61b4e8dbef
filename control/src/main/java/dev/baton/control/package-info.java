/**
 * The decisions about one request, pure: {@code (state, event, now) → (state, effects)}. No clock, no thread, no
 * Spring; the gateway performs the effects, the planner runs the same code in virtual time. A state belongs to
 * whoever feeds its events, one at a time.
 */
@NullMarked
package dev.baton.control;

import org.jspecify.annotations.NullMarked;
