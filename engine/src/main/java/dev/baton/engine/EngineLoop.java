package dev.baton.engine;

import static dev.baton.engine.Admission.failure;

import dev.baton.engine.Admission.Verdict;
import dev.baton.engine.EngineCommand.Admit;
import dev.baton.engine.EngineCommand.Cancel;
import dev.baton.engine.EngineCommand.KvArrived;
import dev.baton.engine.EngineCommand.Release;
import dev.baton.engine.EngineListener.StepReport;
import dev.baton.engine.sampling.SampledToken;
import dev.baton.engine.sampling.Sampler;
import dev.baton.engine.schedule.Goal;
import dev.baton.engine.schedule.Phase;
import dev.baton.engine.schedule.ScheduleSettings;
import dev.baton.engine.schedule.Scheduler;
import dev.baton.engine.schedule.StepPlan;
import dev.baton.engine.schedule.StepPlan.Chunk;
import dev.baton.kv.BlockHash;
import dev.baton.kv.BlockPool;
import dev.baton.kv.BlockState;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What the engine thread does, turn by turn: look at commands, let the scheduler decide, run the model, draw tokens, tell
 * the listeners. Knows no thread of its own; all calls come from one.
 *
 * <p>Commands are looked at between turns and, while the model runs, between layers. A sequence whose rows are being
 * computed ends for its listener at once, but keeps its blocks until the step is over.
 */
final class EngineLoop implements ForwardPass.Caller {
    private static final Logger LOG = System.getLogger(EngineLoop.class.getName());

    private final EngineSettings settings;
    private final ModelRunner runner;
    private final EngineListener engineListener;
    private final EngineClock clock;
    private final Consumer<EngineLoop> commands;
    private final Admission admission;
    private final BlockPool pool;
    private final Scheduler<LiveSequence> scheduler;
    private final ForwardPass forward;
    private final Sampler sampler;
    private final StepMeter meter = new StepMeter();
    private final ListenerNotifier notices = new ListenerNotifier();
    private final Map<AttemptKey, LiveSequence> sequences = new HashMap<>();
    private final List<LiveSequence> endingWithStep = new ArrayList<>();
    private boolean closing;
    private Failure end = failure(Failure.Code.SHUTTING_DOWN, "the engine is closing");

    /** @param commands called between turns and layers: hands this loop what has come in, without waiting */
    EngineLoop(
            EngineSettings settings,
            ModelRunner runner,
            EngineListener engineListener,
            EngineClock clock,
            PoolMemory memory,
            Consumer<EngineLoop> commands) {
        this.settings = settings;
        this.runner = runner;
        this.engineListener = engineListener;
        this.clock = clock;
        this.commands = commands;
        ModelShape shape = runner.shape();
        this.admission = new Admission(settings, shape);
        this.pool = new BlockPool(shape.layout().blocks());
        this.scheduler = new Scheduler<>(
                pool,
                new ScheduleSettings(
                        settings.maxSequences(),
                        settings.stepTokens(),
                        shape.layout().blockTokens()),
                memory.ledger(),
                memory.verifyHits());
        memory.adopted().restoreInto(pool);
        this.forward = new ForwardPass(runner, meter, this);
        this.sampler = new Sampler(shape.vocab(), runner.logitOps());
    }

    /** One turn. False when there was nothing to do: nothing will happen until a command comes or a deadline passes. */
    boolean runOnce() {
        commands.accept(this);
        expire();
        StepPlan<LiveSequence> plan = scheduler.plan();
        StepReport report = plan.isEmpty() ? new StepReport(0, 0, 0) : step(plan);
        if (plan.isEmpty()) {
            announce(plan);
        }
        List<BlockHash> evicted = pool.drainEvicted();
        if (!evicted.isEmpty()) {
            engineListener.evicted(evicted);
        }
        int dropped = scheduler.takeDropped();
        if (dropped > 0) {
            engineListener.dropped(dropped);
        }
        boolean told = notices.drain();
        if (told || !plan.isEmpty()) {
            engineListener.stepEnded(report);
        }
        return told || !plan.isEmpty();
    }

    /** When the next sequence expires, epoch milliseconds. */
    long nextExpiry() {
        return scheduler.nextExpiry();
    }

    EngineLoad load() {
        return new EngineLoad(
                scheduler.queued(),
                scheduler.running(),
                scheduler.uncomputedTokens(),
                pool.count(BlockState.FREE),
                pool.count(BlockState.CACHED),
                pool.blocks(),
                meter.prefillTokensPerSecond(),
                meter.steps());
    }

