package dev.baton.gateway.dispatch;

import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import dev.baton.cluster.lanes.LaneConsumer;
import dev.baton.cluster.lanes.LaneConsumer.LaneRecord;
import dev.baton.cluster.lanes.LaneConsumerFactory;
import dev.baton.cluster.lanes.LaneHandler;
import dev.baton.cluster.leases.LaneLease;
import dev.baton.cluster.leases.LaneLeases;
import dev.baton.cluster.registry.HeartbeatPublisher;
import dev.baton.cluster.registry.RegistryMetrics;
import dev.baton.cluster.registry.WorkerStates;
import dev.baton.cluster.streams.StreamMetrics;
import dev.baton.cluster.streams.TokenStreamServer;
import dev.baton.cluster.tls.ClusterTls;
import dev.baton.config.ClusterProperties;
import dev.baton.control.Phase;
import dev.baton.protocol.ClusterNames;
import dev.baton.protocol.KnownTokens;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Handoff;
import dev.baton.protocol.v1.KvSource;
import dev.baton.protocol.v1.PrefillJob;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.TicketOffer;
import dev.baton.protocol.v1.Timing;
import dev.baton.protocol.v1.TokenFrame;
import dev.baton.protocol.v1.Welcome;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * A worker without a model: holds a lane, claims in Redis, speaks the token stream, and makes token 1000 + i at index
 * i. It stops before the index that a test names, until released.
 */
final class ScriptedWorker implements AutoCloseable {
    private static final ClusterNames NAMES = new ClusterNames("baton");
    static final int CONTEXT = 2_048;
    private static final ClusterProperties CLUSTER = new ClusterProperties("baton", "", null);

    final WorkerRef self;
    final List<Generation> taken = new CopyOnWriteArrayList<>();
    final List<String> cancelled = new CopyOnWriteArrayList<>();
    private final TestCluster cluster;
    private final TokenStreamServer server;
    private final LaneLease lease;
    private final LaneConsumer<?> consumer;
    private final HeartbeatPublisher heartbeats;
    private final ExecutorService engine;
    private final List<Running> running = new CopyOnWriteArrayList<>();
    private int stopBefore = Integer.MAX_VALUE;
    private volatile int credit;
    private volatile int places;
    private volatile double prefill;
    private volatile double decode;
    private volatile boolean full;
    private final List<Runnable> unclaimed = new CopyOnWriteArrayList<>();

