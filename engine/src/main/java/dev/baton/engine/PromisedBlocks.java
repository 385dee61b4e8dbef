package dev.baton.engine;

import dev.baton.engine.EngineCommand.Hold;
import dev.baton.engine.EngineCommand.LetGo;
import dev.baton.kv.BlockHash;
import dev.baton.kv.BlockPool;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Blocks that others count on. Held ones are being read by another worker and stay as they are until it has let go. Kept ones
 * are of prompts that were handed over, and are asked for again when a worker dies that makes an answer: they are leased until
 * the answer has ended, or for a while.
 *
 * <p>What is leased so is at most a quarter of the pool: beyond it the oldest leases end. And they end, oldest first, when
 * work waits for room that nothing else here will free. A prompt whose lease has ended early is still evicted after all others.
 * One thread.
 */
final class PromisedBlocks {
    private static final int MOST_KEPT = 4_096;

    /** What is kept is leased up to this part of the pool. */
    private static final int LEASED_PART = 4;

    private final BlockPool pool;
    private final Duration keep;
    private final Map<String, BlockPool.Lease> held = new HashMap<>();
    private final Map<String, Kept> kept = new LinkedHashMap<>();

    /** Of those that are kept, the ones whose blocks cannot be evicted; oldest first. */
    private final Map<String, BlockPool.Lease> leased = new LinkedHashMap<>();

    private int leasedBlocks;

    private record Kept(List<BlockHash> chain, long untilMillis) {}

    PromisedBlocks(BlockPool pool, Duration keep) {
        this.pool = pool;
        this.keep = keep;
    }

    void hold(Hold command) {
        BlockPool.Lease lease = pool.lease(command.names());
        BlockPool.Lease before = held.put(command.holder(), lease);
        if (before != null) {
            pool.endLease(before);
        }
        command.held().accept(lease.blocks().clone());
    }

    void letGo(LetGo command) {
        BlockPool.Lease lease = held.remove(command.holder());
        if (lease != null) {
            pool.endLease(lease);
        }
        endKeep(command.holder());
    }

    /** Keeps a chain for a while, instead of what was kept for that holder before. */
    void keep(String holder, List<BlockHash> chain, long nowMillis) {
        endKeep(holder);
        if (chain.isEmpty() || keep.isZero()) {
            return;
        }
        if (kept.size() == MOST_KEPT) {
            endKeep(kept.keySet().iterator().next());
        }
        pool.keep(chain);
        kept.put(holder, new Kept(chain, nowMillis + keep.toMillis()));
        int most = pool.blocks() / LEASED_PART;
        if (chain.size() <= most) {
            while (leasedBlocks + chain.size() > most) {
                giveUpOldestLease();
            }
            BlockPool.Lease lease = pool.lease(chain);
            leased.put(holder, lease);
            leasedBlocks += lease.blocks().length;
        }
    }

    /** Ends a lease of what is kept, so that its blocks can be evicted; false when there is none. */
    boolean giveUpOldestLease() {
        if (leased.isEmpty()) {
            return false;
        }
        endLease(leased.keySet().iterator().next());
        return true;
    }

    /** Ends what was kept long enough: all are kept for the same time, so the first is the first to end. */
    void expire(long nowMillis) {
        while (!kept.isEmpty() && kept.values().iterator().next().untilMillis() <= nowMillis) {
            endKeep(kept.keySet().iterator().next());
        }
    }

    private void endKeep(String holder) {
        endLease(holder);
        Kept over = kept.remove(holder);
        if (over != null) {
            pool.endKeep(over.chain());
        }
    }

    private void endLease(String holder) {
        BlockPool.Lease lease = leased.remove(holder);
        if (lease != null) {
            leasedBlocks -= lease.blocks().length;
            pool.endLease(lease);
        }
    }
}
