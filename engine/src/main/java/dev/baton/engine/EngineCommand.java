package dev.baton.engine;

import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Generation;

/** What an engine can be asked for. */
public sealed interface EngineCommand {
    SequenceKey key();

    /** Take a sequence in. Its tokens are {@code prompt} then {@code accepted}; sampling goes on after them. */
    record Admit(Generation generation, Work work, SequenceListener listener) implements EngineCommand {
        @Override
        public SequenceKey key() {
            return SequenceKey.of(generation);
        }
    }

    /**
     * KV of the first {@code tokens} of a {@link Work#DECODE} sequence is in its blocks, and no more of it will come.
     * Where it is all of them and {@code firstToken} is known, the sequence decodes; else it computes the rest itself.
     *
     * @param tokens those that were cached here included; fewer than those are taken for those
     * @param firstToken what prefill sampled after all of them, {@link #NO_TOKEN} when nobody did
     */
    record KvArrived(SequenceKey key, int tokens, int firstToken) implements EngineCommand {
        public static final int NO_TOKEN = -1;
    }

    /** End a sequence wherever it is. Reserved blocks stay quarantined until {@link Release}. */
    record Cancel(SequenceKey key, Failure reason) implements EngineCommand {}

    /**
     * Nobody outside needs the sequence's blocks any more: a prefill's transfer is over, or the writer into cancelled
     * reserved blocks is known to be quiescent.
     */
    record Release(SequenceKey key) implements EngineCommand {}

    /** How far the engine carries a sequence. */
    enum Work {
        /** Compute KV, sample one token, hold the blocks until Release. */
        PREFILL,
        /** Reserve blocks, wait for KvArrived, compute what did not come, then generate to the end. */
        DECODE,
        /** Compute KV and generate to the end: the colocated way. */
        PREFILL_AND_DECODE
    }
}
