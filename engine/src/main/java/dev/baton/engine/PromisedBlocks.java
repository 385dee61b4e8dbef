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
import org.jspecify.annotations.Nullable;

/**
 * Blocks that others count on. Held ones are being read by another worker and stay as they are until it has let go. Kept ones
 * are of prompts that were handed over and are likely to be asked for again while their answers are made: they are evicted
 * last. One thread.
 */
final class PromisedBlocks {
    private static final int MOST_KEPT = 4_096;

    private final BlockPool pool;
    private final Duration keep;
    private final Map<String, BlockPool.Lease> held = new HashMap<>();
    private final Map<String, Kept> kept = new LinkedHashMap<>();

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
        end(kept.remove(command.holder()));
    }

    /** Keeps a chain for a while, instead of what was kept for that holder before. */
    void keep(String holder, List<BlockHash> chain, long nowMillis) {
        end(kept.remove(holder));
        if (chain.isEmpty() || keep.isZero()) {
            return;
        }
        if (kept.size() == MOST_KEPT) {
            end(kept.remove(kept.keySet().iterator().next()));
        }
        pool.keep(chain);
        kept.put(holder, new Kept(chain, nowMillis + keep.toMillis()));
    }

    /** Ends what was kept long enough: all are kept for the same time, so the first is the first to end. */
    void expire(long nowMillis) {
        while (!kept.isEmpty() && kept.values().iterator().next().untilMillis() <= nowMillis) {
            end(kept.remove(kept.keySet().iterator().next()));
        }
    }

    private void end(@Nullable Kept over) {
        if (over != null) {
            pool.endKeep(over.chain());
        }
    }
}
