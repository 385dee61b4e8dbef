package dev.baton.engine;

import static dev.baton.engine.Admission.failure;

import dev.baton.engine.EngineCommand.Admit;
import dev.baton.engine.ModelRunner.LayerProgress;
import dev.baton.engine.draft.Drafting;
import dev.baton.engine.sampling.SequenceSampling;
import dev.baton.engine.schedule.Phase;
import dev.baton.engine.schedule.Scheduler;
import dev.baton.engine.schedule.Sequence;
import dev.baton.engine.schedule.StepPlan.Chunk;
import dev.baton.kv.BlockHash;
import dev.baton.kv.PrefixHasher;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The sequences that the engine has taken and not ended yet: calls their listeners and ends them. A listener is not called
 * after its sequence's end, and one that throws fails its own sequence only. A sequence whose rows are
 * being computed ends for its listener at once, but keeps its blocks until the step is over. One thread.
 */
final class LiveSequences {
    private static final Logger LOG = System.getLogger(LiveSequences.class.getName());

    /** The listener of a sequence that makes no token yet hears this often how far it is. */
    private static final Duration NEWS_EVERY = Duration.ofMillis(500);

    private final Scheduler<LiveSequence> scheduler;
    private final EngineListener engineListener;
    private final StepMeter meter;
    private final Map<AttemptKey, LiveSequence> byKey = new HashMap<>();
    private final List<LiveSequence> endingWithStep = new ArrayList<>();
    private boolean told;

    /** A scheduled sequence with its listener and with what chooses its tokens. */
    static final class LiveSequence extends Sequence {
        final AttemptKey key;
        final SequenceListener listener;
        final SequenceSampling sampling;
        private final int promptTokens;
        private long newsMillis;

        /** Log-probabilities of its prompt as they are made; null where nobody asks for them. */
        final @Nullable PromptScores scores;

        private @Nullable Drafting drafting;

        /** Its rows are being computed: blocks must stay until the step ends. */
        boolean inStep;
        /** The listener has been called with the end. */
        boolean over;
        /** The listener has been called at the prompt's start: not a second time after preemption, nor for its layers. */
        boolean prefillTold;

        boolean tellsLayers;
        int layersTold;
        /** Blocks of its chain that the engine's listener knows. */
        int blocksTold;

        LiveSequence(
                Admit admit,
                int[] known,
                SequenceSampling sampling,
                Terms terms,
                PrefixHasher hasher,
                int blockTokens) {
            super(admit.goal(), terms, known, hasher, blockTokens);
            this.key = admit.key();
            this.listener = admit.listener();
            this.sampling = sampling;
            this.promptTokens = admit.generation().getPromptCount();
            this.scores = PromptScores.of(admit.generation(), admit.goal());
        }

        @Override
        protected boolean scoresPrompt() {
            return scores != null && generated() == 0;
        }

        /** Whether it has been long enough since the listener was last told how far the sequence is. */
        boolean newsDue(long nowMillis) {
            if (nowMillis - newsMillis < NEWS_EVERY.toMillis()) {
                return false;
            }
            newsMillis = nowMillis;
            return true;
        }

        /** Guesses of its tokens: only where any are asked for. */
        Drafting drafting() {
            Drafting own = drafting;
            if (own == null) {
                own = new Drafting();
                drafting = own;
            }
            return own;
        }

        /** Tokens that it may still make. */
        int left() {
            return sampling.stopping().maxTokens() - generated();
        }

        /** Tokens after the prompt. */
        int generated() {
            return length() - promptTokens;
        }
    }

    LiveSequences(Scheduler<LiveSequence> scheduler, EngineListener engineListener, StepMeter meter) {
        this.scheduler = scheduler;
        this.engineListener = engineListener;
        this.meter = meter;
    }

    @Nullable
    LiveSequence find(AttemptKey key) {
        return byKey.get(key);
    }

    void add(LiveSequence sequence) {
        byKey.put(sequence.key, sequence);
        scheduler.enqueue(sequence);
    }

    void tell(LiveSequence sequence, Consumer<SequenceListener> event) {
        if (sequence.over) {
            return;
        }
        told = true;
        try {
            event.accept(sequence.listener);
        } catch (RuntimeException e) {
            failed(sequence, e);
        }
    }

