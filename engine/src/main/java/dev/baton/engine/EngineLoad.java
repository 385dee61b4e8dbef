package dev.baton.engine;

import dev.baton.kv.CacheForecast;

/**
 * Load of an engine at the end of a step.
 *
 * @param queued sequences waiting for their first step or for blocks
 * @param running sequences in the batch
 * @param queuedTokens prompt tokens not yet computed; of a prompt that is scored, what it takes of a step at most
 * @param forLater of those queued and running, those of work for later
 * @param queuedTokensForLater of the queued tokens, those of work for later
 * @param prefillTokensPerSecond measured over recent prefill steps, 0 until known
 * @param decodeTokensPerSecond of all answers together, measured over recent steps that computed answers only, 0 until known
 * @param places sequences that run at one time, at most
 * @param steps engine steps so far
 * @param turns iterations of the engine's thread so far, those with nothing to compute included
 * @param forecast what the cache finds, and would find if it were larger
 */
public record EngineLoad(
        int queued,
        int running,
        int queuedTokens,
        int forLater,
        int queuedTokensForLater,
        int freeBlocks,
        int cachedBlocks,
        int blocks,
        double prefillTokensPerSecond,
        double decodeTokensPerSecond,
        int places,
        long steps,
        long turns,
        CacheForecast forecast) {}