    private ScriptedWorker(TestCluster cluster, String id, String model, WorkerState.Role role, int credit)
            throws Exception {
        this.credit = credit;
        this.full = credit > 0;
        this.cluster = cluster;
        this.self = WorkerRef.newBuilder()
                .setId(id)
                .setEpoch(ThreadLocalRandom.current().nextLong())
                .build();
        this.engine = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().name("engine-" + id).daemon(true).factory());
        this.server = new TokenStreamServer(
                Welcome.newBuilder().setWorker(self).setRole(role).build(),
                CLUSTER,
                cluster.streams(),
                (requestId, attempt) -> cancelled.add(requestId),
                new StreamMetrics(new SimpleMeterRegistry()));
        int port = server.start(new InetSocketAddress("127.0.0.1", 0), ClusterTls.NONE);
        boolean prefills = role == WorkerState.Role.PREFILL;
        String topic = prefills ? NAMES.prefillTopic() : NAMES.handoffTopic();
        this.lease = new LaneLeases(cluster.redis(), NAMES, cluster.registry())
                .take(topic, cluster.lanes().count(), self, null, Duration.ofSeconds(20));
        this.consumer = prefills ? read(PrefillJob.parser(), this::prefillJob) : read(Handoff.parser(), this::handoff);
        WorkerState state = WorkerState.newBuilder()
                .setWorker(self)
                .setRole(role)
                .setLane(lease.lane())
                .setHost("127.0.0.1")
                .setTokenPort(port)
                .setModel(model)
                .setModelFingerprint(7)
                .setMaxContext(CONTEXT)
                .setBlockTokens(64)
                .setBlocks(1_000)
                .setFreeBlocks(1_000)
                .setMachine("here")
                .setExact(true)
                .build();
        this.heartbeats = new HeartbeatPublisher(
                new WorkerStates(
                        cluster.redis(),
                        cluster.registry().timeout(),
                        CLUSTER,
                        new RegistryMetrics(new SimpleMeterRegistry())),
                cluster.registry(),
                () -> state.toBuilder()
                        .setDraining(server.drained())
                        .setCredit(this.credit)
                        .setPlaces(places)
                        .setPrefillTokensPerSecond(prefill)
                        .setDecodeTokensPerSecond(decode)
                        .build(),
                () -> {});
    }

    static ScriptedWorker prefill(TestCluster cluster, String id, String model) throws Exception {
        return new ScriptedWorker(cluster, id, model, WorkerState.Role.PREFILL, 0);
    }

    static ScriptedWorker decode(TestCluster cluster, String id, String model) throws Exception {
        return decode(cluster, id, model, 0);
    }

    /** From the start as after {@link #wantOnly}; 0 = it wants any number and claims at once. */
    static ScriptedWorker decode(TestCluster cluster, String id, String model, int credit) throws Exception {
        return new ScriptedWorker(cluster, id, model, WorkerState.Role.DECODE, credit);
    }

    static List<Integer> tokens(int count) {
        return IntStream.range(0, count).mapToObj(index -> 1_000 + index).toList();
    }

    /** Makes no token at or above {@code index}, from now on. */
    void stopBefore(int index) {
        engine.execute(() -> {
            stopBefore = index;
            running.forEach(this::advance);
        });
    }

    /** Says nothing and hears nothing until the latch falls, as a process that is stopped. Returns when that has begun. */
    void pause(CountDownLatch until) throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        GatewayRef nobody = GatewayRef.newBuilder().setId("nobody").build();
        // Its answer comes on the server's own thread, which is held.
        server.whenAttached(nobody, Duration.ZERO, attached -> {
            begun.countDown();
            try {
                until.await(10, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        begun.await(10, TimeUnit.SECONDS);
    }

    /** It wants so many records before it has claimed one, and claims none until {@link #claimOne}. */
    void wantOnly(int records) {
        full = true;
        credit = records;
        heartbeats.publishSoon();
    }

    /** It says that it runs so many sequences, and how many tokens a second it computes and makes. */
    void says(int sequences, double prompt, double answers) {
        places = sequences;
        prefill = prompt;
        decode = answers;
        heartbeats.publishSoon();
    }

    /** Records that were read and not claimed. */
    int unclaimed() {
        return unclaimed.size();
    }

    /** The oldest. */
    void claimOne() {
        unclaimed.removeFirst().run();
    }

    /** Whether it works on the request and has sent that it does. */
    boolean decoding(String requestId) {
        return running.stream()
                .anyMatch(request ->
                        request.told && request.generation.getRequestId().equals(requestId));
    }

    /** It holds its lane and makes tokens. */
    boolean alive() {
        return !engine.isShutdown() && consumer.reading();
    }

    /** Its streams break and its port refuses: what gateways see of kill -9. */
    void kill() {
        engine.shutdownNow();
        consumer.close();
        server.close();
    }

    @Override
    public void close() {
        heartbeats.close();
        kill();
        lease.close();
    }

    private <T extends Message> LaneConsumer<T> read(Parser<T> parser, LaneHandler<T> handler) {
        return new LaneConsumerFactory(
                        cluster.kafka(), cluster.lanes(), cluster.producer(), cluster.laneMetrics(), Clock.systemUTC())
                .open(lease, parser, handler);
    }

    private void prefillJob(LaneRecord<PrefillJob> record) {
        PrefillJob job = record.value();
        claim(record, job.getGeneration(), Phase.PREFILLING, () -> {
            TicketOffer offer = TicketOffer.newBuilder().setSource(self).build();
            Handoff handoff = Handoff.newBuilder()
                    .setGeneration(job.getGeneration())
                    .setTicket(offer)
                    .build();
            cluster.producer().send(job.getDecodeLane(), handoff);
            int first = job.getGeneration().getAcceptedCount();
            begin(new Running(job.getGeneration(), first, first + 1));
        });
    }

    private void handoff(LaneRecord<Handoff> record) {
        Generation generation = record.value().getGeneration();
        int first = generation.getAcceptedCount() + (record.value().hasCompute() ? 0 : 1);
        claim(
                record,
                generation,
                Phase.DECODING,
                () -> begin(
                        new Running(generation, first, generation.getStopping().getMaxTokens())));
    }

    private void claim(LaneRecord<?> record, Generation generation, Phase phase, Runnable then) {
        if (full) {
            unclaimed.add(() -> claimNow(record, generation, phase, then));
        } else {
            claimNow(record, generation, phase, then);
        }
    }

    private void claimNow(LaneRecord<?> record, Generation generation, Phase phase, Runnable then) {
        cluster.requests()
                .claim(generation.getRequestId(), generation.getAttempt(), phase, self)
                .whenComplete((outcome, failure) -> {
                    if (outcome != null && outcome.holds()) {
                        taken.add(generation);
                        engine.execute(then);
                    }
                    record.done();
                });
    }

    private void begin(Running request) {
        running.add(request);
        long now = micros();
        Timing timing = Timing.newBuilder()
                .setJobSeenUs(now)
                .setClaimedUs(now)
                .setComputeStartedUs(now)
                .build();
        send(request.generation, progress(request, request.next).setTiming(timing));
        if (request.generation.getAttempt().getNumber() > 1) {
            int known = KnownTokens.count(request.generation);
            send(
                    request.generation,
                    progress(request, request.next)
                            .setKvSource(KvSource.newBuilder()
                                    .setRung(KvSource.Rung.POOL)
                                    .setTokens(known)
                                    .setFound(known - 1)));
        }
        advance(request);
        request.told = true;
    }

    private void advance(Running request) {
        while (request.next < request.end && request.next < stopBefore) {
            Progress.Builder progress = progress(request, request.next).addTokens(1_000 + request.next);
            if (request.next == request.generation.getAcceptedCount()) {
                progress.setTiming(Timing.newBuilder().setFirstTokenUs(micros()));
            }
            request.next++;
            if (request.next == request.generation.getStopping().getMaxTokens()) {
                progress.setFinish(Finish.newBuilder().setReason(Finish.Reason.LENGTH));
            }
            send(request.generation, progress);
        }
    }

    private static Progress.Builder progress(Running request, int index) {
        return Progress.newBuilder()
                .setRequestId(request.generation.getRequestId())
                .setAttempt(request.generation.getAttempt())
                .setFirstIndex(index);
    }

    private void send(Generation generation, Progress.Builder progress) {
        server.send(
                generation.getOwner(),
                TokenFrame.newBuilder()
                        .addProgress(progress)
                        .setMadeUs(micros())
                        .build());
    }

    private static long micros() {
        return TtftBreakdown.Builder.micros(Instant.now());
    }

    private static final class Running {
        private final Generation generation;
        private final int end;
        private volatile boolean told;
        private int next;

        Running(Generation generation, int next, int end) {
            this.generation = generation;
            this.next = next;
            this.end = end;
        }
    }
}
