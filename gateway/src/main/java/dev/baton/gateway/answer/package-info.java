/**
 * One answer while it is made: dispatches its choices, turns their tokens into text cut at stop strings, and hands that
 * to a stream or collects it. Each choice is fed by one thread at a time; different choices may be fed by different
 * threads.
 */
@NullMarked
package dev.baton.gateway.answer;

import org.jspecify.annotations.NullMarked;
