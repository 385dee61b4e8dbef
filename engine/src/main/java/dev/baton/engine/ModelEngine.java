package dev.baton.engine;

import static dev.baton.engine.Admission.failure;

import dev.baton.control.fairness.FairShare;
import dev.baton.engine.schedule.Room;
import dev.baton.protocol.v1.Failure;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jctools.queues.atomic.MpscUnboundedAtomicArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * An engine on a thread of its own, which parks when there is nothing to do. The thread owns the model runner from start
 * to end and closes it.
 */
public final class ModelEngine implements Engine {
    private static final Logger LOG = System.getLogger(ModelEngine.class.getName());
    private static final Duration LONGEST_PARK = Duration.ofSeconds(1);
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(30);

    private final CommandQueue commands;
    private final EngineCapabilities capabilities;
    private final EngineListener listener;
    private final EngineClock clock;
    private final EngineLoop loop;
    private final Thread thread;
    private volatile Snapshot snapshot;
    private final AtomicReference<@Nullable CompletableFuture<Void>> check = new AtomicReference<>();
    private volatile boolean closing;
    private volatile boolean parked;

    private ModelEngine(
            EngineSettings settings,
            ModelRunner runner,
            EngineListener listener,
            EngineClock clock,
            PoolMemory memory) {
        ModelShape shape = runner.shape();
        this.capabilities = new EngineCapabilities(
                shape.name(),
                shape.fingerprint(),
                shape.maxContext(),
                shape.layout(),
                shape.exact(),
                true,
                shape.numerics());
        this.commands =
                new CommandQueue(settings.queueCapacity(), shape.layout().blockTokens());
        this.listener = listener;
        this.clock = clock;
        this.loop = new EngineLoop(settings, runner, listener, clock, memory, commands::poll, this::remember);
        this.snapshot = Snapshot.of(loop);
        this.thread = Thread.ofPlatform().name("engine").unstarted(() -> run(runner));
    }

    /**
     * Starts an engine over a model.
     *
     * @param runner owned by the engine from now on, used by its thread only
     */
    public static Engine start(
            EngineSettings settings, ModelRunner runner, EngineListener listener, EngineClock clock) {
        return start(settings, runner, listener, clock, PoolMemory.NONE);
    }

    /**
     * Starts an engine over a model whose pool is remembered by its memory.
     *
     * @param runner owned by the engine from now on, used by its thread only
     */
    public static Engine start(
            EngineSettings settings,
            ModelRunner runner,
            EngineListener listener,
            EngineClock clock,
            PoolMemory memory) {
        ModelEngine engine = new ModelEngine(settings, runner, listener, clock, memory);
        engine.thread.start();
        return engine;
    }

    private void run(ModelRunner runner) {
        Failure end = failure(Failure.Code.SHUTTING_DOWN, "the engine is closing");
        try (runner) {
            try {
                while (!closing) {
                    CompletableFuture<Void> asked = check.getAndSet(null);
                    boolean worked = loop.runOnce();
                    remember();
                    if (asked != null) {
                        answer(asked);
                    } else if (!worked) {
                        park();
                    }
                }
            } catch (RuntimeException | Error e) {
                LOG.log(Level.ERROR, "the engine has died", e);
                end = failure(Failure.Code.ENGINE_FAILED, "the engine has died: " + e.getMessage());
                closing = true;
                tellDeath(e);
            }
            loop.close(end);
        } finally {
            commands.end(loop::handle);
            CompletableFuture<Void> asked = check.getAndSet(null);
            if (asked != null) {
                asked.completeExceptionally(new IllegalStateException("the engine has ended"));
            }
        }
    }

