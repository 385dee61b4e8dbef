package dev.baton.bench.cache;

import dev.baton.kv.BlockHash;
import dev.baton.kv.BlockPool;
import dev.baton.kv.CacheForecast;
import java.util.List;

/** The prompts of a trace through a real pool, one after another: each finds what it can, and leaves all of its blocks. */
final class CacheReplay {
    private final BlockPool pool;
    private long found;
    private long asked;

    CacheReplay(BlockPool pool) {
        this.pool = pool;
    }

    CacheReplay run(ConversationTrace trace) {
        trace.prompts().forEach(this::prompt);
        return this;
    }

    private void prompt(List<BlockHash> names) {
        int here = pool.find(names);
        found += here;
        asked += names.size();
        int[] shared = pool.share(names, here);
        pool.goesOnFrom(names, here);
        int[] computed = pool.allocate(names.size() - here)
                .orElseThrow(() -> new IllegalArgumentException(
                        "a prompt of %d blocks in a pool of %d".formatted(names.size(), pool.blocks())));
        for (int i = 0; i < computed.length; i++) {
            int index = here + i;
            pool.publish(computed[i], index == 0 ? null : names.get(index - 1), names.get(index));
        }
        pool.release(computed);
        pool.release(shared);
        pool.drainEvicted();
    }

    /** Blocks found, of all that were asked for. */
    double hitShare() {
        return found / (double) asked;
    }

    CacheForecast forecast() {
        return pool.forecast();
    }
}
