package dev.baton.engine;

import dev.baton.kv.BlockLedger;
import dev.baton.kv.NamedBlock;
import java.util.List;

/**
 * What the memory under an engine's pool knows of its blocks.
 *
 * @param verifyHits whether the bytes of shared blocks are compared with their digests before they are used
 * @param adopted full blocks that an earlier life of this worker left: the engine starts with them as its cache
 */
public record PoolMemory(BlockLedger ledger, boolean verifyHits, List<NamedBlock> adopted) {
    /** Remembers nothing. */
    public static final PoolMemory NONE = new PoolMemory(BlockLedger.NONE, false, List.of());

    public PoolMemory {
        adopted = List.copyOf(adopted);
    }
}
