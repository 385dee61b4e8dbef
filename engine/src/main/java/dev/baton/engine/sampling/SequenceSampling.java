package dev.baton.engine.sampling;

/** All that decides the next token of one sequence beside its logits. */
public record SequenceSampling(SamplingParameters parameters, StoppingRule stopping, TokenCounts counts) {}
