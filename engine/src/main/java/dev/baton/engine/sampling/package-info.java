/**
 * From logits to the next token, and when to stop. Everything here is a function of parameters, prompt and accepted
 * tokens, so that a sequence that goes on elsewhere draws the same tokens. A {@code Sampler} belongs to one thread; the
 * rest is immutable.
 */
@NullMarked
package dev.baton.engine.sampling;

import org.jspecify.annotations.NullMarked;
