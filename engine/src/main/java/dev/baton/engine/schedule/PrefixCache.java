package dev.baton.engine.schedule;

import dev.baton.kv.BlockHash;
import dev.baton.kv.BlockPool;
import java.util.List;

/**
 * Full blocks by the tokens they hold. A sequence's blocks are named as they are computed, so that others can share a
 * prompt that is still under way; those of its last chunk only once a token was drawn from them, and when drawing fails
 * all of its names are taken back.
 */
record PrefixCache(BlockPool pool, int blockTokens) {
    /** Blocks at the sequence's start that are here; never all of it, since its last row gives the next token's logits. */
    int usable(Sequence sequence) {
        return Math.min(pool.find(sequence.names()), (sequence.length() - 1) / blockTokens);
    }

    /** The sequence's full blocks can be found from now on. */
    void publish(Sequence sequence) {
        List<BlockHash> names = sequence.names();
        for (; (sequence.named + 1) * blockTokens <= sequence.computed; sequence.named++) {
            int block = sequence.named;
            pool.publish(sequence.table().block(block), block == 0 ? null : names.get(block - 1), names.get(block));
        }
    }

    /** None of the sequence's blocks can be found any more, not even those that it shares: any may be the broken one. */
    void distrust(Sequence sequence) {
        pool.unpublish(sequence.table().toArray());
    }

    /** Names of the sequence's blocks that can be found, from its first on. */
    List<BlockHash> chain(Sequence sequence) {
        List<BlockHash> named = sequence.names().subList(0, sequence.named);
        return List.copyOf(named.subList(0, pool.find(named)));
    }
}
