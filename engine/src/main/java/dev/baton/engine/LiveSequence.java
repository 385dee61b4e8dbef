package dev.baton.engine;

import dev.baton.engine.EngineCommand.Admit;
import dev.baton.engine.sampling.SequenceSampling;
import dev.baton.engine.schedule.Sequence;
import dev.baton.kv.PrefixHasher;
import dev.baton.protocol.AttemptKey;

/** A scheduled sequence with what the engine must know of it: who hears of it and how its tokens are chosen. */
final class LiveSequence extends Sequence {
    final AttemptKey key;
    final SequenceListener listener;
    final SequenceSampling sampling;
    private final int promptTokens;

    /** Its rows are being computed: blocks must stay until the step ends. */
    boolean inStep;
    /** The listener has heard the end. */
    boolean over;
    /** The listener has heard of the prompt's start, and hears of its layers: not a second time after preemption. */
    boolean prefillTold;

    boolean tellsLayers;
    int layersTold;
    /** Blocks of its chain that the engine's listener knows. */
    int blocksTold;

    LiveSequence(
            Admit admit, int[] known, SequenceSampling sampling, Terms terms, PrefixHasher hasher, int blockTokens) {
        super(admit.goal(), terms, known, hasher, blockTokens);
        this.key = admit.key();
        this.listener = admit.listener();
        this.sampling = sampling;
        this.promptTokens = admit.generation().getPromptCount();
    }

    /** Tokens after the prompt. */
    int generated() {
        return length() - promptTokens;
    }
}
