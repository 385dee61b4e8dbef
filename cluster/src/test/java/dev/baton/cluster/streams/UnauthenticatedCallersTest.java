package dev.baton.cluster.streams;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.baton.cluster.tls.ClusterTls;
import dev.baton.config.StreamProperties;
import dev.baton.protocol.ClusterSecret;
import dev.baton.protocol.v1.GatewayMessage;
import dev.baton.protocol.v1.Hello;
import dev.baton.protocol.v1.Ping;
import dev.baton.protocol.v1.Welcome;
import dev.baton.protocol.v1.WorkerMessage;
import dev.baton.protocol.v1.WorkerRef;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.socket.SocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.util.unit.DataSize;

/** What a worker's token stream allows to callers that have not proved the secret, and how its connections send. */
@Timeout(60)
class UnauthenticatedCallersTest {
    private static final String SECRET = "the secret of this cluster";
    private static final WorkerRef WORKER =
            WorkerRef.newBuilder().setId("w").setEpoch(7).build();

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final EventLoopGroup threads = new NioEventLoopGroup(1);
    private final List<SocketChannel> accepted = new CopyOnWriteArrayList<>();
    private final TokenStreamServer server = new TokenStreamServer(
            Welcome.newBuilder().setWorker(WORKER).build(),
            TokenStreamTest.cluster(SECRET),
            settings(),
            (requestId, attempt) -> {},
            new StreamMetrics(meters));
    private final List<ManagedChannel> channels = new CopyOnWriteArrayList<>();
    private int port;

    private static StreamProperties settings() {
        return new StreamProperties(
                Duration.ofMillis(50),
                Duration.ofMillis(50),
                Duration.ofMillis(1_500),
                Duration.ofMillis(300),
                Duration.ofMillis(10),
                Duration.ofMillis(100),
                Duration.ofSeconds(20),
                DataSize.ofMegabytes(8),
                1_000);
    }

    @BeforeEach
    void start() throws IOException {
        server.over(builder -> builder.bossEventLoopGroup(threads)
                .workerEventLoopGroup(threads)
                .channelFactory(Watched::new));
        port = server.start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), ClusterTls.NONE);
    }

    private ManagedChannel connection() {
        ManagedChannel channel =
                NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
        channels.add(channel);
        return channel;
    }

    @AfterEach
    void stop() {
        channels.forEach(ManagedChannel::shutdownNow);
        server.close();
        threads.shutdownGracefully();
    }

    @Test
    void aCallerThatDoesNotSayHelloIsSentAway() throws Exception {
        Call call = new Call();
        call.out.onNext(
                GatewayMessage.newBuilder().setPing(Ping.getDefaultInstance()).build());
        assertThat(call.end.get().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        assertThat(call.heard).allMatch(WorkerMessage::hasChallenge);
    }

    @Test
    void aCallerThatProvesTheSecretStays() {
        Call call = new Call();
        call.hello(call.proved(SECRET, WORKER));
        await().until(() -> call.heard.getLast().hasWelcome());
        Call stranger = new Call();
        await().until(stranger.end::isDone);
        assertThat(call.end).isNotDone();
    }

    @Test
    void aWrongSecretIsNamedAsSuch() throws Exception {
        Call call = new Call();
        call.hello(call.proved("the secret of another", WORKER));
        assertThat(call.end.get().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
        assertThat(call.end.get().getDescription()).contains("wrong secret").contains("baton.cluster.secret");
        assertThat(call.heard).hasSize(1);
        assertThat(refused("secret")).isEqualTo(1);
    }

    @Test
    void aHelloSaidToAnotherChallengeProvesNothing() throws Exception {
        Call honest = new Call();
        Hello said = honest.proved(SECRET, WORKER);
        honest.hello(said);
        await().until(() -> honest.heard.getLast().hasWelcome());
        Call replay = new Call();
        replay.challenge();
        replay.hello(said);
        assertThat(replay.end.get().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
    }

    @Test
    void aHelloThatWasChangedOnItsWayProvesNothing() throws Exception {
        Call call = new Call();
        call.hello(call.proved(SECRET, WORKER).toBuilder().setGateway("other").build());
        assertThat(call.end.get().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
    }

    /** A hello that was meant for an earlier life could have been led here by a process that listens at its old address. */
    @Test
    void aHelloForAnotherLifeIsRefused() throws Exception {
        Call call = new Call();
        call.hello(call.proved(SECRET, WORKER.toBuilder().setEpoch(6).build()));
        assertThat(call.end.get().getCode()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(refused("epoch")).isEqualTo(1);
    }

    @Test
    void anOlderGatewayThatShowsTheSecretItselfIsToldSo() throws Exception {
        Call call = new Call();
        call.challenge();
        Hello old = Hello.parseFrom(ByteString.copyFromUtf8("\n\1g\22\3abc"));
        assertThat(old.getUnknownFields().hasField(2)).isTrue();
        call.hello(old);
        assertThat(call.end.get().getDescription()).contains("older version");
    }

    @Test
    void aLargeHelloIsNotRead() throws Exception {
        Call call = new Call();
        call.hello(call.proved(SECRET, WORKER).toBuilder()
                .setGateway("g".repeat(100_000))
                .build());
        // Not its own status: that could only be sent before the challenge.
        assertThat(call.end.get().getCode()).isEqualTo(Status.Code.CANCELLED);
        assertThat(call.heard).allMatch(WorkerMessage::hasChallenge);
    }

    @Test
    void tokensDoNotWaitForAnAcknowledgementOfTheOnesBefore() {
        Call call = new Call();
        call.hello(call.proved(SECRET, WORKER));
        await().until(() -> call.heard.getLast().hasWelcome());
        assertThat(accepted).hasSize(1).allMatch(each -> each.config().getOption(ChannelOption.TCP_NODELAY));
    }

    private double refused(String reason) {
        return meters.get("baton.stream.refusals")
                .tag("reason", reason)
                .counter()
                .count();
    }

    private final class Call implements StreamObserver<WorkerMessage> {
        private final List<WorkerMessage> heard = new CopyOnWriteArrayList<>();
        private final CompletableFuture<Status> end = new CompletableFuture<>();
        private final StreamObserver<GatewayMessage> out = ClientCalls.asyncBidiStreamingCall(
                connection().newCall(TokenStreamMethod.METHOD, CallOptions.DEFAULT), this);

        ByteString challenge() {
            await().until(() -> !heard.isEmpty());
            return heard.getFirst().getChallenge().getNonce();
        }

        Hello proved(String secret, WorkerRef expects) {
            return new StreamHandshake(TokenStreamTest.cluster(secret))
                    .hello(TokenStreamTest.gateway("g"), expects, challenge(), ClusterSecret.nonce());
        }

        void hello(Hello hello) {
            out.onNext(GatewayMessage.newBuilder().setHello(hello).build());
        }

        @Override
        public void onNext(WorkerMessage message) {
            heard.add(message);
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

    /** Notes the connections that it accepts. */
    private final class Watched extends NioServerSocketChannel {
        @Override
        protected int doReadMessages(List<Object> buffer) throws Exception {
            int read = super.doReadMessages(buffer);
            if (read > 0) {
                accepted.add((SocketChannel) buffer.getLast());
            }
            return read;
        }
    }
}
