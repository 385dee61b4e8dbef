package dev.baton.cluster.streams;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.cluster.tls.ClusterTls;
import dev.baton.config.ClusterProperties;
import dev.baton.config.StreamProperties;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.TokenFrame;
import dev.baton.protocol.v1.Welcome;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import dev.baton.stack.proxy.FaultProxy;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;

class TokenStreamTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Attempt FIRST =
            Attempt.newBuilder().setNumber(1).setNonce(-5).build();
    private static final Attempt SECOND =
            Attempt.newBuilder().setNumber(2).setNonce(6).build();

    static final ClusterProperties OPEN = cluster("");

    private final RecordingListener heard = new RecordingListener();
    private final List<String> cancelled = new CopyOnWriteArrayList<>();
    private final List<AutoCloseable> open = new ArrayList<>();

    /** Wide enough that a busy machine is no fault of the worker. */
    static StreamProperties settings() {
        return new StreamProperties(
                Duration.ofMillis(50),
                Duration.ofMillis(50),
                Duration.ofMillis(1_500),
                Duration.ofSeconds(5),
                Duration.ofMillis(10),
                Duration.ofMillis(100),
                Duration.ofSeconds(20),
                DataSize.ofMegabytes(8),
                1_000);
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    @Test
    void deliversTheTokensOfEachStepInOrder() throws Exception {
        Worker worker = worker(7, settings());
        gateway("g", worker.port());
        await().atMost(LONG).until(() -> heard.events.contains("connected 7"));
        for (int i = 0; i < 200; i++) {
            worker.server().send(gateway("g"), frame("a", FIRST, i, 100 + i));
        }
        await().atMost(LONG).until(() -> heard.tokens("a").size() == 200);
        assertThat(heard.tokens("a"))
                .isEqualTo(IntStream.range(100, 300).boxed().toList());
    }

    @Test
    void goesOnAfterABrokenConnectionWithWhatTheGatewayLacks() throws Exception {
        Worker worker = worker(7, settings());
        FaultProxy proxy = keep(new FaultProxy(worker.port()));
        TokenStreams gateway = gateway("g", proxy.port());
        await().atMost(LONG).until(() -> heard.events.contains("connected 7"));
        worker.server().send(gateway("g"), frame("a", FIRST, 0, 1, 2));
        await().atMost(LONG).until(() -> heard.tokens("a").size() == 2);

        proxy.cut();
        worker.server().send(gateway("g"), frame("a", FIRST, 2, 3));
        await().atMost(LONG).until(() -> heard.events.contains("again 7"));
        assertThat(proxy.accepted()).as("fault not applied").isGreaterThan(1);
        gateway.resume(worker.ref(), "a", FIRST, 2);
        worker.server().send(gateway("g"), ended("a", FIRST, 3, 4));
        await().atMost(LONG)
                .until(() -> heard.tokens("a").contains(4) && heard.tokens("a").contains(3));
        assertThat(heard.events).as("a broken connection is no death").doesNotContain("dead 7");
    }

    @Test
    void saysThatARequestItDoesNotKnowIsLost() throws Exception {
        Worker worker = worker(7, settings());
        TokenStreams gateway = gateway("g", worker.port());
        await().atMost(LONG).until(() -> heard.events.contains("connected 7"));
        gateway.resume(worker.ref(), "never-seen", FIRST, 0);
        awaitUnknown("never-seen");

        worker.server().send(gateway("g"), frame("b", SECOND, 0, 1));
        gateway.resume(worker.ref(), "b", FIRST, 0);
        awaitUnknown("b");
    }

    @Test
    void forgetsWhatIsAcknowledgedAndKeepsTheRest() throws Exception {
        Worker worker = worker(7, settings());
        TokenStreams gateway = gateway("g", worker.port());
        await().atMost(LONG).until(() -> heard.events.contains("connected 7"));
        worker.server().send(gateway("g"), frame("a", FIRST, 0, 1, 2));
        worker.server().send(gateway("g"), ended("a", FIRST, 2, 3));
        await().atMost(LONG).until(() -> heard.tokens("a").size() == 3);

        gateway.acknowledge(worker.ref(), "a", FIRST, 2);
        heard.progress.clear();
        gateway.resume(worker.ref(), "a", FIRST, 2);
        await().atMost(LONG).until(() -> heard.tokens("a").equals(List.of(3)));
        gateway.acknowledge(worker.ref(), "a", FIRST, 3);
        gateway.resume(worker.ref(), "a", FIRST, 3);
        awaitUnknown("a");
    }

    @Test
    void bringsACancelToTheWorker() throws Exception {
        Worker worker = worker(7, settings());
        TokenStreams gateway = gateway("g", worker.port());
        await().atMost(LONG).until(() -> gateway.live(worker.ref()));
        gateway.cancel(worker.ref(), "a", FIRST);
        await().atMost(LONG).until(() -> cancelled.contains("a 1"));
    }

    @Test
    void doesNotHearFramesOfAnEarlierAttempt() throws Exception {
        Worker worker = worker(7, settings());
        gateway("g", worker.port());
        await().atMost(LONG).until(() -> heard.events.contains("connected 7"));
        worker.server().send(gateway("g"), frame("a", SECOND, 0, 2));
        worker.server().send(gateway("g"), frame("a", FIRST, 0, 1));
        worker.server().send(gateway("g"), frame("a", SECOND, 1, 3));
        await().atMost(LONG).until(() -> heard.tokens("a").contains(3));
        assertThat(heard.tokens("a")).containsExactly(2, 3);
    }

    @Test
    void keepsTokensOfEachGatewayApart() throws Exception {
        Worker worker = worker(7, settings());
        gateway("g", worker.port());
        await().atMost(LONG).until(() -> heard.events.contains("connected 7"));
        worker.server().send(gateway("other"), frame("x", FIRST, 0, 1));
        worker.server().send(gateway("g"), frame("a", FIRST, 0, 2));
        await().atMost(LONG).until(() -> !heard.progress.isEmpty());
        assertThat(heard.tokens("x")).isEmpty();
    }

    @Test
    void cancelsWorkWhoseGatewayStaysAway() throws Exception {
        StreamProperties brief = new StreamProperties(
                Duration.ofMillis(50),
                Duration.ofMillis(50),
                Duration.ofMillis(1_500),
                Duration.ofSeconds(5),
                Duration.ofMillis(10),
                Duration.ofMillis(100),
                Duration.ofMillis(200),
                DataSize.ofMegabytes(8),
                1_000);
        Worker worker = worker(7, brief);
        worker.server().send(gateway("gone"), frame("a", FIRST, 0, 1));
        await().atMost(LONG).until(() -> cancelled.contains("a 1"));
    }

    @Test
    void tellsTheDeadFromTheFrozenAndTheRestarted() throws Exception {
        ChildWorker first = keep(ChildWorker.start(1, 0));
        TokenStreams gateway = gateway("g", first.port(), 1);
        await().atMost(LONG).until(() -> heard.events.equals(List.of("connected 1")));

        first.signal("STOP");
        await().atMost(LONG).until(() -> heard.events.contains("suspect 1"));
        assertThat(heard.events).doesNotContain("dead 1");
        assertThat(gateway.live(ref(1))).isFalse();
        first.signal("CONT");
        await().atMost(LONG).until(() -> heard.events.contains("again 1"));

        first.kill();
        assertThat(first.alive()).as("fault not applied").isFalse();
        await().atMost(LONG).until(() -> heard.events.contains("dead 1"));

        ChildWorker second = keep(ChildWorker.start(2, 0));
        gateway.listed(List.of(state(second.port(), 2)));
        await().atMost(LONG).until(() -> heard.events.contains("connected 2"));
    }

    @Test
    void asksAnIdleWorkerNowAndThenAndOneThatWorksOften() throws Exception {
        StreamProperties restful = restful(Duration.ofHours(1));
        Worker worker = worker(7, restful);
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        TokenStreams gateway =
                keep(new TokenStreams(gateway("g"), OPEN, ClusterTls.NONE, restful, heard, new StreamMetrics(meters)));
        gateway.listed(List.of(state(worker.port(), 7)));
        await().atMost(LONG).until(gateway::atRest);

        gateway.begun(List.of(worker.ref()));
        await().atMost(LONG).until(() -> pongs(meters) > 10);
        assertThat(gateway.atRest()).isFalse();
        gateway.ended(List.of(worker.ref()));
        await().atMost(LONG).until(gateway::atRest);
        long asked = pongs(meters);

        gateway.begun(List.of(worker.ref()));
        await().atMost(LONG).until(() -> pongs(meters) > asked + 5);
        gateway.ended(List.of(worker.ref()));
        await().atMost(LONG).until(gateway::atRest);
        long rested = pongs(meters);
        await().during(Duration.ofSeconds(2)).atMost(LONG).until(() -> pongs(meters) <= rested + 2);
        assertThat(heard.events).as("rest is no silence").containsExactly("connected 7");
    }

    @Test
    void aWorkerThatFrozeWhileItWasIdleIsSuspectSoonAfterItIsGivenWork() throws Exception {
        ChildWorker frozen = keep(ChildWorker.start(1, 0));
        StreamProperties restful = restful(Duration.ofHours(1));
        TokenStreams gateway = keep(new TokenStreams(gateway("g"), OPEN, ClusterTls.NONE, restful, heard, metrics()));
        gateway.listed(List.of(state(frozen.port(), 1)));
        await().atMost(LONG).until(gateway::atRest);
        frozen.signal("STOP");

        gateway.begun(List.of(ref(1)));

        await().atMost(LONG).until(() -> heard.events.contains("suspect 1"));
        frozen.signal("CONT");
        await().atMost(LONG).until(() -> heard.events.contains("again 1"));
    }

    @Test
    void anIdleWorkerThatFreezesIsSuspectWithoutWork() throws Exception {
        ChildWorker frozen = keep(ChildWorker.start(1, 0));
        TokenStreams gateway = keep(new TokenStreams(
                gateway("g"), OPEN, ClusterTls.NONE, restful(Duration.ofMillis(500)), heard, metrics()));
        gateway.listed(List.of(state(frozen.port(), 1)));
        await().atMost(LONG).until(gateway::atRest);

        frozen.signal("STOP");

        await().atMost(LONG).until(() -> heard.events.contains("suspect 1"));
        assertThat(heard.events).doesNotContain("dead 1");
    }

    private static StreamProperties restful(Duration idle) {
        StreamProperties usual = settings();
        return new StreamProperties(
                usual.pingEvery(),
                idle,
                usual.suspectAfter(),
                usual.connectTimeout(),
                usual.retryFrom(),
                usual.retryUpTo(),
                usual.keepUnacknowledged(),
                usual.maxUnsent(),
                usual.maxKept());
    }

    private static long pongs(SimpleMeterRegistry meters) {
        return meters.get("baton.stream.ping").timer().count();
    }

    private void awaitUnknown(String requestId) {
        await().atMost(LONG)
                .until(() -> heard.progress.stream()
                        .anyMatch(each -> each.getRequestId().equals(requestId)
                                && each.getFailure().getCode() == Failure.Code.UNKNOWN_REQUEST));
    }

    private record Worker(TokenStreamServer server, int port, WorkerRef ref) {}

    private Worker worker(long epoch, StreamProperties settings) throws IOException {
        return worker(epoch, settings, OPEN);
    }

    private Worker worker(long epoch, StreamProperties settings, ClusterProperties cluster) throws IOException {
        Welcome welcome = Welcome.newBuilder()
                .setWorker(ref(epoch))
                .setRole(WorkerState.Role.DECODE)
                .build();
        TokenStreamServer server = keep(new TokenStreamServer(
                welcome,
                cluster,
                settings,
                (requestId, attempt) -> cancelled.add(requestId + " " + attempt.getNumber()),
                metrics()));
        int port = server.start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), ClusterTls.NONE);
        return new Worker(server, port, ref(epoch));
    }

    private TokenStreams gateway(String id, int port) {
        return gateway(id, port, 7);
    }

    private TokenStreams gateway(String id, int port, long epoch) {
        TokenStreams streams = keep(new TokenStreams(gateway(id), OPEN, ClusterTls.NONE, settings(), heard, metrics()));
        streams.listed(List.of(state(port, epoch)));
        return streams;
    }

    static GatewayRef gateway(String id) {
        return GatewayRef.newBuilder().setId(id).setEpoch(11).build();
    }

    static ClusterProperties cluster(String secret) {
        return new ClusterProperties("baton", secret, null);
    }

    private <T extends AutoCloseable> T keep(T each) {
        open.add(each);
        return each;
    }

    private static StreamMetrics metrics() {
        return new StreamMetrics(new SimpleMeterRegistry());
    }

    private static WorkerRef ref(long epoch) {
        return WorkerRef.newBuilder().setId("w").setEpoch(epoch).build();
    }

    private static WorkerState state(int port, long epoch) {
        return WorkerState.newBuilder()
                .setWorker(ref(epoch))
                .setRole(WorkerState.Role.DECODE)
                .setHost("127.0.0.1")
                .setTokenPort(port)
                .build();
    }

    private static TokenFrame frame(String requestId, Attempt attempt, int index, Integer... tokens) {
        return TokenFrame.newBuilder()
                .addProgress(progress(requestId, attempt, index, tokens))
                .build();
    }

    private static TokenFrame ended(String requestId, Attempt attempt, int index, Integer... tokens) {
        return TokenFrame.newBuilder()
                .addProgress(progress(requestId, attempt, index, tokens)
                        .setFinish(Finish.newBuilder().setReason(Finish.Reason.STOP)))
                .build();
    }

    private static Progress.Builder progress(String requestId, Attempt attempt, int index, Integer... tokens) {
        return Progress.newBuilder()
                .setRequestId(requestId)
                .setAttempt(attempt)
                .setFirstIndex(index)
                .addAllTokens(List.of(tokens));
    }
}
