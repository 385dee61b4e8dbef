package dev.baton.worker;

import com.google.protobuf.Message;
import dev.baton.cluster.directory.KvDirectories;
import dev.baton.cluster.lanes.LaneConsumerFactory;
import dev.baton.cluster.lanes.LaneProducer;
import dev.baton.cluster.leases.LaneLease;
import dev.baton.cluster.leases.LaneLeases;
import dev.baton.cluster.registry.HeartbeatPublisher;
import dev.baton.cluster.registry.WorkerStates;
import dev.baton.cluster.requests.RequestStates;
import dev.baton.cluster.streams.StreamMetrics;
import dev.baton.cluster.streams.TokenStreamServer;
import dev.baton.engine.EngineCapabilities;
import dev.baton.engine.EngineLoad;
import dev.baton.engine.EngineSettings;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Welcome;
import dev.baton.protocol.v1.WorkerState;
import dev.baton.transfer.TransferSettings;
import dev.baton.transfer.pool.HostId;
import dev.baton.transfer.pool.LocalPools;
import dev.baton.transfer.session.Secret;
import dev.baton.transfer.session.SessionLimits;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
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
    private static final Duration LANE_LIMIT = Duration.ofSeconds(30);

    /** The process's exit status when its engine has died. */
    private static final int ENGINE_DIED = 70;

    private final WorkerRole role;
    private final NodeSettings settings;
    private final Cluster cluster;
    private final WorkerMetrics metrics;
    private final ProcessExit exit;
    private final WorkerIdentity identity;

    /** Read once: it names the machine's boot, and the state is written many times a second. */
    private final String machine = HostId.id();

    private @Nullable ModelRuntime room;
    private @Nullable TokenStreamServer streams;
    private @Nullable Duty<?> duty;
    private @Nullable HeartbeatPublisher heartbeats;
    private @Nullable CommandBacklog commands;
    private @Nullable PrefixAdvertiser advertiser;
    private @Nullable KvRestorer restorer;
    private volatile @Nullable LaneKeeper<?> keeper;
    private int tokenPort;
    private volatile boolean draining;
    private volatile boolean running;

    WorkerNode(WorkerRole role, NodeSettings settings, Cluster cluster, WorkerMetrics metrics, ProcessExit exit) {
        this.role = role;
        this.settings = settings;
        this.cluster = cluster;
        this.metrics = metrics;
        this.exit = exit;
        this.identity = WorkerIdentity.born(settings.worker().id(), role.role());
    }

    /** What it reaches the others with. */
    record Cluster(
            RequestStates requests,
            WorkerStates states,
            LaneLeases leases,
            LaneProducer producer,
            LaneConsumerFactory consumers,
            StreamMetrics streamMetrics,
            KvDirectories directories) {}

    @Override
    public void start() {
        running = true;
        try {
            begin();
        } catch (IOException e) {
            stop();
            throw new IllegalStateException("worker " + identity.id() + " cannot start: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            stop();
            Thread.currentThread().interrupt();
            throw new IllegalStateException("worker " + identity.id() + " was interrupted while starting", e);
        } catch (RuntimeException e) {
            stop();
            throw e;
        }
    }

    private void begin() throws IOException, InterruptedException {
        TokenStreamServer server = new TokenStreamServer(
                Welcome.newBuilder()
                        .setWorker(identity.ref())
                        .setRole(identity.role())
                        .build(),
                settings.cluster().secret(),
                settings.stream(),
                this::cancel,
                cluster.streamMetrics());
        streams = server;
        StepFrameBatcher frames = new StepFrameBatcher(settings.clock(), server);
        StepPublisher heartbeat = new StepPublisher(frames, metrics, this::died);
        ModelRuntime open = ModelRuntime.open(identity, settings, engineSettings(), heartbeat);
        room = open;
        metrics.engine(open.engine());
        PrefixAdvertiser listing = new PrefixAdvertiser(
                cluster.directories().of(open.engine().capabilities().fingerprint()), identity.ref(), metrics);
        listing.start();
        advertiser = listing;
        heartbeat.listIn(listing);
        KvRestorer found = new KvRestorer(
                new LocalPools(open.pool()),
                open.engine().capabilities().fingerprint(),
                open.engine().capabilities().layout().blockTokens(),
                metrics);
        restorer = found;
        CommandBacklog sure = new CommandBacklog(open.engine());
        commands = sure;
        WorkerContext context = new WorkerContext(
                identity,
                new WorkerContext.Compute(open.engine(), open.pool(), found, sure),
                new WorkerContext.Reports(
                        new Claims(cluster.requests(), identity.ref(), settings.clock()), cluster.producer(), frames),
                new WorkerContext.Transfers(
                        transferSettings(), metrics, settings.transfer().arriveWithin()),
                settings.worker());
        Duty<?> begun = role.begin(context);
        duty = begun;
        tokenPort = server.start(new InetSocketAddress(
                settings.worker().listenAddress(), settings.worker().tokenPort()));
        LaneKeeper<?> kept = keepLane(begun);
        keeper = kept;
        heartbeats = new HeartbeatPublisher(cluster.states(), settings.registry(), this::state);
        LOG.info(
                "Worker {} ({}) serves lane {}: tokens on port {}, KV sessions on port {}",
                identity.id(),
                identity.role(),
                kept.lane(),
                tokenPort,
                begun.kvPort());
    }

    private EngineSettings engineSettings() {
        EngineProperties group = settings.engine();
        EngineSettings base = role.engine(group.device());
        return new EngineSettings(
                base.role(),
                group.maxSequences() > 0 ? group.maxSequences() : base.maxSequences(),
                group.stepTokens() > 0 ? group.stepTokens() : base.stepTokens(),
                base.queueCapacity(),
                base.patience());
    }

    private TransferSettings transferSettings() {
        return new TransferSettings(
                new Secret(settings.cluster().secret()),
                machine,
                settings.transfer().transport(),
                true,
                settings.transfer().ticketWithin(),
                SessionLimits.defaults());
    }

    private LaneLease lease() throws InterruptedException {
        return cluster.leases()
                .take(
                        role.topic(),
                        settings.lanes().count(),
                        identity.ref(),
                        settings.worker().lane(),
                        LANE_LIMIT);
    }

    private <T extends Message> LaneKeeper<T> keepLane(Duty<T> reader) throws InterruptedException {
        return new LaneKeeper<>(this::lease, lease -> cluster.consumers().open(lease, reader.parser(), reader::take));
    }

    private void cancel(String requestId, Attempt attempt) {
        Duty<?> current = duty;
        if (current != null) {
            current.cancel(requestId, attempt);
        }
    }

    private void died(Throwable cause) {
        LOG.error("The engine is dead; this worker tells its gateways and ends, to be started anew", cause);
        running = false;
        HeartbeatPublisher publisher = heartbeats;
        if (publisher != null) {
            publisher.publishSoon();
        }
        // A thread of its own: the end waits for the engine's, which has yet to fail its sequences.
        Thread.ofPlatform().name("worker-end").start(() -> exit.exit(ENGINE_DIED));
    }

    /** Alive and reading its lane. */
    boolean ready() {
        return running && reading();
    }

    private boolean reading() {
        LaneKeeper<?> kept = keeper;
        return kept != null && kept.reading();
    }

    /** The engine has not died. */
    boolean alive() {
        return running;
    }

    @Nullable
    ModelRuntime room() {
        return room;
    }

    WorkerIdentity identity() {
        return identity;
    }

    private WorkerState state() {
        ModelRuntime open = room;
        Duty<?> current = duty;
        LaneKeeper<?> kept = keeper;
        WorkerState.Builder state = WorkerState.newBuilder()
                .setWorker(identity.ref())
                .setRole(identity.role())
                .setLane(kept == null ? 0 : kept.lane())
                .setHost(settings.worker().advertisedHost())
                .setTokenPort(tokenPort)
                .setKvPort(current == null ? 0 : current.kvPort())
                .setMachine(machine)
                .setDraining(draining || !running || !reading());
        if (open != null) {
            EngineLoad load = open.engine().load();
            state.setModel(open.engine().capabilities().model())
                    .setModelFingerprint(open.engine().capabilities().fingerprint())
                    .setMaxContext(maxContext(open))
                    .setExact(open.engine().capabilities().exact())
                    .setBlockTokens(open.engine().capabilities().layout().blockTokens())
                    .setBlocks(load.blocks())
                    .setFreeBlocks(load.freeBlocks() + load.cachedBlocks())
                    .setQueued(load.queued())
                    .setRunning(load.running())
                    .setQueuedTokens(load.queuedTokens())
                    .setPrefillTokensPerSecond(load.prefillTokensPerSecond());
        }
        return state.build();
    }

    /** The longest sequence that it can hold: no more than the model knows, the operator allows, or the pool has blocks for. */
    private int maxContext(ModelRuntime open) {
        EngineCapabilities able = open.engine().capabilities();
        long pool = (long) able.layout().blocks() * able.layout().blockTokens();
        int longest = (int) Math.min(able.maxContext(), pool);
        int allowed = settings.model().maxContext();
        return allowed > 0 ? Math.min(allowed, longest) : longest;
    }

    @Override
    public void stop() {
        draining = true;
        running = false;
        HeartbeatPublisher publisher = heartbeats;
        if (publisher != null) {
            publisher.publishSoon();
        }
        LaneKeeper<?> kept = keeper;
        if (kept != null) {
            kept.stopReading();
        }
        awaitDrained();
        if (kept != null) {
            kept.close();
        }
        if (publisher != null) {
            publisher.close();
        }
        if (duty != null) {
            duty.close();
        }
        if (commands != null) {
            commands.close();
        }
        if (advertiser != null) {
            advertiser.close();
        }
        if (restorer != null) {
            restorer.close();
        }
        if (room != null) {
            room.close();
        }
        if (streams != null) {
            streams.close();
        }
    }

    private void awaitDrained() {
        Duty<?> current = duty;
        long end = System.nanoTime() + settings.engine().drain().toNanos();
        try {
            while (current != null && current.underWay() > 0 && System.nanoTime() < end) {
                TimeUnit.MILLISECONDS.sleep(20);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (current != null && current.underWay() > 0) {
            LOG.info(
                    "{} sequences did not finish within {}; their gateways send them elsewhere",
                    current.underWay(),
                    settings.engine().drain());
        }
    }

    @Override
    public boolean isRunning() {
        return heartbeats != null && !draining;
    }
}
