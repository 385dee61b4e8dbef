package dev.baton.transfer.pool;

import dev.baton.kv.KvLayout;
import dev.baton.protocol.v1.KvPoolDescription;
import dev.baton.protocol.v1.WorkerRef;

/**
 * Whose pool it is and what its bytes mean.
 *
 * @param epoch of the worker's life: random at each start of the process
 * @param modelFingerprint equal fingerprints make equal KV
 */
public record PoolIdentity(String workerId, long epoch, long modelFingerprint, KvLayout layout) {
    public PoolIdentity {
        if (!workerId.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")) {
            throw new IllegalArgumentException(
                    "worker id '%s': use up to 64 letters, digits, '.', '_' and '-'".formatted(workerId));
        }
    }

    public WorkerRef worker() {
        return WorkerRef.newBuilder().setId(workerId).setEpoch(epoch).build();
    }

    KvPoolDescription describe() {
        return KvPoolDescription.newBuilder()
                .setWorker(worker())
                .setModelFingerprint(modelFingerprint)
                .setLayout(LayoutCodec.describe(layout))
                .build();
    }

    static PoolIdentity of(KvPoolDescription description) {
        return new PoolIdentity(
                description.getWorker().getId(),
                description.getWorker().getEpoch(),
                description.getModelFingerprint(),
                LayoutCodec.layout(description.getLayout()));
    }
}
