package dev.baton.worker;

import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState.Role;
import java.security.SecureRandom;

/**
 * A worker's id and epoch.
 *
 * @param epoch random at each start of the process: what an earlier process of this id did is not ours
 */
public record WorkerIdentity(String id, long epoch, Role role) {
    private static final SecureRandom RANDOM = new SecureRandom();

    static WorkerIdentity withNewEpoch(String id, Role role) {
        return new WorkerIdentity(id, RANDOM.nextLong(), role);
    }

    public WorkerRef ref() {
        return WorkerRef.newBuilder().setId(id).setEpoch(epoch).build();
    }
}
