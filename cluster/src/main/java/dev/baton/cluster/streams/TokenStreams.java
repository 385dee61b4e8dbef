package dev.baton.cluster.streams;

import dev.baton.cluster.tls.ClusterTls;
import dev.baton.config.ClusterProperties;
import dev.baton.config.StreamProperties;
import dev.baton.protocol.v1.Acknowledge;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Cancel;
import dev.baton.protocol.v1.Drain;
import dev.baton.protocol.v1.GatewayMessage;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.Resume;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import io.grpc.ManagedChannel;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * The gateway's side: one stream to each listed worker, for as long as the worker is listed or its stream is up. Calls
 * return at once; the listener is called on the one thread that owns the links. A worker with work of this gateway is pinged
 * often, another one now and then.
 */
public final class TokenStreams implements AutoCloseable {
    private final StreamProperties settings;
    private final GatewayRef gateway;
    private final StreamHandshake handshake;
    private final Dialler dialler;
    private final StreamListener listener;
    private final StreamMetrics metrics;
    private final StreamLoop owner;
    private final Map<String, WorkerLink> links = new HashMap<>();
    private final Map<WorkerRef, WorkerState> live = new ConcurrentHashMap<>();
    private final PeerClocks clocks = new PeerClocks();
    private final UnheardCancels cancels = new UnheardCancels();
    /** Routes of this gateway's requests that each worker is on, by its id. */
    private final Map<String, Integer> work = new HashMap<>();

    private int planned;
    private long tickDue;
    private volatile boolean atRest;

    /**
     * @param gateway this gateway, in this life
     */
    public TokenStreams(
            GatewayRef gateway,
            ClusterProperties cluster,
            ClusterTls tls,
            StreamProperties settings,
            StreamListener listener,
            StreamMetrics metrics) {
        this(
                gateway,
                cluster,
                (host, port) -> TokenStreamMethod.channel(host, port, tls, settings.connectTimeout()),
                settings,
                listener,
                metrics,
                new EventLoop("token-streams"));
    }

    /** With a thread, a time and connections of the caller's. */
    TokenStreams(
            GatewayRef gateway,
            ClusterProperties cluster,
            Dialler dialler,
            StreamProperties settings,
            StreamListener listener,
            StreamMetrics metrics,
            StreamLoop owner) {
        this.settings = settings;
        this.gateway = gateway;
        this.handshake = new StreamHandshake(cluster);
        this.owner = owner;
        this.dialler = dialler;
        this.listener = listener;
        this.metrics = metrics;
        owner.execute(() -> tickIn(settings.pingEvery()));
    }

    /** Makes a connection, which connects with its first call. */
    interface Dialler {
        /** @throws IllegalStateException when the certificates of the moment cannot be used */
        ManagedChannel dial(String host, int port);
    }

    /** The workers that the registry lists now. */
    public void listed(List<WorkerState> workers) {
        owner.execute(() -> apply(workers));
    }

    /** Whether the worker answers in this life. Any thread. */
    public boolean live(WorkerRef worker) {
        return live.containsKey(worker);
    }

    /**
     * The workers that answer, as the registry listed them last. One that it lists no more stays while its stream is up:
     * a Redis that was emptied, or refuses writes, ends no worker. Any thread.
     */
    public List<WorkerState> workers() {
        return List.copyOf(live.values());
    }

    /** How far the worker's clock is ahead, and the round trip to it; empty before a ping has come back. Any thread. */
    public Optional<PeerClocks.Reading> clock(WorkerRef worker) {
        return clocks.of(worker);
    }

    /** Microseconds that the worker's clock is ahead; 0 while that is not known. Any thread. */
    public long aheadUs(WorkerRef worker) {
        return clock(worker).map(PeerClocks.Reading::aheadUs).orElse(0L);
    }

    /** Whether nothing that concerns this gateway goes on: each listed worker answers and has no work of it. Any thread. */
    public boolean atRest() {
        return atRest;
    }

    /** Something of this gateway is given to the workers: until {@link #ended} their silence is noticed soon. Any thread. */
    public void begun(List<WorkerRef> workers) {
        owner.execute(() -> {
            for (WorkerRef worker : workers) {
                if (work.merge(worker.getId(), 1, Integer::sum) == 1) {
                    works(worker.getId(), true);
                }
            }
            if (tickDue - owner.nanoTime() > settings.pingEvery().toNanos()) {
                tickIn(settings.pingEvery());
            }
        });
    }

