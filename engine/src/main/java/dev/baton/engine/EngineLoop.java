package dev.baton.engine;

import static dev.baton.engine.Admission.failure;

import dev.baton.control.fairness.FairShare;
import dev.baton.engine.Admission.Verdict;
import dev.baton.engine.EngineCommand.Admit;
import dev.baton.engine.EngineCommand.Cancel;
import dev.baton.engine.EngineCommand.Hold;
import dev.baton.engine.EngineCommand.KvArrived;
import dev.baton.engine.EngineCommand.LetGo;
import dev.baton.engine.EngineCommand.Release;
import dev.baton.engine.EngineListener.StepReport;
import dev.baton.engine.LiveSequences.LiveSequence;
import dev.baton.engine.sampling.ConstraintException;
import dev.baton.engine.schedule.Goal;
import dev.baton.engine.schedule.Phase;
import dev.baton.engine.schedule.Room;
import dev.baton.engine.schedule.ScheduleSettings;
import dev.baton.engine.schedule.Scheduler;
import dev.baton.engine.schedule.StepPlan;
import dev.baton.kv.BlockHash;
import dev.baton.kv.BlockPool;
import dev.baton.kv.BlockState;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The work of the engine thread, iteration by iteration: take commands, let the scheduler decide, compute the step. Has no
 * thread of its own; all calls come from one.
 *
 * <p>Commands are taken between iterations and, while the model runs, between layers.
 */
final class EngineLoop {
    private static final Logger LOG = System.getLogger(EngineLoop.class.getName());
    private static final StepReport NO_ROWS = new StepReport(0, 0, 0);

    private final EngineSettings settings;
    private final ModelRunner runner;
    private final EngineListener engineListener;
    private final EngineClock clock;
    private final Supplier<@Nullable EngineCommand> commands;
    private final Admission admission;
    private final BlockPool pool;
    private final Scheduler<LiveSequence> scheduler;
    private final LiveSequences sequences;
    private final EngineStep step;
    private final PromisedBlocks promised;
    private final StepMeter meter = new StepMeter();
    private final Runnable loadChanged;
    private final AtomicLong signsOfLife = new AtomicLong();
    private boolean closing;
    private long turns;
    private int admitted;
    private int admittedBlocks;
    private Failure end = failure(Failure.Code.SHUTTING_DOWN, "the engine is closing");

    /**
     * @param commands the next one that has come in, null when there is none; does not wait
     * @param loadChanged called when {@link #load} and {@link #room} have new answers, before listeners hear why
     */
    EngineLoop(
            EngineSettings settings,
            ModelRunner runner,
            EngineListener engineListener,
            EngineClock clock,
            PoolMemory memory,
            Supplier<@Nullable EngineCommand> commands,
            Runnable loadChanged) {
        this.settings = settings;
        this.runner = runner;
        this.engineListener = engineListener;
        this.clock = clock;
        this.commands = commands;
        this.loadChanged = loadChanged;
        ModelShape shape = runner.shape();
        this.admission = new Admission(settings, shape);
        this.pool = new BlockPool(shape.layout().blocks());
        this.scheduler = new Scheduler<>(
                pool,
                new ScheduleSettings(
                        settings.maxSequences(),
                        settings.stepTokens(),
                        shape.layout().blockTokens(),
                        shape.layout().window()),
                memory.ledger(),
                memory.verifyHits());
        memory.adopted().restoreInto(pool);
        this.promised = new PromisedBlocks(pool, settings.patience().keep());
        this.sequences = new LiveSequences(scheduler, engineListener, meter);
        this.step = new EngineStep(settings, runner, clock, scheduler, sequences, meter, this::betweenLayers);
    }