    private void tellDeath(Throwable cause) {
        try {
            listener.died(cause);
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "the listener of the engine's death threw", e);
        }
    }

    private void park() {
        parked = true;
        if (commands.isEmpty() && check.get() == null && !closing) {
            long millis = Math.min(loop.nextExpiry() - clock.wall().millis(), LONGEST_PARK.toMillis());
            LockSupport.parkNanos(this, TimeUnit.MILLISECONDS.toNanos(Math.max(millis, 0)));
        }
        parked = false;
    }

    @Override
    public FairShare shares() {
        return loop.shares();
    }

    @Override
    public EngineCapabilities capabilities() {
        return capabilities;
    }

    /** What other threads see of the loop. */
    private record Snapshot(EngineLoad load, Room room, int admitted, int admittedBlocks) {
        static Snapshot of(EngineLoop loop) {
            return new Snapshot(loop.load(), loop.room(), loop.admitted(), loop.admittedBlocks());
        }
    }

    private void remember() {
        snapshot = Snapshot.of(loop);
    }

    @Override
    public EngineLoad load() {
        return snapshot.load();
    }

    @Override
    public long signsOfLife() {
        return loop.signsOfLife();
    }

    @Override
    public Room room() {
        Snapshot seen = snapshot; // read first: what is offered meanwhile counts twice rather than not at all
        return seen.room().less(commands.offered() - seen.admitted(), commands.offeredBlocks() - seen.admittedBlocks());
    }

    @Override
    public boolean submit(EngineCommand command) {
        if (closing || !commands.offer(command)) {
            return false;
        }
        wake();
        return true;
    }

    private void wake() {
        if (parked) {
            LockSupport.unpark(thread);
        }
    }

    @Override
    public void checkIntegrity(Duration limit) {
        if (closing) {
            throw new IllegalStateException("the engine is closing");
        }
        CompletableFuture<Void> mine = new CompletableFuture<>();
        CompletableFuture<Void> waiting = check.compareAndExchange(null, mine);
        CompletableFuture<Void> checked = waiting != null ? waiting : mine;
        wake();
        try {
            checked.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw new IllegalStateException(
                    e.getCause() == null ? "" : e.getCause().getMessage(), e);
        } catch (TimeoutException e) {
            throw new IllegalStateException("the engine has not answered within " + limit, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the pool was checked", e);
        }
    }

    /** What was submitted before the check was asked for has been handled. */
    private void answer(CompletableFuture<Void> asked) {
        try {
            loop.checkIntegrity();
            asked.complete(null);
        } catch (RuntimeException e) {
            asked.completeExceptionally(e);
        }
    }

    @Override
    public void close() {
        closing = true;
        LockSupport.unpark(thread);
        try {
            if (!thread.join(CLOSE_LIMIT)) {
                throw new IllegalStateException("the engine thread has not ended within " + CLOSE_LIMIT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Commands on their way to the engine thread. Each that was taken is answered once: by the thread that polls, or, when it
     * slipped in while that thread ended, by the thread that brought it. Only admissions can be refused: a sequence that was
     * taken brings a few commands more, which must not get lost, since its blocks would leak or it would run on.
     */
    static final class CommandQueue {
        private static final int SEGMENT = 256;

        private final Queue<EngineCommand> commands = new MpscUnboundedAtomicArrayQueue<>(SEGMENT);
        private final int mostAdmissions;
        private final int blockTokens;
        private final AtomicInteger admissions = new AtomicInteger();
        private final AtomicInteger offered = new AtomicInteger();
        private final AtomicInteger offeredBlocks = new AtomicInteger();
        private volatile @Nullable Consumer<EngineCommand> late;

        CommandQueue(int mostAdmissions, int blockTokens) {
            this.mostAdmissions = mostAdmissions;
            this.blockTokens = blockTokens;
        }

        /** Admissions since the start, polled or not; wraps around. */
        int offered() {
            return offered.get();
        }

        /** The blocks that these begin with; wraps around. */
        int offeredBlocks() {
            return offeredBlocks.get();
        }

        /** False for an admission when as many wait as may: nothing was taken. */
        boolean offer(EngineCommand command) {
            if (command instanceof EngineCommand.Admit admit) {
                if (admissions.incrementAndGet() > mostAdmissions) {
                    admissions.decrementAndGet();
                    return false;
                }
                offeredBlocks.addAndGet(Room.blocksOf(admit.generation(), blockTokens));
                offered.incrementAndGet();
            }
            commands.add(command);
            answerLate();
            return true;
        }

        boolean isEmpty() {
            return commands.isEmpty();
        }

        /** For the engine thread only, as long as it has not {@linkplain #end ended}. Null when there is no command. */
        @Nullable
        EngineCommand poll() {
            EngineCommand command = commands.poll();
            if (command instanceof EngineCommand.Admit) {
                admissions.decrementAndGet();
            }
            return command;
        }

        /** The engine thread polls no more: it answers what is still here, and others what comes later. */
        void end(Consumer<EngineCommand> answer) {
            late = answer;
            answerLate();
        }

        private void answerLate() {
            Consumer<EngineCommand> answer = late;
            if (answer != null) {
                synchronized (this) {
                    for (EngineCommand command = poll(); command != null; command = poll()) {
                        answer.accept(command);
                    }
                }
            }
        }
    }
}
