package dev.baton.cluster.streams;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.config.StreamProperties;
import dev.baton.protocol.v1.GatewayMessage;
import dev.baton.protocol.v1.Hello;
import dev.baton.protocol.v1.Ping;
import dev.baton.protocol.v1.Welcome;
import dev.baton.protocol.v1.WorkerMessage;
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

/** What a worker's token stream allows to callers that have not shown the secret, and how its connections send. */
@Timeout(60)
class UnauthenticatedCallersTest {
    private final EventLoopGroup threads = new NioEventLoopGroup(1);
    private final List<SocketChannel> accepted = new CopyOnWriteArrayList<>();
    private final TokenStreamServer server = new TokenStreamServer(
            Welcome.getDefaultInstance(),
            "secret",
            settings(),
            (requestId, attempt) -> {},
            new StreamMetrics(new SimpleMeterRegistry()));
    private final List<ManagedChannel> channels = new CopyOnWriteArrayList<>();
    private int port;

    private static StreamProperties settings() {
        return new StreamProperties(
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
        port = server.start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
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
        assertThat(call.heard).isEmpty();
    }

    @Test
    void aCallerThatSaidHelloStays() {
        Call call = new Call();
        call.hello("g", "secret");
        await().until(() -> call.heard.size() == 1);
        Call stranger = new Call();
        await().until(stranger.end::isDone);
        assertThat(call.end).isNotDone();
    }

    @Test
    void aLargeHelloIsNotRead() throws Exception {
        Call call = new Call();
        call.hello("g".repeat(100_000), "secret");
        assertThat(call.end.get().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    }

    @Test
    void tokensDoNotWaitForAnAcknowledgementOfTheOnesBefore() {
        Call call = new Call();
        call.hello("g", "secret");
        await().until(() -> call.heard.size() == 1);
        assertThat(accepted).hasSize(1).allMatch(each -> each.config().getOption(ChannelOption.TCP_NODELAY));
    }

    private final class Call implements StreamObserver<WorkerMessage> {
        private final List<WorkerMessage> heard = new CopyOnWriteArrayList<>();
        private final CompletableFuture<Status> end = new CompletableFuture<>();
        private final StreamObserver<GatewayMessage> out = ClientCalls.asyncBidiStreamingCall(
                connection().newCall(TokenStreamMethod.METHOD, CallOptions.DEFAULT), this);

        void hello(String gateway, String secret) {
            out.onNext(GatewayMessage.newBuilder()
                    .setHello(Hello.newBuilder().setGateway(gateway).setSecret(secret))
                    .build());
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
