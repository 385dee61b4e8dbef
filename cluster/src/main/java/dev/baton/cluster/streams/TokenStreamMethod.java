package dev.baton.cluster.streams;

import dev.baton.cluster.tls.ClusterTls;
import dev.baton.protocol.v1.GatewayMessage;
import dev.baton.protocol.v1.WorkerMessage;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.protobuf.ProtoUtils;
import java.net.ConnectException;
import java.time.Duration;

/** The gRPC method {@code baton.v1.TokenStream/Attach}. */
final class TokenStreamMethod {
    static final String SERVICE = "baton.v1.TokenStream";

    static final MethodDescriptor<GatewayMessage, WorkerMessage> METHOD =
            MethodDescriptor.<GatewayMessage, WorkerMessage>newBuilder()
                    .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
                    .setFullMethodName(MethodDescriptor.generateFullMethodName(SERVICE, "Attach"))
                    .setRequestMarshaller(ProtoUtils.marshaller(GatewayMessage.getDefaultInstance()))
                    .setResponseMarshaller(ProtoUtils.marshaller(WorkerMessage.getDefaultInstance()))
                    .build();

    /** A frame of a large batch with log probabilities stays far below this. */
    static final int MAX_MESSAGE = 64 << 20;

    /** What a gateway sends are names and numbers; until its first message has proved the secret it may be anybody. */
    static final int MAX_REQUEST = 16 << 10;

    static final int FLOW_WINDOW = 4 << 20;

    private TokenStreamMethod() {}

    /**
     * A gateway's connection to a worker; it connects with the first call.
     *
     * @throws IllegalStateException when the certificates of the moment cannot be used
     */
    static ManagedChannel channel(String host, int port, ClusterTls tls, Duration connectTimeout) {
        NettyChannelBuilder builder = NettyChannelBuilder.forAddress(host, port)
                .directExecutor()
                .withOption(ChannelOption.TCP_NODELAY, true)
                .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) connectTimeout.toMillis())
                .flowControlWindow(FLOW_WINDOW)
                .maxInboundMessageSize(MAX_MESSAGE);
        StreamTls.connecting(tls).ifPresentOrElse(builder::sslContext, builder::usePlaintext);
        return builder.build();
    }

    /** Whether a call failed since no process listens there: a worker that only froze would not answer at all. */
    static boolean portRefuses(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof ConnectException
                    && String.valueOf(cause.getMessage()).contains("refused")) {
                return true;
            }
        }
        return false;
    }
}