    /** Once closed, refuses what is to be admitted: every other sequence has ended. */
    void handle(EngineCommand command) {
        if (closing) {
            if (command instanceof Admit admit) {
                notices.end(admit.key(), admit.listener(), listener -> listener.failed(end));
            }
            return;
        }
        LiveSequence known = sequences.get(command.key());
        switch (command) {
            case Admit admit -> admit(admit, known != null);
            case KvArrived arrived -> {
                if (known != null && known.phase() == Phase.RESERVED && !known.over) {
                    arrived(known, arrived);
                }
            }
            case Cancel cancel -> {
                if (known != null) {
                    fail(known, cancel.reason());
                }
            }
            case Release released -> {
                if (known != null) {
                    scheduler.release(known);
                    forgetIfEnded(known);
                }
            }
        }
    }

    private void admit(Admit admit, boolean taken) {
        Verdict verdict = taken
                ? new Verdict.Refused(failure(Failure.Code.BAD_REQUEST, "%s is here already".formatted(admit.key())))
                : judge(admit);
        switch (verdict) {
            case Verdict.Refused(Failure failure) ->
                notices.end(admit.key(), admit.listener(), listener -> listener.failed(failure));
            case Verdict.Taken(LiveSequence sequence) -> take(sequence);
        }
    }

