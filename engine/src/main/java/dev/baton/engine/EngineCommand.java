package dev.baton.engine;

import dev.baton.engine.sampling.TokenConstraint;
import dev.baton.engine.schedule.Goal;
import dev.baton.kv.BlockHash;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Generation;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A request to an engine. */
public sealed interface EngineCommand {
    /** Of one sequence. */
    sealed interface OfSequence extends EngineCommand {
        AttemptKey key();
    }

    /**
     * Take a sequence in. Its tokens are {@code prompt} then {@code accepted}; sampling goes on after them.
     *
     * @param constraint asked once, on the engine's thread, for what restricts the answer from its start; null for nothing
     */
    record Admit(
            Generation generation,
            Goal goal,
            SequenceListener listener,
            Supplier<? extends @Nullable TokenConstraint> constraint)
            implements OfSequence {
        /** Any answer. */
        public Admit(Generation generation, Goal goal, SequenceListener listener) {
            this(generation, goal, listener, () -> null);
        }

        @Override
        public AttemptKey key() {
            return AttemptKey.of(generation);
        }
    }

    /**
     * KV of the first {@code tokens} of a {@link Goal#DECODE} sequence is in its blocks, and no more of it will come.
     * Where it is all of them and {@code firstToken} is known, the sequence decodes; else it computes the rest itself.
     *
     * @param tokens those that were cached here included; fewer than those are taken for those
     * @param firstToken what prefill sampled after all of them, {@link #NO_TOKEN} when it sampled none
     */
    record KvArrived(AttemptKey key, int tokens, int firstToken) implements OfSequence {
        public static final int NO_TOKEN = -1;
    }

    /** End a sequence wherever it is. Reserved blocks stay quarantined until {@link Release}. */
    record Cancel(AttemptKey key, Failure reason) implements OfSequence {}

    /**
     * No other worker needs the sequence's blocks any more, those of a prompt are kept as cache for a while: a prefill's
     * transfer is over, or the writer into cancelled reserved blocks is known to be quiescent.
     */
    record Release(AttemptKey key) implements OfSequence {}

    /**
     * Another worker wants to read blocks: the longest run of the names, from the first, that is here stays as it is until
     * {@link LetGo}.
     *
     * @param holder whose hold it is; a second one ends the first
     * @param held hears of the blocks, on the engine's thread: returns at once. None when the engine has ended
     */
    record Hold(String holder, List<BlockHash> names, Consumer<int[]> held) implements EngineCommand {
        public Hold {
            names = List.copyOf(names);
        }
    }

    /** What is held or kept for a holder may go. */
    record LetGo(String holder) implements EngineCommand {}
}