    /** One iteration. False when there was nothing to do: nothing will happen until a command comes or a deadline passes. */
    boolean runOnce() {
        turns++;
        boolean commanded = takeCommands();
        expire();
        promised.expire(clock.wall().millis());
        StepPlan<LiveSequence> plan = scheduler.plan();
        while (plan.onlyPreempts() || (plan.isEmpty() && scheduler.stalled() && promised.giveUpOldestLease())) {
            plan = scheduler.plan();
        }
        sequences.stepStarts(plan.chunks());
        loadChanged.run();
        announce(plan);
        sequences.tellWaiting(clock.wall().millis());
        StepReport report = plan.isEmpty() ? NO_ROWS : step.run(plan);
        List<BlockHash> evicted = pool.drainEvicted();
        if (!evicted.isEmpty()) {
            engineListener.evicted(evicted);
        }
        int dropped = scheduler.takeDropped();
        if (dropped > 0) {
            engineListener.dropped(dropped);
        }
        boolean worked = sequences.takeTold() || !plan.isEmpty();
        if (worked || commanded) {
            loadChanged.run();
            engineListener.roomChanged();
        }
        if (worked) {
            engineListener.stepEnded(report);
        }
        return worked;
    }

    /** Any thread. */
    long signsOfLife() {
        return signsOfLife.get();
    }

    /** Whether there were any. */
    private boolean takeCommands() {
        signsOfLife.incrementAndGet();
        boolean any = false;
        for (EngineCommand command = commands.get(); command != null; command = commands.get()) {
            handle(command);
            any = true;
        }
        return any;
    }

