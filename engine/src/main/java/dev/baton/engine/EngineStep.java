package dev.baton.engine;

import static dev.baton.engine.Admission.failure;

import dev.baton.engine.EngineListener.StepReport;
import dev.baton.engine.LiveSequences.LiveSequence;
import dev.baton.engine.ModelRunner.Slice;
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
import java.util.List;
import java.util.Optional;

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
    }

    StepReport run(StepPlan<LiveSequence> plan) {
        long started = clock.nanos().getAsLong();
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
        return meter.stepEnded(clock.nanos().getAsLong() - started);
    }

    private void forward(List<Chunk<LiveSequence>> chunks) {
        List<Slice> slices = new ArrayList<>(chunks.size());
        for (Chunk<LiveSequence> chunk : chunks) {
            LiveSequence sequence = chunk.sequence();
            int[] blocks = sequence.table().covering(chunk.to());
            slices.add(new Slice(sequence.tokens(chunk.from(), chunk.to()), chunk.from(), blocks, chunk.last()));
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
            computed(chunk, logits, chunk.last() ? row++ : -1).ifPresent(drawn::add);
        }
        scheduler.record(drawn.stream().map(Drawn::sequence).toList());
        drawn.forEach(this::tell);
    }

    /**
     * The token that a step made for a sequence.
     *
     * @param index among those after the prompt
     * @param cached whether blocks of the sequence can be found that could not before
     */
    private record Drawn(LiveSequence sequence, int index, SampledToken token, boolean cached) {}

    /** @param row of the logits, −1 when the chunk is not its sequence's last */
    private Optional<Drawn> computed(Chunk<LiveSequence> chunk, MemorySegment logits, int row) {
        LiveSequence sequence = chunk.sequence();
        if (sequence.over) {
            return Optional.empty();
        }
        boolean prefilled = sequence.phase() == Phase.PREFILLING;
        scheduler.computed(chunk);
        if (!chunk.last()) {
            if (sequence.newsDue(clock.wall().millis())) {
                sequences.tell(sequence, listener -> listener.computed(chunk.to()));
            }
            return Optional.empty();
        }
        int index = sequence.generated();
        SampledToken token;
        try {
            token = sampler.draw(logits, row, index, sequence.sampling);
            sequence.sampling.add(token.token());
        } catch (ConstraintException e) {
            sequences.fail(sequence, failure(Failure.Code.BAD_REQUEST, String.valueOf(e.getMessage())));
            return Optional.empty();
        } catch (RuntimeException e) {
            distrust(sequence, e);
            return Optional.empty();
        }
        boolean filled = scheduler.append(sequence, token.token());
        return Optional.of(new Drawn(sequence, index, token, prefilled || filled));
    }

    private void tell(Drawn drawn) {
        LiveSequence sequence = drawn.sequence();
        if (drawn.cached()) {
            sequences.tellCached(sequence);
        }
        if (sequence.phase() == Phase.HOLDING) {
            scheduler.expireAt(sequence, holdUntil(sequence));
        }
        SampledToken token = drawn.token();
        sequences.tell(sequence, listener -> listener.token(drawn.index(), token.token(), token.logprob()));
        if (!sequence.over) {
            sequences.finishIfOver(sequence, token.token());
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
