package dev.baton.kv;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Who owns each block of a pool, and which blocks can be found by content. Knows numbers and names, never bytes.
 *
 * <p>Each block is in one {@link BlockState}:
 *
 * <pre>
 *            allocate                 release, unnamed
 *   FREE ---------------&gt; ACTIVE ------------------------&gt; FREE
 *   FREE --reserve--&gt; RESERVED --activate--&gt; ACTIVE        CACHED --evict--&gt; FREE
 *   RESERVED --unreserve--&gt; FREE             ACTIVE --release, named--&gt; CACHED --share--&gt; ACTIVE
 *   RESERVED --quarantine--&gt; QUARANTINED --endQuarantine--&gt; FREE
 *   FREE --restore--&gt; CACHED
 * </pre>
 *
 * <p>An active block counts who refers to it, so sequences share the blocks of a common prefix. A full block that has
 * been {@linkplain #publish published} is found by its hash while active and, when nothing refers to it any more, stays
 * as cache. When room is needed, cached blocks go leaf first: a block goes only after all cached blocks that continue
 * it, for without their parent they could not be found; among leaves the one unused for longest goes first, but for a share
 * of the cache that is set aside for what was asked for more than once. How large that share is, a {@linkplain CacheForecast
 * trial} decides. So every cached block can be given up in some order, and free plus cached blocks are what can be had.
 *
 * <p>One thread.
 */
public final class BlockPool {
    private final BlockStates states;
    private final int[] references;
    private final @Nullable BlockHash[] names;
    private final @Nullable BlockHash[] parents;
    private final EvictionOrder leaves;
    private final CacheTrial trial;
    private final Doubles doubles;
    private final Map<BlockHash, Integer> byName = new HashMap<>();
    private final List<BlockHash> evicted = new ArrayList<>();
    private final Leases leases = new Leases();

    /** A promise that blocks stay findable, and as they are, until it ends. */
    public record Lease(long id, int[] blocks) {}

    public BlockPool(int blocks) {
        this(blocks, CacheTrial.of(blocks));
    }

    /** With a fixed share of the cache set aside, to compare with: 0 evicts what was unused for longest. */
    public static BlockPool withGuardedShare(int blocks, double share) {
        return new BlockPool(blocks, CacheTrial.fixed(blocks, share));
    }

    private BlockPool(int blocks, CacheTrial trial) {
        if (blocks < 1) {
            throw new IllegalArgumentException("a pool of %d blocks".formatted(blocks));
        }
        this.trial = trial;
        states = new BlockStates(blocks);
        references = new int[blocks];
        names = new BlockHash[blocks];
        parents = new BlockHash[blocks];
        leaves = new EvictionOrder(blocks);
        doubles = new Doubles(blocks);
    }

    public int blocks() {
        return states.blocks();
    }

    public int count(BlockState state) {
        return states.count(state);
    }

    public BlockState state(int block) {
        return states.of(block);
    }

    /** Blocks that can be had: free ones, and cached ones that would be evicted. */
    public int available() {
        return count(BlockState.FREE) + count(BlockState.CACHED);
    }

    /** Takes blocks for a sequence, evicting cached ones where needed; empty and without effect when too few can be had. */
    public Optional<int[]> allocate(int count) {
        return take(count, BlockState.ACTIVE);
    }

    /** Sets blocks aside for KV to come; empty and without effect when too few can be had. */
    public Optional<int[]> reserve(int count) {
        return take(count, BlockState.RESERVED);
    }

    private Optional<int[]> take(int count, BlockState state) {
        if (count > available()) {
            return Optional.empty();
        }
        int[] taken = new int[count];
        for (int i = 0; i < count; i++) {
            if (count(BlockState.FREE) == 0) {
                evict(leaves.first());
            }
            int block = states.firstFree();
            leaves.forget(block);
            states.move(BlockState.FREE, state, block);
            references[block] = state == BlockState.ACTIVE ? 1 : 0;
            taken[i] = block;
        }
        return Optional.of(taken);
    }

    /** The KV for reserved blocks is here: they become active with one reference. */
    public void activate(int... blocks) {
        states.move(BlockState.RESERVED, BlockState.ACTIVE, blocks);
        Arrays.stream(blocks).forEach(block -> references[block] = 1);
    }

    /** Frees reserved blocks for which no write has been asked for. */
    public void unreserve(int... blocks) {
        states.move(BlockState.RESERVED, BlockState.FREE, blocks);
    }

    /** Keeps reserved blocks away from everyone until their writer is known to have stopped. */
    public void quarantine(int... blocks) {
        states.move(BlockState.RESERVED, BlockState.QUARANTINED, blocks);
    }

    /** The writer has stopped: quarantined blocks are free. */
    public void endQuarantine(int... blocks) {
        states.move(BlockState.QUARANTINED, BlockState.FREE, blocks);
    }

    /** How many blocks of a chain, from its start, can be found. Refers to none. */
    public int find(List<BlockHash> chain) {
        int found = 0;
        while (found < chain.size() && byName.containsKey(chain.get(found))) {
            found++;
        }
        return found;
    }

    /** Refers once more to each of the first {@code count} blocks of a chain, all of which {@link #find} has found. */
    public int[] share(List<BlockHash> chain, int count) {
        int[] shared = new int[count];
        for (int i = 0; i < count; i++) {
            Integer block = byName.get(chain.get(i));
            if (block == null) {
                release(Arrays.copyOf(shared, i));
                throw new IllegalArgumentException("block %d of the chain is not in the pool".formatted(i));
            }
            shared[i] = block;
            if (states.of(block) == BlockState.CACHED) {
                uncache(block);
                states.move(BlockState.CACHED, BlockState.ACTIVE, block);
            }
            references[block]++;
        }
        return shared;
    }

    /** A sequence goes on from the first {@code count} blocks of a chain, to all of which it refers: they were asked for again. */
    public void goesOnFrom(List<BlockHash> chain, int count) {
        for (int i = 0; i < count; i++) {
            BlockHash name = chain.get(i);
            Integer block = byName.get(name);
            trial.touch(name, i == 0 ? null : chain.get(i - 1));
            if (block != null && states.of(block) == BlockState.ACTIVE) {
                leaves.guard(block);
            }
        }
    }

    /** What the cache finds, and would find if it were larger. */
    public CacheForecast forecast() {
        return trial.forecast();
    }

    /**
     * Refers no more to active blocks. A block without references becomes cache when it is named, else free; where another
     * active block has the same content, that one takes the name.
     */
    public void release(int... blocks) {
        for (int i = blocks.length - 1; i >= 0; i--) {
            int block = blocks[i];
            states.require(block, BlockState.ACTIVE);
            if (--references[block] > 0) {
                continue;
            }
            BlockHash name = names[block];
            Integer heir = name == null ? null : doubles.heir(name);
            if (name == null) {
                doubles.remove(block);
                states.move(BlockState.ACTIVE, BlockState.FREE, block);
            } else if (heir != null) {
                states.move(BlockState.ACTIVE, BlockState.FREE, block);
                passOn(name, block, heir);
            } else {
                states.move(BlockState.ACTIVE, BlockState.CACHED, block);
                leaves.used(block);
                cache(block);
            }
        }
        leaves.guardAtMost((int) (trial.guardedShare() * available()));
    }

    /**
     * Names a full active block, so that it is found by content. A cached block of that name gives it up and is free: nobody
     * refers to it, so it would be evicted, and with it the name, while this one is in use.
     *
     * @param parent name of the block before it in the sequence, null for the first
     * @return false when another active block bears that name already; this one has it once nobody refers to the other
     */
    public boolean publish(int block, @Nullable BlockHash parent, BlockHash name) {
        states.require(block, BlockState.ACTIVE);
        if (names[block] != null) {
            throw new IllegalStateException("block %d is named %s already".formatted(block, names[block]));
        }
        parents[block] = parent;
        if (trial.touch(name, parent)) {
            leaves.guard(block);
        }
        Integer holder = byName.putIfAbsent(name, block);
        if (holder != null && states.of(holder) == BlockState.ACTIVE) {
            doubles.add(block, name);
            return false;
        }
        if (holder != null) {
            uncache(holder);
            states.move(BlockState.CACHED, BlockState.FREE, holder);
            passOn(name, holder, block);
        }
        names[block] = name;
        return true;
    }

    private void passOn(BlockHash name, int from, int to) {
        byName.put(name, to);
        names[to] = name;
        names[from] = null;
        parents[from] = null;
        leaves.passOn(from, to);
    }

    /**
     * Takes a free block in as cache: its bytes are there already, as in a pool that a worker finds again after a restart.
     * A block may come before its parent does.
     *
     * @param parent name of the block before it in the sequence, null for the first
     * @return false, without effect, when another block bears that name already
     */
    public boolean restore(int block, @Nullable BlockHash parent, BlockHash name) {
        states.require(block, BlockState.FREE);
        if (byName.putIfAbsent(name, block) != null) {
            return false;
        }
        names[block] = name;
        parents[block] = parent;
        leaves.forget(block);
        states.move(BlockState.FREE, BlockState.CACHED, block);
        leaves.used(block);
        cache(block);
        return true;
    }

    /** Hands a free block out after all others that are free now: what is in it may still be asked for. */
    public void useLast(int block) {
        states.useLast(block);
    }

    /** Takes names back, so that active blocks whose content turned out to be broken are found no more and freed after use. */
    public void unpublish(int... blocks) {
        for (int block : blocks) {
            states.require(block, BlockState.ACTIVE);
            BlockHash name = names[block];
            doubles.remove(block);
            if (name != null) {
                doubles.removeAll(name);
                forget(block, name);
            }
        }
    }

    /** Refers to the blocks of a chain that are here, from its start, until the lease ends. */
    public Lease lease(List<BlockHash> chain) {
        return leases.give(share(chain, find(chain)));
    }

    /** Ends a lease. Nothing happens when it has ended already. */
    public void endLease(Lease lease) {
        if (leases.end(lease)) {
            release(lease.blocks());
        }
    }

    /**
     * Somebody is likely to ask for the blocks of a chain: of those that are here, none is evicted while another cached block
     * can be. Ends with {@link #endKeep}, or for a block that is evicted all the same.
     */
    public void keep(List<BlockHash> chain) {
        chain.stream().map(byName::get).filter(Objects::nonNull).forEach(leaves::keep);
    }

    /** Ends a {@link #keep} of the same chain. */
    public void endKeep(List<BlockHash> chain) {
        chain.stream().map(byName::get).filter(Objects::nonNull).forEach(leaves::endKeep);
    }

    /** Names given up since the last call. */
    public List<BlockHash> drainEvicted() {
        List<BlockHash> drained = List.copyOf(evicted);
        evicted.clear();
        return drained;
    }

    private void evict(int block) {
        BlockHash name = Objects.requireNonNull(names[block]);
        uncache(block);
        forget(block, name);
        states.move(BlockState.CACHED, BlockState.FREE, block);
    }

    private void forget(int block, BlockHash name) {
        leaves.forget(block);
        byName.remove(name);
        names[block] = null;
        parents[block] = null;
        evicted.add(name);
    }

    private void cache(int block) {
        leaves.cached(block, Objects.requireNonNull(names[block]), parents[block], cachedParent(block));
    }

    private void uncache(int block) {
        leaves.uncached(block, parents[block], cachedParent(block));
    }

    private @Nullable Integer cachedParent(int block) {
        Integer parent = parents[block] == null ? null : byName.get(parents[block]);
        return parent != null && states.of(parent) == BlockState.CACHED ? parent : null;
    }

    /** References that leases hold to each block. */
    public Map<Integer, Integer> leasedReferences() {
        return leases.references();
    }

    /**
     * Checks that the pool agrees with itself.
     *
     * @throws IllegalStateException that says everything that is wrong
     */
    public void checkIntegrity() {
        new PoolCheck(this).run();
    }

    /** How many sequences and leases refer to an active block. */
    public int references(int block) {
        return references[block];
    }

    @Nullable
    BlockHash name(int block) {
        return names[block];
    }

    @Nullable
    BlockHash doubleOf(int block) {
        return doubles.name(block);
    }

    @Nullable
    BlockHash parent(int block) {
        return parents[block];
    }

    Map<BlockHash, Integer> byName() {
        return byName;
    }

    Map<BlockHash, Integer> cachedChildren() {
        return leaves.cachedChildren();
    }

    Collection<Integer> leaves() {
        return leaves.blocks();
    }

    int[] freeBlocks() {
        return states.freeBlocks();
    }
}
