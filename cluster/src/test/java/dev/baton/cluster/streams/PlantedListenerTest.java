package dev.baton.cluster.streams;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.baton.cluster.tls.ClusterTls;
import dev.baton.config.ClusterProperties;
import dev.baton.protocol.ClusterSecret;
import dev.baton.protocol.v1.Challenge;
import dev.baton.protocol.v1.GatewayMessage;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.TokenFrame;
import dev.baton.protocol.v1.Welcome;
import dev.baton.protocol.v1.WorkerMessage;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a listener that does not hold the secret gets out of a gateway that was led to it, and gets into it. */
@Timeout(60)
class PlantedListenerTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final String SECRET = "the secret of this cluster";
    private static final WorkerRef WORKER =
            WorkerRef.newBuilder().setId("w").setEpoch(7).build();

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final RecordingListener heard = new RecordingListener();
    private final List<GatewayMessage> captured = new CopyOnWriteArrayList<>();
    private final TokenStreams gateway = new TokenStreams(
            TokenStreamTest.gateway("g"),
            cluster(SECRET),
            ClusterTls.NONE,
            TokenStreamTest.settings(),
            heard,
            new StreamMetrics(meters));
    private @Nullable Server planted;

    @AfterEach
    void end() {
        gateway.close();
        if (planted != null) {
            planted.shutdownNow();
        }
    }

    @Test
    void seesNoSecretAndIsNotBelieved() throws Exception {
        lead((out, message) -> {
            if (message.hasHello()) {
                // It takes the part of the worker as well as it can.
                Welcome says = Welcome.newBuilder().setWorker(WORKER).build();
                out.onNext(WorkerMessage.newBuilder()
                        .setWelcome(
                                new StreamHandshake(cluster("guessed, and wrong")).welcome(says, message.getHello()))
                        .build());
                out.onNext(frame());
            }
        });
        await().atMost(LONG).until(() -> refused("secret") > 0);
        assertThat(captured).as("fault not applied: it was not dialled").isNotEmpty();
        assertThat(captured).allMatch(GatewayMessage::hasHello);
        assertThat(captured).noneMatch(each -> text(each).contains(SECRET));
        nothingWasHeard();
    }

    @Test
    void isNotHeardBeforeItHasProvedTheSecret() throws Exception {
        lead((out, message) -> out.onNext(frame()));
        await().atMost(LONG).until(() -> captured.size() > 1);
        nothingWasHeard();
    }

    /** The proof that it makes for one gateway's challenge, or that it took from a stream it has seen, opens no other. */
    @Test
    void cannotUseAWelcomeThatItHasSeen() throws Exception {
        ClusterProperties cluster = cluster(SECRET);
        WorkerMessage seen = WorkerMessage.newBuilder()
                .setWelcome(new StreamHandshake(cluster)
                        .welcome(
                                Welcome.newBuilder().setWorker(WORKER).build(),
                                new StreamHandshake(cluster)
                                        .hello(
                                                TokenStreamTest.gateway("g"),
                                                WORKER,
                                                ClusterSecret.nonce(),
                                                ClusterSecret.nonce())))
                .build();
        lead((out, message) -> out.onNext(seen));
        await().atMost(LONG).until(() -> refused("secret") > 0);
        nothingWasHeard();
    }

    /** Else it could choose what the gateway signs. */
    @Test
    void hasNoChallengeOfAnotherLengthSigned() throws Exception {
        lead(ClusterSecret.nonce().concat(ByteString.copyFromUtf8("more")), (out, message) -> {});
        await().atMost(LONG).until(() -> refused("version") > 0);
        assertThat(captured).isEmpty();
    }

    private static String text(GatewayMessage message) {
        return new String(message.toByteArray(), StandardCharsets.ISO_8859_1);
    }

    private void nothingWasHeard() {
        assertThat(heard.events).isEmpty();
        assertThat(heard.progress).isEmpty();
        assertThat(gateway.live(WORKER)).isFalse();
    }

    private void lead(BiConsumer<StreamObserver<WorkerMessage>, GatewayMessage> answer) throws IOException {
        lead(ClusterSecret.nonce(), answer);
    }

    /** A listener that challenges each caller, and a gateway whose registry names it. */
    private void lead(ByteString challenge, BiConsumer<StreamObserver<WorkerMessage>, GatewayMessage> answer)
            throws IOException {
        Server listener = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .addService(ServerServiceDefinition.builder(TokenStreamMethod.SERVICE)
                        .addMethod(TokenStreamMethod.METHOD, ServerCalls.asyncBidiStreamingCall(out -> {
                            out.onNext(WorkerMessage.newBuilder()
                                    .setChallenge(Challenge.newBuilder().setNonce(challenge))
                                    .build());
                            return new Listening(out, answer);
                        }))
                        .build())
                .build()
                .start();
        planted = listener;
        gateway.listed(List.of(WorkerState.newBuilder()
                .setWorker(WORKER)
                .setHost("127.0.0.1")
                .setTokenPort(listener.getPort())
                .build()));
    }

    private static ClusterProperties cluster(String secret) {
        return TokenStreamTest.cluster(secret);
    }

    private static WorkerMessage frame() {
        return WorkerMessage.newBuilder()
                .setFrame(TokenFrame.newBuilder()
                        .addProgress(Progress.newBuilder().setRequestId("r").addTokens(666)))
                .build();
    }

    private double refused(String reason) {
        return meters.get("baton.stream.refusals")
                .tag("reason", reason)
                .counter()
                .count();
    }

    private final class Listening implements StreamObserver<GatewayMessage> {
        private final StreamObserver<WorkerMessage> out;
        private final BiConsumer<StreamObserver<WorkerMessage>, GatewayMessage> answer;

        Listening(StreamObserver<WorkerMessage> out, BiConsumer<StreamObserver<WorkerMessage>, GatewayMessage> answer) {
            this.out = out;
            this.answer = answer;
        }

        @Override
        public void onNext(GatewayMessage message) {
            captured.add(message);
            answer.accept(out, message);
        }

        @Override
        public void onError(Throwable failure) {}

        @Override
        public void onCompleted() {}
    }
}
