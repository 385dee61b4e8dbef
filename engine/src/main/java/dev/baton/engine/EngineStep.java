package dev.baton.engine;

import static dev.baton.engine.Admission.failure;

import dev.baton.engine.EngineListener.StepReport;
import dev.baton.engine.LiveSequences.LiveSequence;
import dev.baton.engine.ModelRunner.Slice;
import dev.baton.engine.draft.DraftPlanner;
import dev.baton.engine.draft.Speculation;
import dev.baton.engine.sampling.ConstraintException;
import dev.baton.engine.sampling.Sampler;
import dev.baton.engine.sampling.Sampler.SampledToken;
import dev.baton.engine.schedule.Phase;
import dev.baton.engine.schedule.Scheduler;
import dev.baton.engine.schedule.StepPlan;
import dev.baton.engine.schedule.StepPlan.Chunk;
import dev.baton.protocol.v1.Failure;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Computes what a plan says: the model over all chunks in one batch, then one token for each sequence whose known tokens
 * end with its chunk. When the batch fails, each chunk runs alone, so that only those fail that fail by themselves.
 */
final class EngineStep {
    private static final Logger LOG = System.getLogger(EngineStep.class.getName());

    private final EngineSettings settings;
    private final ModelRunner runner;
    private final EngineClock clock;
    private final Scheduler<LiveSequence> scheduler;
    private final LiveSequences sequences;
    private final StepMeter meter;
    private final Runnable betweenLayers;
    private final Sampler sampler;
    private final DraftPlanner<LiveSequence> drafts;

    /** @param betweenLayers called after each layer of the model; may end sequences of the step */
    EngineStep(
            EngineSettings settings,
            ModelRunner runner,
            EngineClock clock,
            Scheduler<LiveSequence> scheduler,
            LiveSequences sequences,
            StepMeter meter,
            Runnable betweenLayers) {
        this.settings = settings;
        this.runner = runner;
        this.clock = clock;
        this.scheduler = scheduler;
        this.sequences = sequences;
        this.meter = meter;
        this.betweenLayers = betweenLayers;
        this.sampler = new Sampler(runner.shape().vocab(), runner.logitOps());
        // Where rows are not independent a guess could change a token.
        Speculation speculation = runner.shape().exact() ? settings.speculation() : Speculation.OFF;
        this.drafts = new DraftPlanner<>(
                speculation, settings.stepTokens(), scheduler, LiveSequence::drafting, sequence -> sequence.left());
    }

    StepReport run(StepPlan<LiveSequence> plan) {
        long started = clock.nanos().getAsLong();
        drafts.extend(plan);
        for (Chunk<LiveSequence> chunk : plan.chunks()) {
            LiveSequence sequence = chunk.sequence();
            sequence.layersTold = 0;
            if (chunk.last() && sequence.goal().handsOver()) {
                sequences.tell(sequence, SequenceListener::lastChunkStarted);
            }
        }
        meter.stepStarts(plan);
        try {
            forward(plan.chunks());
        } finally {
            sequences.stepEnded(plan.chunks());
        }
        StepReport report = meter.stepEnded(clock.nanos().getAsLong() - started);
        if (report.prefillRows() == 0) {
            drafts.measured(report.decodeRows() + report.guesses(), report.nanos());
        }
        scheduler.tokenCosts(meter.tokenCost());
        return report;
    }

    private void forward(List<Chunk<LiveSequence>> chunks) {
        List<Slice> slices = new ArrayList<>(chunks.size());
        for (Chunk<LiveSequence> chunk : chunks) {
            LiveSequence sequence = chunk.sequence();
            int[] guesses = chunk.drafts();
            int known = chunk.to() - chunk.from();
            int[] tokens = Arrays.copyOf(sequence.tokens(chunk.from(), chunk.to()), known + guesses.length);
            System.arraycopy(guesses, 0, tokens, known, guesses.length);
            int[] blocks = sequence.table().covering(chunk.to() + guesses.length);
            slices.add(new Slice(tokens, chunk.from(), blocks, logitRows(chunk)));
        }
        MemorySegment logits;
        try {
            logits = runner.forward(slices, sequences.tellingLayers(chunks, betweenLayers));
        } catch (RuntimeException e) {
            if (chunks.size() == 1) {
                distrust(chunks.getFirst().sequence(), e);
            } else {
                LOG.log(Level.WARNING, meter.describeStep() + " failed, its sequences are tried one by one", e);
                chunks.forEach(chunk -> forward(List.of(chunk)));
            }
            return;
        } catch (Error e) {
            throw new IllegalStateException(meter.describeStep() + " broke the engine", e);
        }
        int row = 0;
        List<Drawn> drawn = new ArrayList<>(chunks.size());
        for (Chunk<LiveSequence> chunk : chunks) {
            int rows = logitRows(chunk);
            computed(chunk, logits, row).ifPresent(drawn::add);
            row += rows;
        }
        scheduler.record(drawn.stream()
                .filter(each -> each.failure() == null)
                .map(Drawn::sequence)
                .toList());
        drawn.forEach(this::tell);
    }

