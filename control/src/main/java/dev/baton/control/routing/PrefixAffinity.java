package dev.baton.control.routing;

import dev.baton.kv.BlockHash;
import dev.baton.protocol.v1.WorkerRef;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The prefix index of one gateway: which worker is thought to hold which block in cache, from what was sent there and what
 * ended there, without asking it. A restarted worker holds nothing. A wrong guess costs a prefill, never a wrong token.
 * Bounded; the least recently named blocks go first. Not thread-safe.
 */
final class PrefixAffinity {
    private final Map<Key, Boolean> blocks;
    private final int blockTokens;

    PrefixAffinity(int blockTokens, int mostBlocks) {
        this.blockTokens = blockTokens;
        this.blocks = new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<Key, Boolean> eldest) {
                return size() > mostBlocks;
            }
        };
    }

    private record Key(WorkerRef worker, BlockHash block) {}

    /** These blocks are, or will be, in this worker's cache. Returns those of them that were not thought to be there. */
    List<BlockHash> note(WorkerRef worker, List<BlockHash> chain) {
        return chain.stream()
                .filter(block -> blocks.put(new Key(worker, block), true) == null)
                .toList();
    }

    /** These blocks did not get into this worker's cache. */
    void forget(WorkerRef worker, List<BlockHash> lacking) {
        lacking.forEach(block -> blocks.remove(new Key(worker, block)));
    }

    /** By worker id: how many tokens from the start of the prompt it likely holds; workers that hold none are absent. */
    Map<String, Integer> cached(Iterable<WorkerRef> workers, List<BlockHash> chain) {
        Map<String, Integer> cached = new HashMap<>();
        for (WorkerRef worker : workers) {
            int held = 0;
            while (held < chain.size() && blocks.get(new Key(worker, chain.get(held))) != null) {
                held++;
            }
            if (held > 0) {
                cached.put(worker.getId(), held * blockTokens);
            }
        }
        return cached;
    }
}
