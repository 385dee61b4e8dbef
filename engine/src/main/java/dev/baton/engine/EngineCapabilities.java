package dev.baton.engine;

import dev.baton.kv.KvLayout;

/**
 * The model of an engine and the promises it makes.
 *
 * @param model name clients use
 * @param fingerprint of weights, configuration and numeric path: equal fingerprints make equal KV
 * @param maxContext tokens of prompt and answer together
 * @param exact a token depends only on the tokens before it, bit for bit
 * @param resumesFromKv can go on from KV it did not compute
 * @param numerics how it computes, for people: "bf16 weights, own products (C, AVX2), 4 threads" say
 */
public record EngineCapabilities(
        String model,
        long fingerprint,
        int maxContext,
        KvLayout layout,
        boolean exact,
        boolean resumesFromKv,
        String numerics) {}
