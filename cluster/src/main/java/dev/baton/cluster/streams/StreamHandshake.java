package dev.baton.cluster.streams;

import com.google.protobuf.ByteString;
import dev.baton.config.ClusterProperties;
import dev.baton.protocol.ClusterSecret;
import dev.baton.protocol.ClusterSecret.Purpose;
import dev.baton.protocol.UntrustedName;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.Hello;
import dev.baton.protocol.v1.Welcome;
import dev.baton.protocol.v1.WorkerRef;
import io.grpc.Status;
import java.util.Optional;

/**
 * How a token stream begins. The worker challenges; the gateway says who it is and which worker it means, and proves the
 * cluster's secret; the worker checks, and proves it in turn. The secret itself is never sent, and nothing else is taken
 * from a peer that has not proved it. Immutable; safe from any thread.
 */
final class StreamHandshake {
    static final int VERSION = 1;

    private final String cluster;
    private final ClusterSecret secret;

    StreamHandshake(ClusterProperties cluster) {
        this.cluster = cluster.name();
        this.secret = cluster.proving();
    }

    /**
     * A gateway's answer to a worker's challenge.
     *
     * @param nonce the gateway's own challenge
     * @throws IllegalArgumentException when the worker's challenge does not have the right length
     */
    Hello hello(GatewayRef gateway, WorkerRef expects, ByteString challenge, ByteString nonce) {
        Hello unsigned = Hello.newBuilder()
                .setGateway(gateway.getId())
                .setFrom(gateway)
                .setCluster(cluster)
                .setExpects(expects)
                .setVersion(VERSION)
                .setNonce(nonce)
                .build();
        return unsigned.toBuilder()
                .setProof(secret.proof(Purpose.GATEWAY, challenge, unsigned.toByteString()))
                .build();
    }

    /** Why a worker does not let this gateway in; empty when it does. */
    Optional<StreamRefusal> refusal(Hello hello, ByteString challenge, WorkerRef self) {
        if (hello.getVersion() == 0) {
            return Optional.of(new StreamRefusal(
                    StreamRefusal.Reason.VERSION,
                    "the gateway is of an older version, which sent the secret itself: run the same Baton everywhere"));
        }
        ByteString said = hello.toBuilder().clearProof().build().toByteString();
        if (!secret.proves(hello.getProof(), Purpose.GATEWAY, challenge, said)) {
            return Optional.of(new StreamRefusal(
                    StreamRefusal.Reason.SECRET,
                    "wrong secret: set " + ClusterSecret.SETTING + " alike on all gateways and workers"));
        }
        boolean named =
                !hello.getFrom().getId().isEmpty() && hello.getFrom().getId().equals(hello.getGateway());
        if (hello.getVersion() != VERSION || hello.getNonce().size() != ClusterSecret.NONCE_BYTES || !named) {
            return Optional.of(new StreamRefusal(
                    StreamRefusal.Reason.VERSION,
                    "token stream version %d here, %d there: run the same Baton everywhere"
                            .formatted(VERSION, hello.getVersion())));
        }
        if (!hello.getCluster().equals(cluster)) {
            return Optional.of(new StreamRefusal(
                    StreamRefusal.Reason.CLUSTER,
                    "baton.cluster.name is %s here, %s there"
                            .formatted(cluster, UntrustedName.printable(hello.getCluster()))));
        }
        if (!hello.getExpects().equals(self)) {
            return Optional.of(new StreamRefusal(
                    StreamRefusal.Reason.EPOCH,
                    "worker %s of epoch %016x is not here, but %s of epoch %016x"
                            .formatted(
                                    UntrustedName.printable(hello.getExpects().getId()),
                                    hello.getExpects().getEpoch(),
                                    self.getId(),
                                    self.getEpoch())));
        }
        return Optional.empty();
    }

    /** A worker's answer to a gateway that it lets in. */
    Welcome welcome(Welcome of, Hello hello) {
        Welcome unsigned = of.toBuilder().setCluster(cluster).clearProof().build();
        return unsigned.toBuilder()
                .setProof(secret.proof(Purpose.WORKER, hello.getNonce(), unsigned.toByteString()))
                .build();
    }

    /** Why a gateway does not believe this worker; empty when it does. */
    Optional<StreamRefusal> refusal(Welcome welcome, ByteString nonce, WorkerRef expected) {
        ByteString said = welcome.toBuilder().clearProof().build().toByteString();
        if (!secret.proves(welcome.getProof(), Purpose.WORKER, nonce, said)) {
            return Optional.of(new StreamRefusal(
                    StreamRefusal.Reason.SECRET,
                    "it does not prove the secret: set " + ClusterSecret.SETTING
                            + " alike on all gateways and workers"));
        }
        if (!welcome.getCluster().equals(cluster)) {
            return Optional.of(new StreamRefusal(
                    StreamRefusal.Reason.CLUSTER,
                    "baton.cluster.name is %s here, %s there"
                            .formatted(cluster, UntrustedName.printable(welcome.getCluster()))));
        }
        if (!welcome.getWorker().equals(expected)) {
            return Optional.of(new StreamRefusal(
                    StreamRefusal.Reason.EPOCH, "it is another worker, or another life of the one that is listed"));
        }
        return Optional.empty();
    }

    /** Why a side does not go on with the other. The message is its own words. */
    record StreamRefusal(Reason reason, String message) {
        Status status() {
            return reason.status(message);
        }

        /** How it goes over the wire: a gateway tells the reasons apart by the code. */
        enum Reason {
            SECRET(
                    Status.Code.UNAUTHENTICATED,
                    "it refuses our secret: set " + ClusterSecret.SETTING + " alike on all gateways and workers"),
            VERSION(
                    Status.Code.UNIMPLEMENTED,
                    "it speaks another version of the token stream: run the same Baton everywhere"),
            CLUSTER(Status.Code.FAILED_PRECONDITION, "it belongs to a cluster with another baton.cluster.name"),
            EPOCH(Status.Code.NOT_FOUND, "that life of it is over"),
            DUPLICATE(
                    Status.Code.ALREADY_EXISTS,
                    "another gateway with our id is attached to it and alive: give each its own baton.gateway.id"),
            REPLACED(
                    Status.Code.ABORTED,
                    "a newer life of this gateway's id has taken our place there while we were silent: restart this one");

            private final Status.Code code;
            private final String asToldToGateways;

            Reason(Status.Code code, String asToldToGateways) {
                this.code = code;
                this.asToldToGateways = asToldToGateways;
            }

            Status status(String message) {
                return code.toStatus().withDescription(message);
            }

            /** What a worker's refusal means; not its own words, since it has proved nothing. */
            String asToldToGateways() {
                return asToldToGateways;
            }

            /** What a worker's status says; empty for one that says nothing about the handshake. */
            static Optional<Reason> of(Status status) {
                for (Reason reason : values()) {
                    if (reason.code == status.getCode()) {
                        return Optional.of(reason);
                    }
                }
                return Optional.empty();
            }
        }
    }
}
