package dev.baton.cluster.streams;

import dev.baton.protocol.v1.GatewayMessage;
import dev.baton.protocol.v1.WorkerMessage;
import io.grpc.MethodDescriptor;
import io.grpc.protobuf.ProtoUtils;

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

    /** What a gateway sends are names and numbers; until its first message has shown the secret it may be anybody. */
    static final int MAX_REQUEST = 16 << 10;

    static final int FLOW_WINDOW = 4 << 20;

    private TokenStreamMethod() {}
}
