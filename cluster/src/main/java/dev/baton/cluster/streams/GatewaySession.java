package dev.baton.cluster.streams;

import dev.baton.protocol.v1.WorkerMessage;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.ArrayDeque;
import java.util.Deque;

/** One gateway's open stream, as the worker sees it. Owned by the server's thread. */
final class GatewaySession {
    private final String gateway;
    private final ServerCallStreamObserver<WorkerMessage> out;
    private final long maxUnsent;
    private final Deque<WorkerMessage> unsent = new ArrayDeque<>();
    private long unsentBytes;

    GatewaySession(String gateway, ServerCallStreamObserver<WorkerMessage> out, long maxUnsent) {
        this.gateway = gateway;
        this.out = out;
        this.maxUnsent = maxUnsent;
    }

    String gateway() {
        return gateway;
    }

    boolean is(ServerCallStreamObserver<WorkerMessage> call) {
        return out == call;
    }

    long unsentBytes() {
        return unsentBytes;
    }

    /** Sends now when the connection takes it, else once it does. False when too much waits: the stream is stuck. */
    boolean send(WorkerMessage message) {
        unsent.add(message);
        unsentBytes += message.getSerializedSize();
        drain();
        return unsentBytes <= maxUnsent;
    }

    void drain() {
        while (!unsent.isEmpty() && out.isReady() && !out.isCancelled()) {
            WorkerMessage message = unsent.remove();
            unsentBytes -= message.getSerializedSize();
            out.onNext(message);
        }
    }

    void close(Status status) {
        unsent.clear();
        unsentBytes = 0;
        try {
            if (!out.isCancelled()) {
                out.onError(status.asException());
            }
        } catch (IllegalStateException | StatusRuntimeException e) {
            // The call has ended meanwhile: that is what was asked for.
        }
    }
}
