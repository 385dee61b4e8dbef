package dev.baton.engine.sampling;

import dev.baton.protocol.v1.TokenLogprob;
import org.jspecify.annotations.Nullable;

/** The token chosen, and its log-probability with its rivals' when asked for. */
public record SampledToken(int token, @Nullable TokenLogprob logprob) {}