    private void betweenLayers() {
        takeCommands();
        List<LiveSequence> reserved = scheduler.reserveWaiting();
        if (!reserved.isEmpty()) {
            loadChanged.run();
            announceReserved(reserved);
        }
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
                scheduler.forLater(),
                scheduler.uncomputedTokensForLater(),
                pool.count(BlockState.FREE),
                pool.count(BlockState.CACHED),
                pool.blocks(),
                meter.prefillTokensPerSecond(),
                meter.decodeTokensPerSecond(),
                scheduler.places(),
                meter.steps(),
                turns,
                pool.forecast());
    }

    FairShare shares() {
        return scheduler.shares();
    }

    /** Without admissions that were not looked at. */
    Room room() {
        return scheduler.room();
    }

    /** Admissions that were looked at since the start, taken or not; wraps around. */
    int admitted() {
        return admitted;
    }

    /** The blocks that these begin with; wraps around. */
    int admittedBlocks() {
        return admittedBlocks;
    }

    /** Once closed, refuses what is to be admitted: every other sequence has ended. */
    void handle(EngineCommand command) {
        if (closing) {
            switch (command) {
                case Admit admit -> refuse(admit, end);
                case Hold hold -> hold.held().accept(new int[0]);
                case KvArrived over -> {}
                case Cancel over -> {}
                case Release over -> {}
                case LetGo over -> {}
            }
            return;
        }
        switch (command) {
            case EngineCommand.OfSequence ofOne -> handle(ofOne, sequences.find(ofOne.key()));
            case Hold hold -> promised.hold(hold);
            case LetGo letGo -> promised.letGo(letGo);
        }
    }

    private void handle(EngineCommand.OfSequence command, @Nullable LiveSequence known) {
        switch (command) {
            case Admit admit -> admit(admit, known != null);
            case KvArrived arrived -> {
                if (known != null && known.phase() == Phase.RESERVED && !known.over) {
                    arrived(known, arrived);
                }
            }
            case Cancel cancel -> {
                if (known != null) {
                    sequences.fail(known, cancel.reason());
                }
            }
            case Release released -> {
                if (known != null) {
                    if (known.phase() == Phase.HOLDING && !known.over) {
                        promised.keep(
                                known.key.toString(),
                                scheduler.findable(known),
                                clock.wall().millis());
                    }
                    sequences.release(known);
                }
            }
        }
    }

    private void refuse(Admit admit, Failure reason) {
        sequences.tellEnd(admit.key(), admit.listener(), listener -> listener.failed(reason));
    }

    private void admit(Admit admit, boolean taken) {
        admitted++;
        admittedBlocks +=
                Room.blocksOf(admit.generation(), runner.shape().layout().blockTokens());
        Verdict verdict = taken
                ? new Verdict.Refused(failure(Failure.Code.BAD_REQUEST, "%s is here already".formatted(admit.key())))
                : judge(admit);
        switch (verdict) {
            case Verdict.Refused(Failure failure) -> refuse(admit, failure);
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
            sequences.tellEnd(sequence, listener -> listener.finished(done.get()));
        } else if (!scheduler.fits(sequence)) {
            Failure tooLong = failure(
                    Failure.Code.NO_CAPACITY,
                    "%d tokens do not fit into a KV pool of %d blocks: enlarge the pool"
                            .formatted(sequence.length(), pool.blocks()));
            sequences.tellEnd(sequence, listener -> listener.failed(tooLong));
        } else {
            sequences.add(sequence);
        }
    }

    private void arrived(LiveSequence sequence, KvArrived arrived) {
        int firstToken = arrived.firstToken();
        if (firstToken < KvArrived.NO_TOKEN || firstToken >= runner.shape().vocab()) {
            sequences.fail(
                    sequence,
                    failure(Failure.Code.TRANSFER_FAILED, "first token %d is no token".formatted(firstToken)));
            return;
        }
        try {
            runner.arrived(sequence.reserved());
        } catch (RuntimeException e) {
            sequences.failed(sequence, e);
            return;
        }
        boolean whole = firstToken != KvArrived.NO_TOKEN && arrived.tokens() >= sequence.length();
        if (!whole || sequence.goal().handsOver()) {
            scheduler.arrivedInPart(sequence, arrived.tokens());
            prefillStarts(sequence, sequence.computed());
            return;
        }
        try {
            sequence.sampling.add(firstToken);
        } catch (ConstraintException e) {
            sequences.fail(sequence, failure(Failure.Code.BAD_REQUEST, String.valueOf(e.getMessage())));
            return;
        }
        scheduler.arrived(sequence, firstToken);
        if (!sequences.finishIfOver(sequence, firstToken)) {
            sequences.tell(sequence, SequenceListener::decodeStarted);
        }
    }

    private void expire() {
        for (LiveSequence sequence : scheduler.takeExpired(clock.wall().millis())) {
            String message = sequence.phase() == Phase.HOLDING
                    ? "computed blocks waited for their reader longer than the engine's hold limit of %s"
                            .formatted(settings.patience().hold())
                    : "the deadline passed while the sequence was " + sequence.phase();
            sequences.fail(sequence, failure(Failure.Code.DEADLINE_EXCEEDED, message));
        }
    }

    private void announce(StepPlan<LiveSequence> plan) {
        for (LiveSequence sequence : plan.stuck()) {
            sequences.fail(
                    sequence,
                    failure(
                            Failure.Code.NO_CAPACITY,
                            "token %d needs more than the whole KV pool of %d blocks: enlarge the pool"
                                    .formatted(sequence.length(), pool.blocks())));
        }
        announceReserved(plan.reserved());
        for (LiveSequence sequence : plan.started()) {
            if (sequence.prefillTold || sequence.goal() == Goal.DECODE) {
                sequence.tellsLayers = false;
            } else {
                prefillStarts(sequence, sequence.cachedTokens());
            }
        }
    }

    /** @param inPlace tokens whose KV is there already */
    private void prefillStarts(LiveSequence sequence, int inPlace) {
        sequence.prefillTold = true;
        sequence.tellsLayers = sequence.goal() != Goal.DECODE;
        sequences.tell(
                sequence, listener -> listener.prefillStarted(sequence.table().toArray(), inPlace));
    }

    private void announceReserved(List<LiveSequence> reserved) {
        for (LiveSequence sequence : reserved) {
            sequences.tell(
                    sequence, listener -> listener.reserved(sequence.table().toArray(), sequence.cachedTokens()));
        }
    }

    /**
     * Tells every sequence that has not ended, and those still to come, why the engine ends. Takes no block back: after a
     * death the pool's state is unknown, and nothing computes in it any more.
     */
    void close(Failure reason) {
        closing = true;
        end = reason;
        takeCommands();
        sequences.close(reason);
        engineListener.stepEnded(NO_ROWS);
    }

    void checkIntegrity() {
        scheduler.checkIntegrity();
    }
}
