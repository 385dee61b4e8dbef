package dev.baton.transfer.pool;

import dev.baton.kv.KvLayout;
import dev.baton.protocol.v1.KvPoolDescription;
import dev.baton.protocol.v1.WorkerRef;

/**
 * Whose pool it is and what its bytes mean.
 *
 * @param epoch of the worker's life: random at each start of the process
 * @param modelFingerprint equal fingerprints make equal KV
 * @param arithmetic in what the KV is computed, whatever the machine: "bf16 weights, f32 arithmetic, BF16 KV" say. Part of the
 *     fingerprint, here for the errors
 */
public record PoolIdentity(String workerId, long epoch, long modelFingerprint, String arithmetic, KvLayout layout) {
    private static final int MAX_ARITHMETIC = 256;

    public PoolIdentity {
        if (!workerId.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")) {
            throw new IllegalArgumentException(
                    "worker id '%s': use up to 64 letters, digits, '.', '_' and '-'".formatted(workerId));
        }
        if (arithmetic.length() > MAX_ARITHMETIC) {
            throw new IllegalArgumentException(
                    "arithmetic described in %d characters, at most %d".formatted(arithmetic.length(), MAX_ARITHMETIC));
        }
    }

    /** Of arithmetic without a description. */
    public PoolIdentity(String workerId, long epoch, long modelFingerprint, KvLayout layout) {
        this(workerId, epoch, modelFingerprint, "", layout);
    }

    public WorkerRef worker() {
        return WorkerRef.newBuilder().setId(workerId).setEpoch(epoch).build();
    }

    /** True when both name one life of one worker with one model; descriptions of its arithmetic may differ. */
    boolean sameAs(PoolIdentity other) {
        return worker().equals(other.worker())
                && modelFingerprint == other.modelFingerprint
                && layout.equals(other.layout);
    }

    KvPoolDescription describe() {
        return KvPoolDescription.newBuilder()
                .setWorker(worker())
                .setModelFingerprint(modelFingerprint)
                .setLayout(LayoutCodec.describe(layout))
                .setArithmetic(arithmetic)
                .build();
    }

    static PoolIdentity of(KvPoolDescription description) {
        return new PoolIdentity(
                description.getWorker().getId(),
                description.getWorker().getEpoch(),
                description.getModelFingerprint(),
                description.getArithmetic(),
                LayoutCodec.layout(description.getLayout()));
    }
}