    private Verdict judge(Admit admit) {
        try {
            return admission.judge(admit);
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, "%s could not be judged".formatted(admit.key()), e);
            return new Verdict.Refused(failure(Failure.Code.ENGINE_FAILED, "admission failed: " + e.getMessage()));
        }
    }

    private void take(LiveSequence sequence) {
        int accepted = sequence.generated();
        Optional<Finish.Reason> done = accepted == 0
                ? Optional.empty()
                : sequence.sampling.stopping().after(accepted, sequence.token(sequence.length() - 1));
        if (done.isPresent()) {
            notices.end(sequence, listener -> listener.finished(done.get()));
        } else if (!scheduler.fits(sequence)) {
            Failure tooLong = failure(
                    Failure.Code.NO_CAPACITY,
                    "%d tokens do not fit into a KV pool of %d blocks: enlarge the pool"
                            .formatted(sequence.length(), pool.blocks()));
            notices.end(sequence, listener -> listener.failed(tooLong));
        } else {
            sequences.put(sequence.key, sequence);
            scheduler.enqueue(sequence);
        }
    }

    private void arrived(LiveSequence sequence, KvArrived arrived) {
        int firstToken = arrived.firstToken();
        if (firstToken < KvArrived.NO_TOKEN || firstToken >= runner.shape().vocab()) {
            fail(sequence, failure(Failure.Code.TRANSFER_FAILED, "first token %d is no token".formatted(firstToken)));
            return;
        }
        if (!forward.takeOver(sequence)) {
            return;
        }
        if (firstToken == KvArrived.NO_TOKEN || arrived.tokens() < sequence.length()) {
            scheduler.arrivedInPart(sequence, arrived.tokens());
            tell(sequence, listener -> listener.prefillStarted(sequence.table().toArray(), sequence.computed()));
            return;
        }
        scheduler.arrived(sequence, firstToken);
        sequence.sampling.counts().add(firstToken);
        if (!finishIfOver(sequence, firstToken)) {
            tell(sequence, SequenceListener::decodeStarted);
        }
    }

    private void expire() {
        for (LiveSequence sequence : scheduler.takeExpired(clock.wall().millis())) {
            String message = sequence.phase() == Phase.HOLDING
                    ? "computed blocks waited for their reader longer than the engine's hold limit of %s"
                            .formatted(settings.patience().hold())
                    : "the deadline passed while the sequence was " + sequence.phase();
            fail(sequence, failure(Failure.Code.DEADLINE_EXCEEDED, message));
        }
    }

    private void announce(StepPlan<LiveSequence> plan) {
        for (LiveSequence sequence : plan.stuck()) {
            fail(
                    sequence,
                    failure(
                            Failure.Code.NO_CAPACITY,
                            "token %d needs more than the whole KV pool of %d blocks: enlarge the pool"
                                    .formatted(sequence.length(), pool.blocks())));
        }
        announceReserved(plan.reserved());
        for (LiveSequence sequence : plan.started()) {
            sequence.tellsLayers = !sequence.prefillTold && sequence.goal() != Goal.DECODE;
            if (sequence.tellsLayers) {
                sequence.prefillTold = true;
                tell(
                        sequence,
                        listener -> listener.prefillStarted(sequence.table().toArray(), sequence.cachedTokens()));
            }
        }
    }

    private void announceReserved(List<LiveSequence> reserved) {
        for (LiveSequence sequence : reserved) {
            tell(sequence, listener -> listener.reserved(sequence.table().toArray(), sequence.cachedTokens()));
        }
    }

    private StepReport step(StepPlan<LiveSequence> plan) {
        long started = clock.nanos().getAsLong();
        plan.chunks().forEach(chunk -> chunk.sequence().inStep = true);
        announce(plan);
        for (Chunk<LiveSequence> chunk : plan.chunks()) {
            LiveSequence sequence = chunk.sequence();
            sequence.layersTold = 0;
            if (chunk.last() && sequence.goal() == Goal.PREFILL) {
                tell(sequence, SequenceListener::lastChunkStarted);
            }
        }
        meter.stepStarts(plan);
        try {
            forward.run(plan.chunks());
        } finally {
            plan.chunks().forEach(chunk -> chunk.sequence().inStep = false);
            endingWithStep.forEach(this::endNow);
            endingWithStep.clear();
        }
        return meter.stepEnded(clock.nanos().getAsLong() - started);
    }

    @Override
    public void layerDone(List<Chunk<LiveSequence>> chunks, int layer) {
        for (Chunk<LiveSequence> chunk : chunks) {
            LiveSequence sequence = chunk.sequence();
            if (sequence.tellsLayers && layer >= sequence.layersTold) {
                sequence.layersTold = layer + 1;
                tell(sequence, listener -> listener.layerComputed(layer, chunk.from(), chunk.to()));
            }
        }
        commands.accept(this);
        announceReserved(scheduler.reserveWaiting());
    }

    @Override
    public void computed(Chunk<LiveSequence> chunk, MemorySegment logits, int row) {
        LiveSequence sequence = chunk.sequence();
        if (sequence.over) {
            return;
        }
        boolean prefilled = sequence.phase() == Phase.PREFILLING;
        scheduler.computed(chunk);
        if (!chunk.last()) {
            return;
        }
        int index = sequence.generated();
        SampledToken drawn;
        try {
            drawn = sampler.draw(logits, row, index, sequence.sampling);
        } catch (RuntimeException e) {
            stepFailed(sequence, e);
            return;
        }
        sequence.sampling.counts().add(drawn.token());
        boolean filled = scheduler.append(sequence, drawn.token());
        scheduler.record(sequence);
        if (prefilled || filled) {
            tellCached(sequence);
        }
        if (sequence.phase() == Phase.HOLDING) {
            scheduler.expireAt(
                    sequence, clock.wall().millis() + settings.patience().hold().toMillis());
        }
        tell(sequence, listener -> listener.token(index, drawn.token(), drawn.logprob()));
        if (!sequence.over) {
            finishIfOver(sequence, drawn.token());
        }
        forgetIfEnded(sequence);
    }

    private boolean finishIfOver(LiveSequence sequence, int lastToken) {
        Optional<Finish.Reason> reason = sequence.sampling.stopping().after(sequence.generated(), lastToken);
        if (reason.isEmpty()) {
            return false;
        }
        tell(sequence, listener -> listener.finished(reason.get()));
        sequence.over = true;
        if (sequence.goal() != Goal.PREFILL) {
            tellCached(sequence);
            end(sequence);
        }
        return true;
    }

    private void tellCached(LiveSequence sequence) {
        List<BlockHash> chain = scheduler.findable(sequence);
        if (chain.size() > sequence.blocksTold) {
            sequence.blocksTold = chain.size();
            engineListener.cached(chain);
        }
    }

    @Override
    public void stepFailed(LiveSequence sequence, RuntimeException cause) {
        scheduler.distrust(sequence);
        failed(sequence, cause);
    }

    @Override
    public void takeOverFailed(LiveSequence sequence, RuntimeException cause) {
        failed(sequence, cause);
    }

    private void failed(LiveSequence sequence, RuntimeException cause) {
        LOG.log(Level.WARNING, "%s failed in %s".formatted(sequence.key, meter.describeStep()), cause);
        fail(sequence, failure(Failure.Code.ENGINE_FAILED, meter.describeStep() + ": " + cause.getMessage()));
    }

    private void fail(LiveSequence sequence, Failure reason) {
        notices.end(sequence, listener -> listener.failed(reason));
        end(sequence);
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

    private void forgetIfEnded(LiveSequence sequence) {
        if (sequence.phase() == Phase.ENDED) {
            sequences.remove(sequence.key, sequence);
        }
    }

    /** Tells a listener something; one that throws fails its own sequence only. */
    private void tell(LiveSequence sequence, Consumer<SequenceListener> event) {
        notices.tell(sequence, event).ifPresent(thrown -> failed(sequence, thrown));
    }

    /**
     * Tells every sequence that has not ended, and those still to come, why the engine ends. Takes no block back: after a
     * death nothing is known of the pool, and nobody computes in it any more.
     */
    void close(Failure reason) {
        closing = true;
        end = reason;
        commands.accept(this);
        sequences.values().forEach(sequence -> notices.end(sequence, listener -> listener.failed(reason)));
        sequences.clear();
        engineListener.stepEnded(new StepReport(0, 0, 0));
    }

    void checkIntegrity() {
        scheduler.checkIntegrity();
    }
}
