package dev.baton.engine;

import dev.baton.kv.KvLayout;
import java.util.Set;

/**
 * Sizes and identity of a model, for scheduler and sampler.
 *
 * @param fingerprint of configuration, weights and numeric path
 * @param maxContext tokens of prompt and answer together
 * @param stopTokens end-of-sequence ids of {@code generation_config.json}, else of {@code config.json}
 * @param layout of its KV, with the pool's number of blocks
 * @param arithmetic in what it computes, the same on every machine: "BF16 weights, f32 arithmetic, BF16 KV" say
 * @param numerics by what it computes here, for people: "own products (C, AVX-512), 4 threads" say, with the arithmetic
 */
public record ModelShape(
        String name,
        long fingerprint,
        int vocab,
        int maxContext,
        Set<Integer> stopTokens,
        KvLayout layout,
        boolean exact,
        String arithmetic,
        String numerics) {}
