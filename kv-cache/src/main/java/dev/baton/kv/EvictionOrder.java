package dev.baton.kv;

import java.util.Collection;
import java.util.TreeMap;

/**
 * The blocks of a pool that may be evicted, in the order in which they go: the one unused for longest first, and kept ones
 * after all others. Remembers uses and keeps of all blocks, also of those that may not go now. One thread.
 */
final class EvictionOrder {
    private static final long KEPT = 1L << 62;

    private final long[] lastUse;
    private final int[] kept;
    private final TreeMap<Long, Integer> byLastUse = new TreeMap<>();
    private long uses;

    EvictionOrder(int blocks) {
        lastUse = new long[blocks];
        kept = new int[blocks];
    }

    /** The block to evict next. There must be one. */
    int first() {
        return byLastUse.firstEntry().getValue();
    }

    /** The block may be evicted from now on, in its turn by its last use. */
    void add(int block) {
        byLastUse.put(lastUse[block], block);
    }

    /** The block may not be evicted. Nothing happens when it could not be. */
    void remove(int block) {
        byLastUse.remove(lastUse[block]);
    }

    /** A block that may not be evicted is used now: later than all others, and when it is kept later than all that are not. */
    void used(int block) {
        lastUse[block] = ++uses + (kept[block] > 0 ? KEPT : 0);
    }

    /** From now on the block goes after all that are not kept. Keeps are counted. */
    void keep(int block) {
        if (kept[block]++ == 0) {
            touch(block);
        }
    }

    /** Ends one {@link #keep}, if there is one. */
    void endKeep(int block) {
        if (kept[block] > 0 && --kept[block] == 0) {
            touch(block);
        }
    }

    /** Ends every {@link #keep} of a block that may not be evicted, without a use. */
    void endAllKeeps(int block) {
        kept[block] = 0;
    }

    private void touch(int block) {
        boolean listed = byLastUse.remove(lastUse[block], block);
        used(block);
        if (listed) {
            add(block);
        }
    }

    Collection<Integer> blocks() {
        return byLastUse.values();
    }
}