    /**
     * Tells the sequences of a step about each layer that is computed for them, once.
     *
     * @param then called after each layer; may end sequences of the step
     */
    LayerProgress tellingLayers(List<Chunk<LiveSequence>> chunks, Runnable then) {
        return layer -> {
            for (Chunk<LiveSequence> chunk : chunks) {
                LiveSequence sequence = chunk.sequence();
                if (sequence.tellsLayers && layer >= sequence.layersTold) {
                    sequence.layersTold = layer + 1;
                    tell(sequence, listener -> listener.layerComputed(layer, chunk.from(), chunk.to()));
                }
            }
            then.run();
        };
    }

    /** Calls a sequence's listener for the last time, unless that was done already. */
    void tellEnd(LiveSequence sequence, Consumer<SequenceListener> event) {
        if (!sequence.over) {
            sequence.over = true;
            tellEnd(sequence.key, sequence.listener, event);
        }
    }

    /** Calls a listener for the last time; also that of a sequence that was never taken. */
    void tellEnd(AttemptKey key, SequenceListener listener, Consumer<SequenceListener> event) {
        told = true;
        try {
            event.accept(listener);
        } catch (RuntimeException | Error e) {
            LOG.log(Level.WARNING, "the listener of %s threw at its sequence's end".formatted(key), e);
        }
    }

    /** Tells those that wait for blocks how many are ahead of them, now and then. */
    void tellWaiting(long nowMillis) {
        int ahead = 0;
        for (LiveSequence sequence : scheduler.waiting()) {
            if (sequence.newsDue(nowMillis)) {
                int before = ahead;
                tell(sequence, listener -> listener.waits(before));
            }
            ahead++;
        }
    }

    /** Tells the engine's listener which blocks of the sequence can be found by content, when there are new ones. */
    void tellCached(LiveSequence sequence) {
        List<BlockHash> chain = scheduler.findable(sequence);
        if (chain.size() > sequence.blocksTold) {
            sequence.blocksTold = chain.size();
            engineListener.cached(chain);
        }
    }

    /** Whether a listener of any sequence was called since this was last asked. */
    boolean takeTold() {
        boolean any = told;
        told = false;
        return any;
    }

    /** Finishes a sequence that its last token ends; false when it goes on. */
    boolean finishIfOver(LiveSequence sequence, int lastToken) {
        Optional<Finish.Reason> reason = sequence.sampling.stopping().after(sequence.generated(), lastToken);
        if (reason.isEmpty()) {
            return false;
        }
        tell(sequence, listener -> listener.finished(reason.get()));
        sequence.over = true;
        if (!sequence.goal().handsOver()) {
            tellCached(sequence);
            end(sequence);
        }
        return true;
    }

    void failed(LiveSequence sequence, RuntimeException cause) {
        LOG.log(Level.WARNING, "%s failed in %s".formatted(sequence.key, meter.describeStep()), cause);
        fail(sequence, failure(Failure.Code.ENGINE_FAILED, meter.describeStep() + ": " + cause.getMessage()));
    }

    void fail(LiveSequence sequence, Failure reason) {
        tellEnd(sequence, listener -> listener.failed(reason));
        end(sequence);
    }

    /** Nothing outside of the engine reads or writes the sequence's blocks any more. */
    void release(LiveSequence sequence) {
        scheduler.release(sequence);
        forgetIfEnded(sequence);
    }

    void stepStarts(List<Chunk<LiveSequence>> chunks) {
        chunks.forEach(chunk -> chunk.sequence().inStep = true);
    }

    void stepEnded(List<Chunk<LiveSequence>> chunks) {
        chunks.forEach(chunk -> chunk.sequence().inStep = false);
        endingWithStep.forEach(this::endNow);
        endingWithStep.clear();
    }

    private void end(LiveSequence sequence) {
        if (sequence.inStep) {
            endingWithStep.add(sequence);
        } else {
            endNow(sequence);
        }
    }

    private void endNow(LiveSequence sequence) {
        scheduler.end(sequence);
        forgetIfEnded(sequence);
    }

    void forgetIfEnded(LiveSequence sequence) {
        if (sequence.phase() == Phase.ENDED) {
            byKey.remove(sequence.key, sequence);
        }
    }

    /** Tells the listener of every sequence why the engine ends; takes no block back. */
    void close(Failure reason) {
        byKey.values().forEach(sequence -> tellEnd(sequence, listener -> listener.failed(reason)));
        byKey.clear();
    }
}
