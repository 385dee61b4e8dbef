package dev.baton.engine.schedule;

import dev.baton.kv.BlockHash;
import dev.baton.kv.BlockLedger;
import dev.baton.kv.BlockPool;
import dev.baton.kv.OpenBlock;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Full blocks by the tokens they hold. A sequence's blocks are named as they are computed, so that others can share a
 * prompt that is still under way; those of its last chunk only once a token was drawn from them, and when drawing fails
 * all of its names are taken back. The pool's ledger remembers the same, with the digests of the bytes.
 */
final class PrefixCache {
    private static final int[] NO_BLOCKS = {};

    private final BlockPool pool;
    private final BlockLedger ledger;
    private final int blockTokens;
    private final int window;
    private final boolean verify;
    private int dropped;

    /** @param verify whether the bytes of shared blocks are compared with their digests before they are used */
    PrefixCache(BlockPool pool, BlockLedger ledger, ScheduleSettings settings, boolean verify) {
        this.pool = pool;
        this.ledger = ledger;
        this.blockTokens = settings.blockTokens();
        this.window = settings.window();
        this.verify = verify;
    }

    /**
     * Refers to the blocks at the sequence's start that are here; never to all of it, since its last row gives the next
     * token's logits.
     */
    int[] share(Sequence sequence) {
        if (sequence.scoresPrompt()) {
            return NO_BLOCKS;
        }
        int usable = Math.min(pool.find(sequence.names()), (sequence.length() - 1) / blockTokens);
        return pool.share(sequence.names(), usable);
    }

    /**
     * Compares shared blocks with their digests. The first that differs loses its name: it is never shared again.
     *
     * @return false when one differs
     */
    boolean intact(int[] shared) {
        if (!verify) {
            return true;
        }
        for (int block : shared) {
            if (!ledger.matches(block)) {
                pool.unpublish(block);
                ledger.forget(block);
                dropped++;
                return false;
            }
        }
        return true;
    }

    /** Blocks that have been found broken since the last call. */
    int takeDropped() {
        int taken = dropped;
        dropped = 0;
        return taken;
    }

    /**
     * The sequence's full blocks can be found from now on.
     *
     * @return whether there was a new one
     */
    boolean publish(Sequence sequence) {
        int before = sequence.named;
        List<BlockHash> names = sequence.names();
        for (; (sequence.named + 1) * blockTokens <= sequence.computed; sequence.named++) {
            int index = sequence.named;
            int block = sequence.table().block(index);
            pool.publish(block, parent(names, index), names.get(index));
            // Also where another block bears the name: that one may be gone before this sequence is.
            ledger.seal(block, parent(names, index), names.get(index));
        }
        return sequence.named > before;
    }

    /**
     * Blocks that the sequence's next row sees in no layer are not its own any more: they stay as cache while there is room.
     * Not so where another worker reads them.
     */
    void giveBack(Sequence sequence) {
        if (window > 0 && sequence.goal() != Goal.PREFILL) {
            int unseen = Math.max(0, sequence.computed - window + 1) / blockTokens;
            pool.release(sequence.table().giveBack(Math.min(unseen, sequence.named)));
        }
    }

    /** Remembers the rows of the sequences' last blocks while they are not full, so that another can go on from them. */
    void recordOpenBlocks(List<? extends Sequence> sequences) {
        List<OpenBlock> open = new ArrayList<>(sequences.size());
        for (Sequence sequence : sequences) {
            int rows = sequence.computed % blockTokens;
            if (rows > 0) {
                int index = sequence.computed / blockTokens;
                open.add(new OpenBlock(
                        sequence.table().block(index),
                        parent(sequence.names(), index),
                        sequence.known(),
                        index * blockTokens,
                        rows));
            }
        }
        if (!open.isEmpty()) {
            ledger.record(open);
        }
    }

    private static @Nullable BlockHash parent(List<BlockHash> names, int index) {
        return index == 0 ? null : names.get(index - 1);
    }

    /** None of the sequence's blocks can be found any more, not even those that it shares: any may be the broken one. */
    void distrust(Sequence sequence) {
        List<BlockHash> givenBack = sequence.names().subList(0, sequence.table().givenBack());
        int[] cached = pool.share(givenBack, pool.find(givenBack));
        for (int[] blocks : List.of(cached, sequence.table().held())) {
            pool.unpublish(blocks);
            forget(blocks);
        }
        pool.release(cached);
    }

    /** The ledger forgets blocks that will be written. */
    int[] forget(int[] blocks) {
        for (int block : blocks) {
            ledger.forget(block);
        }
        return blocks;
    }

    /** Names of the sequence's blocks that can be found, from its first on. */
    List<BlockHash> chain(Sequence sequence) {
        List<BlockHash> named = sequence.names().subList(0, sequence.named);
        return List.copyOf(named.subList(0, pool.find(named)));
    }
}