    /** Rows whose logits are wanted: those that draw tokens, and those of a prompt that is scored. */
    private static int logitRows(Chunk<LiveSequence> chunk) {
        if (chunk.sequence().scoresPrompt()) {
            return chunk.rows();
        }
        return chunk.last() ? 1 + chunk.drafts().length : 0;
    }

    /**
     * The tokens that a step made for a sequence: one, and one more for each guess that was right.
     *
     * @param first index of the first among those after the prompt
     * @param cached whether blocks of the sequence can be found that could not before
     * @param failure why there is no further one; null when the sequence goes on or has its last
     */
    private record Drawn(
            LiveSequence sequence,
            int first,
            List<SampledToken> tokens,
            boolean cached,
            @Nullable Failure failure) {}

    /** @param first of the chunk's rows whose logits are wanted */
    private Optional<Drawn> computed(Chunk<LiveSequence> chunk, MemorySegment logits, int firstRow) {
        LiveSequence sequence = chunk.sequence();
        if (sequence.over) {
            return Optional.empty();
        }
        boolean prefilled = sequence.phase() == Phase.PREFILLING;
        PromptScores scores = sequence.scoresPrompt() ? sequence.scores : null;
        int row = firstRow;
        if (scores != null) {
            try {
                scores.take(chunk.from(), chunk.to(), sampler, logits, firstRow);
            } catch (RuntimeException e) {
                failed(sequence, e);
                return Optional.empty();
            }
            row += chunk.to() - chunk.from() - 1;
        }
        scheduler.computed(chunk);
        if (!chunk.last()) {
            if (sequence.newsDue(clock.wall().millis())) {
                sequences.tell(sequence, listener -> listener.computed(chunk.to()));
            }
            return Optional.empty();
        }
        int first = sequence.generated();
        List<SampledToken> tokens = new ArrayList<>(1 + chunk.drafts().length);
        boolean cached = prefilled;
        @Nullable Failure failure = null;
        boolean next = true;
        while (next) {
            int drawn = tokens.size();
            SampledToken token;
            try {
                token = sampler.draw(logits, row + drawn, first + drawn, sequence.sampling);
            } catch (RuntimeException e) {
                if (drawn > 0) {
                    break; // its row is computed again, and drawing fails then as it would have without guesses
                }
                failed(sequence, e);
                return Optional.empty();
            }
            if (drawn > 0) {
                scheduler.guessed(sequence);
            }
            try {
                sequence.sampling.add(token.token());
            } catch (ConstraintException e) {
                failure = failure(Failure.Code.BAD_REQUEST, String.valueOf(e.getMessage()));
                break;
            } catch (RuntimeException e) {
                scheduler.distrust(sequence);
                failure = failure(Failure.Code.ENGINE_FAILED, meter.describeStep() + ": " + e);
                break;
            }
            cached |= scheduler.append(sequence, token.token());
            tokens.add(scores == null ? token : token.with(scores.all()));
            next = drawn < chunk.drafts().length
                    && chunk.drafts()[drawn] == token.token()
                    && sequence.sampling
                            .stopping()
                            .after(sequence.generated(), token.token())
                            .isEmpty();
        }
        drawn(chunk, Math.max(0, tokens.size() - 1));
        return Optional.of(new Drawn(sequence, first, tokens, cached, failure));
    }

    private void drawn(Chunk<LiveSequence> chunk, int accepted) {
        meter.accepted(accepted);
        drafts.drawn(chunk, accepted, meter.rows(), meter.rows() + meter.guesses());
    }

    private void failed(LiveSequence sequence, RuntimeException cause) {
        if (cause instanceof ConstraintException) {
            sequences.fail(sequence, failure(Failure.Code.BAD_REQUEST, String.valueOf(cause.getMessage())));
        } else {
            distrust(sequence, cause);
        }
    }

    private void tell(Drawn drawn) {
        LiveSequence sequence = drawn.sequence();
        if (drawn.cached()) {
            sequences.tellCached(sequence);
        }
        if (sequence.phase() == Phase.HOLDING) {
            scheduler.expireAt(sequence, holdUntil(sequence));
        }
        for (int i = 0; i < drawn.tokens().size(); i++) {
            int index = drawn.first() + i;
            SampledToken token = drawn.tokens().get(i);
            sequences.tell(sequence, listener -> listener.token(index, token.token(), token.logprob()));
        }
        Failure failure = drawn.failure();
        if (!sequence.over && failure != null) {
            sequences.fail(sequence, failure);
        } else if (!sequence.over) {
            sequences.finishIfOver(sequence, drawn.tokens().getLast().token());
        }
        sequences.forgetIfEnded(sequence);
    }

    /** A full decode worker may take its time, within the deadline; without one, the hold is a guard against leaks. */
    private long holdUntil(LiveSequence sequence) {
        long hold = clock.wall().millis() + settings.patience().hold().toMillis();
        long deadline = sequence.terms().deadlineMillis();
        return deadline == Long.MAX_VALUE ? hold : Math.max(hold, deadline);
    }

    /** Its blocks may hold broken KV, of this chunk or of what the chunk was computed from: no sequence shares them. */
    private void distrust(LiveSequence sequence, RuntimeException cause) {
        scheduler.distrust(sequence);
        sequences.failed(sequence, cause);
    }
}
