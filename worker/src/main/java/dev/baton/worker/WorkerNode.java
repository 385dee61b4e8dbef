package dev.baton.worker;

import com.google.protobuf.Message;
import dev.baton.cluster.directory.KvDirectories;
import dev.baton.cluster.registry.HeartbeatPublisher;
import dev.baton.cluster.registry.WorkerStates;
import dev.baton.cluster.streams.TokenStreamServer;
import dev.baton.cluster.tls.ClusterTls;
import dev.baton.config.RegistryProperties;
import dev.baton.engine.EngineLoad;
import dev.baton.engine.sampling.Sampler;
import dev.baton.protocol.v1.WorkerState;
import dev.baton.transfer.KvExchange;
import dev.baton.worker.StepFrameBatcher.StepListener;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * A worker's life: model and pool first, then the streams, then a lane; its heartbeat starts last. It ends the other way
 * round: it takes nothing new, lets its sequences finish for a while, and lets go.
 */
final class WorkerNode implements SmartLifecycle {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerNode.class);
    /** The process's exit status when its engine has died. */
    private static final int ENGINE_DIED = 70;
    /** The process's exit status when another worker has its id. */
    private static final int REPLACED = 71;
    /** The process's exit status when its engine or its lane stands still. */
    private static final int HUNG = 72;
    /** Records that it wants before it has claimed one, of all gateways; of each no fewer than {@link #LEAST_CREDIT}. */
    private static final int CREDIT = 64;

    private static final int LEAST_CREDIT = 4;

    /** A worker that stands still for so long is given no work: it is no longer ready, and gateways do not choose it. */
    private static final Duration MOVES_WITHIN = Duration.ofSeconds(10);

    private static final Duration STILL_STEP = Duration.ofSeconds(2);

    private final WorkerRole<?> role;
    private final WorkerContext context;
    private final ModelLoader loader;
    private final LaneSource lanes;
    private final TokenStreamServer streams;
    private final ClusterTls tls;
    private final WorkerStates states;
    private final RegistryProperties registry;
    private final KvDirectories directories;
    private final EngineProperties ends;
    private final WorkerMetrics metrics;
    private final ProcessExit exit;

    /** Read once: it names the machine's boot, and the state is written many times a second. */
    private final String machine;

    private @Nullable ModelRuntime runtime;
    private @Nullable HeartbeatPublisher heartbeat;
    private @Nullable PrefixAdvertiser advertiser;
    private volatile @Nullable LaneKeeper<?> keeper;
    private volatile @Nullable RecordQueue<?> records;
    private volatile @Nullable Watchdog watchdog;
    private volatile @Nullable KvExchange exchange;
    private int tokenPort;
    private volatile boolean draining;
    private volatile boolean running;

    WorkerNode(
            WorkerRole<?> role,
            WorkerContext context,
            ModelLoader loader,
            LaneSource lanes,
            TokenStreamServer streams,
            ClusterTls tls,
            WorkerStates states,
            RegistryProperties registry,
            KvDirectories directories,
            EngineProperties ends,
            WorkerMetrics metrics,
            ProcessExit exit) {
        this.role = role;
        this.context = context;
        this.loader = loader;
        this.lanes = lanes;
        this.streams = streams;
        this.tls = tls;
        this.states = states;
        this.registry = registry;
        this.directories = directories;
        this.ends = ends;
        this.metrics = metrics;
        this.exit = exit;
        this.machine = context.transfers().settings().machine();
    }

    @Override
    public void start() {
        running = true;
        try {
            begin();
        } catch (IOException e) {
            stop();
            throw new IllegalStateException("worker " + identity().id() + " cannot start: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            stop();
            Thread.currentThread().interrupt();
            throw new IllegalStateException("worker " + identity().id() + " was interrupted while starting", e);
        } catch (RuntimeException e) {
            stop();
            throw e;
        }
    }

    private void begin() throws IOException, InterruptedException {
        StepListener steps = new StepListener(context.frames(), metrics, this::died);
        ModelRuntime open = loader.open(role.engine(loader.engine().device()), steps, metrics);
        runtime = open;
        metrics.engine(open.engine());
        PrefixAdvertiser listing = new PrefixAdvertiser(
                directories.of(open.engine().capabilities().fingerprint()),
                identity().ref(),
                metrics);
        listing.start();
        advertiser = listing;
        open.pool().adopted().chains().forEach(listing::cached);
        steps.advertise(listing);
        KvExchange sessions = context.transfers()
                .open(
                        open.pool(),
                        new InetSocketAddress(
                                context.properties().listenAddress(),
                                context.properties().kvPort()),
                        open.namedBlocks());
        exchange = sessions;
        role.start(context, open, sessions);
        tokenPort = streams.start(
                new InetSocketAddress(
                        context.properties().listenAddress(),
                        context.properties().tokenPort()),
                tls);
        LaneKeeper<?> kept = read(role, open, steps);
        heartbeat = new HeartbeatPublisher(states, registry, this::state, this::replaced);
        LOG.info(
                "Worker {} ({}) serves lane {}: tokens on port {}, KV sessions on port {}",
                identity().id(),
                identity().role(),
                kept.lane(),
                tokenPort,
                sessions.port());
    }

    private <T extends Message> LaneKeeper<T> read(WorkerRole<T> of, ModelRuntime open, StepListener steps)
            throws InterruptedException {
        RecordQueue<T> queue = new RecordQueue<>(of, context.claims(), open.engine(), context.frames());
        records = queue;
        steps.whenRoomChanges(queue::roomChanged);
        LaneKeeper<T> kept = lanes.keep(of, queue);
        keeper = kept;
        Duration hungAfter = context.properties().hungAfter();
        watchdog = Watchdog.start(
                () -> OptionalLong.of(open.engine().signsOfLife()),
                hungAfter,
                () -> kept.reading() ? OptionalLong.of(kept.polls()) : OptionalLong.empty(),
                hungAfter.plus(lanes.startTimeout()),
                this::hung);
        return kept;
    }

    private void hung(String what) {
        if (running) {
            LOG.error(
                    "The {} of this worker hangs (baton.worker.hung-after is {}); it ends, to be started again",
                    what,
                    context.properties().hungAfter());
            end(HUNG);
        }
    }

    /** On a thread of its own: the end waits for the engine's, which has yet to fail its sequences. */
    private void end(int status) {
        running = false;
        HeartbeatPublisher publisher = heartbeat;
        if (publisher != null) {
            publisher.publishSoon();
        }
        Thread.ofPlatform().name("worker-end").start(() -> exit.exit(status));
    }

    private void died(Throwable cause) {
        LOG.error("The engine is dead; this worker tells its gateways and ends, to be started again", cause);
        end(ENGINE_DIED);
    }

    private void replaced() {
        if (running) {
            LOG.error(
                    "Another worker with baton.worker.id={} is alive, so that gateways do not find this one, which"
                            + " ends. Give each worker an id of its own",
                    identity().id());
            end(REPLACED);
        }
    }

    /** Alive, at work and reading its lane. */
    boolean ready() {
        Watchdog watching = watchdog;
        return running
                && reading()
                && watching != null
                && watching.engineStill().compareTo(MOVES_WITHIN) < 0
                && watching.laneStill().compareTo(MOVES_WITHIN) < 0;
    }

    private boolean reading() {
        LaneKeeper<?> kept = keeper;
        return kept != null && kept.reading();
    }

    /** The engine has not died, and nothing hangs. */
    boolean alive() {
        return running;
    }

    /** Null before the model is open. */
    @Nullable
    ModelRuntime runtime() {
        return runtime;
    }

    WorkerIdentity identity() {
        return context.identity();
    }

    private WorkerState state() {
        ModelRuntime open = runtime;
        LaneKeeper<?> kept = keeper;
        KvExchange sessions = exchange;
        WorkerState.Builder state = WorkerState.newBuilder()
                .setWorker(identity().ref())
                .setRole(identity().role())
                .setLane(kept == null ? 0 : kept.lane())
                .setHost(context.properties().advertisedHost())
                .setTokenPort(context.properties().tokenPortToTell(tokenPort))
                .setKvPort(sessions == null ? 0 : context.properties().kvPortToTell(sessions.port()))
                .setMachine(machine)
                .setDraining(draining || streams.drained() || !running || !reading())
                .setLeaving(draining || streams.drained());
        if (open != null) {
            EngineLoad load = open.engine().load();
            RecordQueue<?> queue = records;
            RecordQueue.Size waiting = queue == null ? RecordQueue.Size.NONE : queue.size();
            state.setModel(open.engine().capabilities().model())
                    .setModelFingerprint(open.engine().capabilities().fingerprint())
                    .setSamplingVersion(Sampler.VERSION)
                    .setMaxContext(loader.maxContext(open.engine().capabilities()))
                    .setExact(open.engine().capabilities().exact())
                    .setBlockTokens(open.engine().capabilities().layout().blockTokens())
                    .setBlocks(load.blocks())
                    .setFreeBlocks(load.freeBlocks() + load.cachedBlocks())
                    .setQueued(load.queued() + waiting.records())
                    .setRunning(load.running())
                    .setQueuedTokens(load.queuedTokens() + waiting.tokens())
                    .setForLater(load.forLater() + waiting.forLater())
                    .setQueuedTokensForLater(load.queuedTokensForLater() + waiting.tokensForLater())
                    .setPrefillTokensPerSecond(load.prefillTokensPerSecond())
                    .setDecodeTokensPerSecond(load.decodeTokensPerSecond())
                    .setPlaces(load.places())
                    .setOldestClaimMs(waiting.oldestClaim().toMillis())
                    .setCredit(Math.max(LEAST_CREDIT, CREDIT / Math.max(1, streams.gateways())));
        }
        Watchdog watching = watchdog;
        if (watching != null) {
            state.setEngineStillMs(stillToTell(watching.engineStill()))
                    .setLaneStillMs(stillToTell(watching.laneStill()));
        }
        return state.build();
    }

    /** In steps: threads at rest move once a second, and a state at rest stays the same. */
    private static long stillToTell(Duration still) {
        return still.dividedBy(STILL_STEP) * STILL_STEP.toMillis();
    }

    @Override
    public void stop() {
        draining = true;
        running = false;
        Watchdog watching = watchdog;
        if (watching != null) {
            watching.close();
        }
        HeartbeatPublisher publisher = heartbeat;
        if (publisher != null) {
            publisher.publishSoon();
        }
        // Its lane is read on, so that those who send it work meanwhile hear at once that it is declined.
        context.claims().drain();
        awaitDrained();
        LaneKeeper<?> kept = keeper;
        if (kept != null) {
            kept.close();
        }
        RecordQueue<?> queue = records;
        if (queue != null) {
            queue.close();
        }
        if (publisher != null) {
            publisher.close();
        }
        closeExchange();
        if (advertiser != null) {
            advertiser.close();
        }
        if (runtime != null) {
            runtime.close();
        }
        streams.close();
    }

    /** No session touches the pool from here on. */
    private void closeExchange() {
        KvExchange sessions = exchange;
        if (sessions == null) {
            return;
        }
        try {
            sessions.close();
        } catch (IOException e) {
            LOG.warn("KV sessions did not close: {}", e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Gateways take away what others can go on with. Those find its KV here, so it stays a moment longer. */
    private void awaitDrained() {
        int had = role.activeAttempts();
        long end = System.nanoTime() + ends.drain().toNanos();
        try {
            while (role.activeAttempts() > 0 && System.nanoTime() < end) {
                TimeUnit.MILLISECONDS.sleep(20);
            }
            if (role.activeAttempts() > 0) {
                LOG.info(
                        "{} sequences neither finished nor went elsewhere within {} (baton.engine.drain)",
                        role.activeAttempts(),
                        ends.drain());
            } else if (had > 0) {
                LOG.info("{} sequences have finished or gone elsewhere", had);
                TimeUnit.NANOSECONDS.sleep(ends.keepKv().toNanos());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public boolean isRunning() {
        return heartbeat != null && !draining;
    }
}
