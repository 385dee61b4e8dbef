package dev.baton.cluster.streams;

import com.google.protobuf.ByteString;
import dev.baton.protocol.ClusterSecret;
import dev.baton.protocol.UntrustedName;
import dev.baton.protocol.v1.Challenge;
import dev.baton.protocol.v1.Hello;
import dev.baton.protocol.v1.WorkerMessage;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.IdentityHashMap;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Calls that have proved nothing yet, with the challenge that each was given. Owned by the server's thread. */
final class UnprovenCalls {
    private static final Logger LOG = LoggerFactory.getLogger(UnprovenCalls.class);

    private final IdentityHashMap<ServerCallStreamObserver<WorkerMessage>, ByteString> challenges =
            new IdentityHashMap<>();
    private final Complaints complaints = new Complaints();
    private final StreamMetrics metrics;

    UnprovenCalls(StreamMetrics metrics) {
        this.metrics = metrics;
    }

    void challenge(ServerCallStreamObserver<WorkerMessage> out) {
        ByteString nonce = ClusterSecret.nonce();
        challenges.put(out, nonce);
        out.onNext(WorkerMessage.newBuilder()
                .setChallenge(Challenge.newBuilder().setNonce(nonce))
                .build());
    }

    /** The challenge that a call was given, once; nothing for a second hello, or one that came too late. */
    Optional<ByteString> answered(ServerCallStreamObserver<WorkerMessage> out) {
        return Optional.ofNullable(challenges.remove(out));
    }

    void refuse(ServerCallStreamObserver<WorkerMessage> out, Hello hello, StreamHandshake.StreamRefusal refusal) {
        metrics.refused(refusal.reason());
        if (refusal.reason() != StreamHandshake.StreamRefusal.Reason.EPOCH && complaints.allowed()) {
            LOG.warn(
                    "A caller that says it is gateway {} is refused: {}",
                    UntrustedName.printable(hello.getGateway()),
                    refusal.message());
        }
        out.onError(refusal.status().asException());
    }

    /** Ends a call that has not sent its hello within the limit. */
    void timedOut(ServerCallStreamObserver<WorkerMessage> out, Duration limit) {
        if (challenges.remove(out) != null && !out.isCancelled()) {
            if (complaints.allowed()) {
                LOG.warn("A caller has not sent its hello within {} and is rejected", limit);
            }
            out.onError(Status.DEADLINE_EXCEEDED
                    .withDescription("no hello within " + limit)
                    .asException());
        }
    }

    void left(ServerCallStreamObserver<WorkerMessage> out) {
        challenges.remove(out);
    }
}
