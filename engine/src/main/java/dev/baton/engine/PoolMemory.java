package dev.baton.engine;

import dev.baton.kv.AdoptedBlocks;
import dev.baton.kv.BlockLedger;

/**
 * The memory under an engine's pool, as a ledger of its blocks.
 *
 * @param verifyHits whether the bytes of shared blocks are compared with their digests before they are used
 * @param adopted blocks that an earlier life of this worker left: the engine starts with the full ones as its cache
 */
public record PoolMemory(BlockLedger ledger, boolean verifyHits, AdoptedBlocks adopted) {
    /** Remembers nothing. */
    public static final PoolMemory NONE = new PoolMemory(BlockLedger.NONE, false, AdoptedBlocks.NONE);
}
