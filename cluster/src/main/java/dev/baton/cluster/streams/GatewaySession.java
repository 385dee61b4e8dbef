package dev.baton.cluster.streams;

import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.WorkerMessage;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.ArrayDeque;
import java.util.Deque;

/** One gateway's open stream, as the worker sees it. Owned by the server's thread. */
final class GatewaySession {
    private final GatewayRef gateway;
    private final ServerCallStreamObserver<WorkerMessage> out;
    private final long maxUnsent;
    private final Deque<WorkerMessage> unsent = new ArrayDeque<>();
    private long unsentBytes;
    private long heardAt;
    private boolean pinged;

    GatewaySession(GatewayRef gateway, ServerCallStreamObserver<WorkerMessage> out, long maxUnsent, long now) {
        this.gateway = gateway;
        this.out = out;
        this.maxUnsent = maxUnsent;
        this.heardAt = now;
    }

    GatewayRef gateway() {
        return gateway;
    }

    boolean is(ServerCallStreamObserver<WorkerMessage> call) {
        return out == call;
    }

    /** A message came, at {@link System#nanoTime} {@code now}. */
    void heard(long now) {
        heardAt = now;
    }

    /** True once. */
    boolean firstPing() {
        boolean first = !pinged;
        pinged = true;
        return first;
    }

    /** {@link System#nanoTime} of the last message. */
    long heardAt() {
        return heardAt;
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
