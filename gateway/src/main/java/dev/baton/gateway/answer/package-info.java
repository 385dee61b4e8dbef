/**
 * One answer in the making: starts its choices, turns their tokens into text cut at stop strings, and streams or collects
 * that text. Each choice is fed by one thread at a time; different choices may be fed by different
 * threads.
 */
@NullMarked
package dev.baton.gateway.answer;

import org.jspecify.annotations.NullMarked;
