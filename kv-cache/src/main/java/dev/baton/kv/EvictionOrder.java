package dev.baton.kv;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The cached blocks of a pool that may be evicted, leaves of the tree of names, in the order in which they go: the one unused
 * for longest first, guarded ones after all others, and kept ones last. Remembers uses, guards and keeps of all blocks, also
 * of those that may not go now. One thread.
 */
final class EvictionOrder {
    private static final long KEPT = 1L << 62;
    private static final long GUARDED = 1L << 61;

    private final long[] lastUse;
    private final int[] kept;
    private final boolean[] guarded;
    private final Map<BlockHash, Integer> cachedChildren = new HashMap<>();
    private final TreeMap<Long, Integer> byLastUse = new TreeMap<>();
    /** Cached ones, also those that others continue. */
    private final TreeMap<Long, Integer> guardedByLastUse = new TreeMap<>();

    private long uses;

    EvictionOrder(int blocks) {
        lastUse = new long[blocks];
        kept = new int[blocks];
        guarded = new boolean[blocks];
    }

    /** The block to evict next. There must be one. */
    int first() {
        return byLastUse.firstEntry().getValue();
    }

    /**
     * A block is cache from now on: it may be evicted unless another continues it.
     *
     * @param parentBlock the block of that parent, if it is cached
     */
    void cached(int block, BlockHash name, @Nullable BlockHash parent, @Nullable Integer parentBlock) {
        if (guarded[block]) {
            guardedByLastUse.put(lastUse[block], block);
        }
        if (!cachedChildren.containsKey(name)) {
            add(block);
        }
        if (parent != null && cachedChildren.merge(parent, 1, Integer::sum) == 1 && parentBlock != null) {
            remove(parentBlock);
        }
    }

    /** A block is cache no more: its parent may be evicted unless others continue it. */
    void uncached(int block, @Nullable BlockHash parent, @Nullable Integer parentBlock) {
        remove(block);
        guardedByLastUse.remove(lastUse[block]);
        boolean last = parent != null
                && cachedChildren.computeIfPresent(parent, (name, count) -> count == 1 ? null : count - 1) == null;
        if (last && parentBlock != null) {
            add(parentBlock);
        }
    }

    Map<BlockHash, Integer> cachedChildren() {
        return cachedChildren;
    }

    /** The block may be evicted from now on, in its turn by its last use. */
    private void add(int block) {
        byLastUse.put(lastUse[block], block);
    }

    /** The block may not be evicted. Nothing happens when it could not be. */
    private void remove(int block) {
        byLastUse.remove(lastUse[block]);
    }

    /** A block that may not be evicted is used now: later than all others of its kind. */
    void used(int block) {
        lastUse[block] = ++uses + (kept[block] > 0 ? KEPT : 0) + (guarded[block] ? GUARDED : 0);
    }

    /** From its next use on the block goes after all that are not guarded. It is not cached now. */
    void guard(int block) {
        guarded[block] = true;
    }

    /** Of more guarded blocks in the cache those unused for longest are guarded no more, as if each had just been used. */
    void guardAtMost(int most) {
        while (guardedByLastUse.size() > most) {
            int block = guardedByLastUse.firstEntry().getValue();
            guarded[block] = false;
            touch(block);
        }
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

    /** Ends every {@link #keep} and the guard of a block that is not cached, without a use. */
    void forget(int block) {
        kept[block] = 0;
        guarded[block] = false;
    }

    /** What was kept and guarded of one block is so of the other. Neither is cached now. */
    void passOn(int from, int to) {
        kept[to] += kept[from];
        guarded[to] |= guarded[from];
        forget(from);
    }

    private void touch(int block) {
        boolean listed = byLastUse.remove(lastUse[block], block);
        boolean counted = guardedByLastUse.remove(lastUse[block], block);
        used(block);
        if (listed) {
            add(block);
        }
        if (counted && guarded[block]) {
            guardedByLastUse.put(lastUse[block], block);
        }
    }

    Collection<Integer> blocks() {
        return byLastUse.values();
    }
}
