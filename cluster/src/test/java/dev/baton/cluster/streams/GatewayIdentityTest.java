package dev.baton.cluster.streams;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.cluster.SteadyClock;
import dev.baton.cluster.tls.ClusterTls;
import dev.baton.config.StreamProperties;
import dev.baton.protocol.ClusterSecret;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.GatewayMessage;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.Ping;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.TokenFrame;
import dev.baton.protocol.v1.Welcome;
import dev.baton.protocol.v1.WorkerMessage;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.util.unit.DataSize;

/** Which gateway a worker takes for which: an id in one life. */
@Timeout(60)
class GatewayIdentityTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Attempt FIRST =
            Attempt.newBuilder().setNumber(1).setNonce(-5).build();
    private static final WorkerRef WORKER =
            WorkerRef.newBuilder().setId("w").setEpoch(7).build();
    private static final GatewayRef ONE = gateway(1);
    private static final GatewayRef OTHER = gateway(2);

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final List<String> cancelled = new CopyOnWriteArrayList<>();
    private final List<AutoCloseable> open = new ArrayList<>();
    private final TokenStreamServer server = new TokenStreamServer(
            Welcome.newBuilder().setWorker(WORKER).build(),
            TokenStreamTest.OPEN,
            settings(),
            (requestId, attempt) -> cancelled.add(requestId),
            new StreamMetrics(meters));
    private int port;

    /** A gateway that is silent for 900 ms is not heard. */
    private static StreamProperties settings() {
        return new StreamProperties(
                Duration.ofMillis(50),
                Duration.ofMillis(50),
                Duration.ofMillis(400),
                Duration.ofMillis(500),
                Duration.ofMillis(10),
                Duration.ofMillis(100),
                Duration.ofSeconds(2),
                DataSize.ofMegabytes(8),
                1_000);
    }

    @BeforeEach
    void start() throws Exception {
        port = server.start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), ClusterTls.NONE);
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        server.close();
    }

    @Test
    void aSecondGatewayOfOneIdIsRefusedAndTheFirstIsNotDisturbed() throws Exception {
        RecordingListener first = new RecordingListener();
        TokenStreams one = attach(ONE, first);
        await().atMost(LONG).until(() -> one.live(WORKER));
        RecordingListener second = new RecordingListener();
        TokenStreams other = attach(OTHER, second);

        await().atMost(LONG).until(() -> refused("duplicate") >= 3);
        long start = System.nanoTime();
        for (int i = 0; i < 200; i++) {
            server.send(ONE, frame("a", i));
        }
        await().atMost(LONG).until(() -> first.tokens("a").size() == 200);
        double before = refused("duplicate");
        await().atMost(LONG).until(() -> refused("duplicate") >= before + 5);
        assertThat(Duration.ofNanos(System.nanoTime() - start))
                .as("it pauses between its tries")
                .isGreaterThan(Duration.ofMillis(5 * 50));
        assertThat(first.events).containsExactly("connected 7");
        assertThat(second.events).isEmpty();
        assertThat(second.progress).isEmpty();
        assertThat(other.live(WORKER)).isFalse();
    }

    @Test
    void theNextLifeTakesThePlaceOfOneThatIsSilentForGood() throws Exception {
        Silent frozen = new Silent(ONE);
        await().atMost(LONG).until(() -> server.attached(ONE));
        server.send(ONE, frame("a", 0));
        RecordingListener second = new RecordingListener();
        TokenStreams other = attach(OTHER, second);

        await().atMost(LONG).until(() -> other.live(WORKER));
        assertThat(frozen.end.get().getCode()).isEqualTo(Status.Code.ABORTED);
        await().atMost(LONG).until(() -> cancelled.contains("a"));
        Silent woken = new Silent(ONE);
        assertThat(woken.end.get().getCode()).isEqualTo(Status.Code.ABORTED);
        assertThat(woken.end.get().getDescription()).contains("newer life");
        assertThat(second.events).containsExactly("connected 7");
    }

    @Test
    void aRestartedGatewayIsLetInAtOnceAndDoesNotGetItsFormerTokens() throws Exception {
        TokenStreams one = attach(ONE, new RecordingListener());
        await().atMost(LONG).until(() -> one.live(WORKER));
        server.send(ONE, frame("a", 0));
        one.close();
        RecordingListener second = new RecordingListener();
        TokenStreams next = attach(OTHER, second);
        await().atMost(LONG).until(() -> next.live(WORKER));
        server.send(ONE, frame("a", 1));
        next.resume(WORKER, "a", FIRST, 0);
        await().atMost(LONG).until(() -> !second.progress.isEmpty());
        assertThat(second.tokens("a")).isEmpty();
    }

    @Test
    void nobodyCancelsAcknowledgesOrResumesAnothersRequest() throws Exception {
        RecordingListener first = new RecordingListener();
        RecordingListener second = new RecordingListener();
        GatewayRef stranger = ONE.toBuilder().setId("other").build();
        TokenStreams one = attach(ONE, first);
        TokenStreams other = attach(stranger, second);
        await().atMost(LONG).until(() -> one.live(WORKER) && other.live(WORKER));
        server.send(ONE, frame("a", 0));
        await().atMost(LONG).until(() -> first.tokens("a").size() == 1);

        other.cancel(WORKER, "a", FIRST);
        other.acknowledge(WORKER, "a", FIRST, 1);
        other.resume(WORKER, "a", FIRST, 0);
        await().atMost(LONG).until(() -> !second.progress.isEmpty());
        assertThat(second.progress.getFirst().getFailure().getCode()).isEqualTo(Failure.Code.UNKNOWN_REQUEST);
        assertThat(cancelled).isEmpty();
        first.progress.clear();
        one.resume(WORKER, "a", FIRST, 0);
        await().atMost(LONG).until(() -> first.tokens("a").size() == 1);
    }

    @Test
    void theWorkOfAFrozenGatewayEndsThoughItsConnectionStands() throws Exception {
        new Silent(ONE);
        await().atMost(LONG).until(() -> server.attached(ONE));
        server.send(ONE, frame("a", 0));
        await().atMost(LONG).until(() -> cancelled.contains("a"));
        assertThat(server.attached(ONE)).isFalse();
    }

    /** What steps and differences of two hosts' clocks come to: the worker reckons with the gateway's. */
    @ParameterizedTest
    @ValueSource(longs = {31, 600, -3_600})
    void aGatewaysClockIsKnownFromItsStream(long seconds) throws Exception {
        InstantSource stepped = InstantSource.offset(SteadyClock.system(), Duration.ofSeconds(seconds));
        TokenStreamServer other = new TokenStreamServer(
                Welcome.newBuilder().setWorker(WORKER).build(),
                TokenStreamTest.OPEN,
                settings(),
                (requestId, attempt) -> {},
                new StreamMetrics(new SimpleMeterRegistry()));
        open.add(other);
        other.by(stepped);
        port = other.start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), ClusterTls.NONE);
        attach(ONE, new RecordingListener());
        await().atMost(LONG).until(() -> other.attached(ONE));
        assertThat(Duration.of(other.aheadUs(ONE).orElseThrow(), ChronoUnit.MICROS))
                .isBetween(Duration.ofSeconds(seconds), Duration.ofSeconds(seconds + 5));
    }

    @Test
    void aWorkerThatRedisListsNoMoreIsKnownWhileItsStreamIsUp() throws Exception {
        TokenStreams one = attach(ONE, new RecordingListener());
        await().atMost(LONG).until(() -> one.live(WORKER));
        one.listed(List.of());
        server.send(ONE, frame("a", 0));
        one.listed(List.of());
        await().during(Duration.ofMillis(300))
                .atMost(LONG)
                .until(() -> one.workers().size() == 1);
        server.close();
        await().atMost(LONG).until(() -> one.workers().isEmpty());
    }

    @Test
    void aGatewayThatPingsKeepsItsWork() throws Exception {
        Silent pinging = new Silent(ONE);
        await().atMost(LONG).until(() -> server.attached(ONE));
        server.send(ONE, frame("a", 0));
        long end = System.nanoTime() + 2 * settings().keepUnacknowledged().toNanos();
        await().atMost(LONG).pollInterval(Duration.ofMillis(100)).until(() -> {
            pinging.ping();
            return System.nanoTime() > end;
        });
        assertThat(cancelled).isEmpty();
    }

    private TokenStreams attach(GatewayRef gateway, RecordingListener heard) {
        TokenStreams streams = new TokenStreams(
                gateway,
                TokenStreamTest.OPEN,
                ClusterTls.NONE,
                settings(),
                heard,
                new StreamMetrics(new SimpleMeterRegistry()));
        open.add(streams);
        streams.listed(List.of(WorkerState.newBuilder()
                .setWorker(WORKER)
                .setHost("127.0.0.1")
                .setTokenPort(port)
                .build()));
        return streams;
    }

    private double refused(String reason) {
        return meters.get("baton.stream.refusals")
                .tag("reason", reason)
                .counter()
                .count();
    }

    private static GatewayRef gateway(long epoch) {
        return GatewayRef.newBuilder().setId("g").setEpoch(epoch).build();
    }

    private static TokenFrame frame(String requestId, int index) {
        return TokenFrame.newBuilder()
                .addProgress(Progress.newBuilder()
                        .setRequestId(requestId)
                        .setAttempt(FIRST)
                        .setFirstIndex(index)
                        .addTokens(index))
                .build();
    }

    /** A gateway that says hello and then nothing by itself: what a worker sees of a frozen one. */
    private final class Silent implements StreamObserver<WorkerMessage> {
        private final CompletableFuture<Status> end = new CompletableFuture<>();
        private final GatewayRef gateway;
        private final StreamObserver<GatewayMessage> out;

        Silent(GatewayRef gateway) {
            this.gateway = gateway;
            ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", port)
                    .usePlaintext()
                    .build();
            open.add(channel::shutdownNow);
            this.out = ClientCalls.asyncBidiStreamingCall(
                    channel.newCall(TokenStreamMethod.METHOD, CallOptions.DEFAULT), this);
        }

        void ping() {
            out.onNext(GatewayMessage.newBuilder()
                    .setPing(Ping.getDefaultInstance())
                    .build());
        }

        @Override
        public void onNext(WorkerMessage message) {
            if (message.hasWelcome()) {
                ping();
            }
            if (message.hasChallenge()) {
                out.onNext(GatewayMessage.newBuilder()
                        .setHello(new StreamHandshake(TokenStreamTest.OPEN)
                                .hello(gateway, WORKER, message.getChallenge().getNonce(), ClusterSecret.nonce()))
                        .build());
            }
        }

        @Override
        public void onError(Throwable failure) {
            end.complete(Status.fromThrowable(failure));
        }

        @Override
        public void onCompleted() {
            end.complete(Status.OK);
        }
    }
}
