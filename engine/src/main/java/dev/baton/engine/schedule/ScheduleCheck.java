package dev.baton.engine.schedule;

import dev.baton.kv.BlockPool;
import dev.baton.kv.BlockState;
import java.util.List;
import java.util.Map;

/** The invariant between sequences and the pool: each block is held by exactly the sequences and leases that refer to it. */
record ScheduleCheck(BlockPool pool) {
    void run(List<? extends Sequence> sequences) {
        pool.checkIntegrity();
        Map<Integer, Integer> holders = pool.leasedReferences();
        for (Sequence sequence : sequences) {
            for (int i = sequence.table().givenBack(); i < sequence.table().size(); i++) {
                int block = sequence.table().block(i);
                BlockState expected = switch (sequence.phase) {
                    case RESERVED -> i < sequence.reservedFrom ? BlockState.ACTIVE : BlockState.RESERVED;
                    case QUARANTINED -> BlockState.QUARANTINED;
                    case QUEUED, PREFILLING, DECODING, HOLDING, ENDED -> BlockState.ACTIVE;
                };
                holders.merge(block, 1, Integer::sum);
                if (pool.state(block) != expected) {
                    throw new IllegalStateException("block %d of a sequence that is %s is %s"
                            .formatted(block, sequence.phase, pool.state(block)));
                }
            }
        }
        for (int block = 0; block < pool.blocks(); block++) {
            int counted = switch (pool.state(block)) {
                case FREE, CACHED -> 0;
                case RESERVED, QUARANTINED -> 1;
                case ACTIVE -> pool.references(block);
            };
            int held = holders.getOrDefault(block, 0);
            if (held != counted) {
                throw new IllegalStateException("block %d is %s with %d references, held by %d sequences and leases"
                        .formatted(block, pool.state(block), counted, held));
            }
        }
    }
}
