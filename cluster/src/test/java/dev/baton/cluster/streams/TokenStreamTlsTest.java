package dev.baton.cluster.streams;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.cluster.tls.ClusterTls;
import dev.baton.config.ClusterProperties;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.TokenFrame;
import dev.baton.protocol.v1.Welcome;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import dev.baton.stack.testing.Certificates;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Token streams over TLS with certificates that are real, on both sides. */
@Timeout(120)
class TokenStreamTlsTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final WorkerRef WORKER =
            WorkerRef.newBuilder().setId("w").setEpoch(7).build();

    @TempDir
    static Path folder;

    private static SSLContext worker;
    private static SSLContext gateway;
    private static SSLContext elsewhere;
    private static SSLContext intruder;

    private final ClusterProperties cluster = TokenStreamTest.cluster("the secret of this cluster");
    private final RecordingListener heard = new RecordingListener();
    private final List<AutoCloseable> open = new ArrayList<>();

    @BeforeAll
    static void issue() {
        Certificates authority = new Certificates(folder, "cluster");
        worker = authority.context(authority.issue("worker", "127.0.0.1"));
        gateway = authority.context(authority.issue("gateway", "127.0.0.1"));
        elsewhere = authority.context(authority.issue("elsewhere", "other.example"));
        intruder = authority.context(new Certificates(folder, "other").issue("stranger", "127.0.0.1"));
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    @Test
    void bringsTokensWhenBothSidesShowCertificatesOfTheAuthority() throws Exception {
        TokenStreamServer server = server();
        connect(server.start(any(), tls(worker)), tls(gateway));
        await().atMost(LONG).until(() -> heard.events.contains("connected 7"));
        server.send(
                TokenStreamTest.gateway("g"),
                TokenFrame.newBuilder()
                        .addProgress(Progress.newBuilder().setRequestId("r").addTokens(42))
                        .build());
        await().atMost(LONG).until(() -> heard.tokens("r").contains(42));
    }

    /** Each of them is tried more than once, and a pair that belongs together connects meanwhile. */
    @Test
    void opensNoStreamToOrFromACertificateOfAnotherAuthorityOrHostOrWithoutOne() throws Exception {
        List<TriedTls> refused = List.of(
                new TriedTls("an intruder's gateway", worker, intruder),
                new TriedTls("an intruder's worker", intruder, gateway),
                new TriedTls("a worker of another host", elsewhere, gateway));
        for (TriedTls pair : refused) {
            AtomicInteger tries = new AtomicInteger();
            connect(server().start(any(), tls(pair.worker())), new ClusterTls(() -> {
                tries.incrementAndGet();
                return pair.gateway();
            }));
            await(pair.what()).atMost(LONG).until(() -> tries.get() > 2);
        }
        connect(server().start(any(), tls(worker)), ClusterTls.NONE);
        assertThat(heard.events).isEmpty();

        connect(server().start(any(), tls(worker)), tls(gateway));
        await().atMost(LONG).until(() -> !heard.events.isEmpty());
        assertThat(heard.events).containsExactly("connected 7");
    }

    @Test
    void takesRenewedCertificatesOnBothSidesFromTheNextConnectionOn() throws Exception {
        AtomicReference<SSLContext> ofWorker = new AtomicReference<>(intruder);
        AtomicReference<SSLContext> ofGateway = new AtomicReference<>(intruder);
        AtomicInteger tries = new AtomicInteger();
        connect(server().start(any(), new ClusterTls(ofWorker::get)), new ClusterTls(() -> {
            tries.incrementAndGet();
            return ofGateway.get();
        }));
        await().atMost(LONG).until(() -> tries.get() > 2);
        assertThat(heard.events).isEmpty();
        ofWorker.set(worker);
        ofGateway.set(gateway);
        await().atMost(LONG).until(() -> heard.events.contains("connected 7"));
    }

    private record TriedTls(String what, SSLContext worker, SSLContext gateway) {}

    private static ClusterTls tls(SSLContext context) {
        return new ClusterTls(() -> context);
    }

    private static InetSocketAddress any() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    private TokenStreamServer server() throws IOException {
        TokenStreamServer server = new TokenStreamServer(
                Welcome.newBuilder().setWorker(WORKER).build(),
                cluster,
                TokenStreamTest.settings(),
                (requestId, attempt) -> {},
                new StreamMetrics(new SimpleMeterRegistry()));
        open.add(server);
        return server;
    }

    private void connect(int port, ClusterTls tls) {
        TokenStreams streams = new TokenStreams(
                TokenStreamTest.gateway("g"),
                cluster,
                tls,
                TokenStreamTest.settings(),
                heard,
                new StreamMetrics(new SimpleMeterRegistry()));
        open.add(streams);
        streams.listed(List.of(WorkerState.newBuilder()
                .setWorker(WORKER)
                .setHost("127.0.0.1")
                .setTokenPort(port)
                .build()));
    }
}