    /** What was {@link #begun} with the workers is over. Any thread. */
    public void ended(List<WorkerRef> workers) {
        owner.execute(() -> {
            for (WorkerRef worker : workers) {
                if (work.computeIfPresent(worker.getId(), (id, routes) -> routes == 1 ? null : routes - 1) == null) {
                    works(worker.getId(), false);
                }
            }
        });
    }

    private void works(String id, boolean now) {
        WorkerLink link = links.get(id);
        if (link != null) {
            link.works(now);
        }
        atRest = atRest && !now;
    }

    /** Asks the worker to take nothing new, or to take work again. False when it does not answer, and is not asked. */
    public boolean drain(WorkerRef worker, boolean draining) {
        if (!live(worker)) {
            return false;
        }
        send(
                worker,
                GatewayMessage.newBuilder()
                        .setDrain(Drain.newBuilder().setDraining(draining))
                        .build());
        return true;
    }

    /** Tells the worker to drop the attempt. Not sent when the worker is not up in this life. */
    public void cancel(WorkerRef worker, String requestId, Attempt attempt) {
        send(
                worker,
                GatewayMessage.newBuilder()
                        .setCancel(Cancel.newBuilder().setRequestId(requestId).setAttempt(attempt))
                        .build());
    }

    /** Asks for all from {@code nextIndex} on. Answered by progress, or by a failure UNKNOWN_REQUEST. */
    public void resume(WorkerRef worker, String requestId, Attempt attempt, int nextIndex) {
        send(
                worker,
                GatewayMessage.newBuilder()
                        .setResume(Resume.newBuilder()
                                .setRequestId(requestId)
                                .setAttempt(attempt)
                                .setNextIndex(nextIndex))
                        .build());
    }

    /** Lets the worker forget all below {@code nextIndex}. */
    public void acknowledge(WorkerRef worker, String requestId, Attempt attempt, int nextIndex) {
        send(
                worker,
                GatewayMessage.newBuilder()
                        .setAcknowledge(Acknowledge.newBuilder()
                                .setRequestId(requestId)
                                .setAttempt(attempt)
                                .setNextIndex(nextIndex))
                        .build());
    }

    /** Workers that something is given to, as this gateway counts it. Owner's thread. */
    int held() {
        return work.size();
    }

    @Override
    public void close() {
        owner.execute(() -> {
            links.values().forEach(WorkerLink::close);
            links.clear();
            live.clear();
        });
        owner.close();
    }

    static long micros(InstantSource clock) {
        return ChronoUnit.MICROS.between(Instant.EPOCH, clock.instant());
    }

    private void send(WorkerRef worker, GatewayMessage message) {
        owner.execute(() -> {
            WorkerLink link = links.get(worker.getId());
            if (link != null) {
                link.send(worker, message);
            } else if (message.hasCancel()) {
                cancels.sent(worker, message, micros(owner.clock()));
            }
        });
    }

    private void apply(List<WorkerState> workers) {
        Map<String, WorkerState> byId = workers.stream()
                .collect(Collectors.toMap(state -> state.getWorker().getId(), state -> state, (one, other) -> other));
        byId.forEach((id, state) -> {
            WorkerLink link = links.get(id);
            if (link == null) {
                WorkerLink fresh = new WorkerLink(
                        state, gateway, handshake, dialler, settings, owner, live, clocks, cancels, listener, metrics);
                links.put(id, fresh);
                fresh.works(work.containsKey(id));
                fresh.open();
            } else {
                link.listed(state);
            }
        });
        Iterator<Map.Entry<String, WorkerLink>> all = links.entrySet().iterator();
        while (all.hasNext()) {
            Map.Entry<String, WorkerLink> entry = all.next();
            if (!byId.containsKey(entry.getKey())) {
                entry.getValue().listed(null);
                if (entry.getValue().over()) {
                    entry.getValue().close();
                    all.remove();
                }
            }
        }
    }

    private void tick() {
        long now = owner.nanoTime();
        boolean slept = now - tickDue + settings.pingEvery().toNanos()
                > settings.suspectAfter().toNanos();
        if (slept) {
            links.values().forEach(link -> link.resetSilence(now));
        }
        long micros = micros(owner.clock());
        links.values().forEach(link -> link.tick(now, micros));
        boolean watched = links.values().stream().anyMatch(WorkerLink::watched);
        atRest = work.isEmpty() && !links.isEmpty() && links.values().stream().allMatch(WorkerLink::up);
        tickIn(watched ? settings.pingEvery() : settings.idlePingEvery());
    }

    /** The next tick, instead of the one that was planned. */
    private void tickIn(Duration pause) {
        int mine = ++planned;
        tickDue = owner.nanoTime() + pause.toNanos();
        owner.later(pause, () -> {
            if (mine == planned) {
                tick();
            }
        });
    }
}
