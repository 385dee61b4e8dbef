package dev.baton.cluster.registry;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.baton.config.ClusterProperties;
import dev.baton.protocol.ClusterSecret;
import dev.baton.protocol.ClusterSecret.Purpose;
import dev.baton.protocol.v1.SignedWorkerState;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import java.util.Base64;
import java.util.HexFormat;

/** Signs worker states and tells the signed from the forged. Immutable; safe from any thread. */
final class SignedEntries {
    private final String cluster;
    private final ClusterSecret secret;

    SignedEntries(ClusterProperties cluster) {
        this.cluster = cluster.name();
        this.secret = cluster.proving();
    }

    /** What became of an entry. */
    sealed interface Read {
        /** A member of the cluster wrote it. */
        record Proved(WorkerState state) implements Read {}

        record Refused(Reason reason) implements Read {}
    }

    /** Why an entry is not believed. */
    enum Reason {
        UNREADABLE("it cannot be read"),
        UNSIGNED("it is not signed; an older version may have written it, or somebody who is not of this cluster"),
        PROOF("its signature is wrong: set " + ClusterSecret.SETTING + " alike everywhere, or somebody has forged it"),
        CLUSTER("it belongs to a cluster with another baton.cluster.name"),
        KEY("it lies under the key of another worker, or another life of it");

        private final String message;

        Reason(String message) {
            this.message = message;
        }

        String message() {
            return message;
        }
    }

    /** As scripts compare it. */
    static String epoch(WorkerRef worker) {
        return HexFormat.of().toHexDigits(worker.getEpoch());
    }

    SignedWorkerState sign(WorkerState state) {
        WorkerState named = state.toBuilder().setCluster(cluster).build();
        return SignedWorkerState.newBuilder()
                .setState(named.toByteString())
                .setProof(secret.proof(Purpose.WORKER_STATE, named.toByteString()))
                .build();
    }

    /**
     * @param id the worker whose key it lies under
     * @param value as Redis has it: {@code epoch|state}
     */
    Read read(String id, String value) {
        try {
            SignedWorkerState signed =
                    SignedWorkerState.parseFrom(Base64.getDecoder().decode(value.substring(value.indexOf('|') + 1)));
            if (signed.getProof().isEmpty()) {
                return new Read.Refused(Reason.UNSIGNED);
            }
            if (!secret.proves(signed.getProof(), Purpose.WORKER_STATE, signed.getState())) {
                return new Read.Refused(Reason.PROOF);
            }
            WorkerState state = WorkerState.parseFrom(signed.getState());
            if (!state.getCluster().equals(cluster)) {
                return new Read.Refused(Reason.CLUSTER);
            }
            boolean own = state.getWorker().getId().equals(id) && value.startsWith(epoch(state.getWorker()) + "|");
            return own ? new Read.Proved(state) : new Read.Refused(Reason.KEY);
        } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
            return new Read.Refused(Reason.UNREADABLE);
        }
    }
}
