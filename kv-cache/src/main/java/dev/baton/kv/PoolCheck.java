package dev.baton.kv;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Checks the invariants between the parts of a {@link BlockPool} and lists what is broken. */
final class PoolCheck {
    private final BlockPool pool;
    private final List<String> faults = new ArrayList<>();

    PoolCheck(BlockPool pool) {
        this.pool = pool;
    }

    void run() {
        checkCounts();
        checkBlocks();
        checkNames();
        checkTree();
        if (!faults.isEmpty()) {
            throw new IllegalStateException("block pool is not intact: " + String.join("; ", faults));
        }
    }

    private void checkCounts() {
        for (BlockState state : BlockState.values()) {
            long seen = blocks().filter(block -> pool.state(block) == state).count();
            expect(seen == pool.count(state), "%d blocks are %s, counted %d", seen, state, pool.count(state));
        }
        Set<Integer> free = Arrays.stream(pool.freeBlocks()).boxed().collect(Collectors.toSet());
        expect(free.size() == pool.count(BlockState.FREE), "the free list holds a block twice");
        free.forEach(block -> expect(
                pool.state(block) == BlockState.FREE, "block %d on the free list is %s", block, pool.state(block)));
    }

    private void checkBlocks() {
        Map<Integer, Integer> leased = pool.leasedReferences();
        blocks().forEach(block -> {
            BlockState state = pool.state(block);
            boolean active = state == BlockState.ACTIVE;
            int references = pool.references(block);
            expect(active == references > 0, "block %d is %s with %d references", block, state, references);
            boolean named = pool.name(block) != null;
            expect(named || state != BlockState.CACHED, "block %d is cached without a name", block);
            expect(
                    !named || active || state == BlockState.CACHED,
                    "block %d is %s but named %s",
                    block,
                    state,
                    pool.name(block));
            BlockHash content = pool.doubleOf(block);
            expect(
                    content == null || (active && !named && pool.byName().containsKey(content)),
                    "block %d is %s, and a double of %s",
                    block,
                    state,
                    content);
            int byLeases = leased.getOrDefault(block, 0);
            expect(byLeases <= references, "block %d: %d leases, %d references", block, byLeases, references);
        });
    }

    private void checkNames() {
        pool.byName()
                .forEach((name, block) ->
                        expect(name.equals(pool.name(block)), "%s leads to block %d, named otherwise", name, block));
        long named = blocks().filter(block -> pool.name(block) != null).count();
        expect(
                named == pool.byName().size(),
                "%d blocks are named, %d can be found",
                named,
                pool.byName().size());
    }

    private void checkTree() {
        Map<BlockHash, Integer> children = new HashMap<>();
        blocks().filter(block -> pool.state(block) == BlockState.CACHED).forEach(block -> {
            BlockHash parent = pool.parent(block);
            if (parent != null) {
                children.merge(parent, 1, Integer::sum);
            }
        });
        expect(children.equals(pool.cachedChildren()), "cached children are miscounted");
        Set<Integer> leaves = blocks().filter(block -> pool.state(block) == BlockState.CACHED)
                .filter(block -> !children.containsKey(pool.name(block)))
                .boxed()
                .collect(Collectors.toSet());
        expect(leaves.equals(new HashSet<>(pool.leaves())), "leaves are %s, listed %s", leaves, pool.leaves());
    }

    private IntStream blocks() {
        return IntStream.range(0, pool.blocks());
    }

    private void expect(boolean holds, String fault, @Nullable Object... arguments) {
        if (!holds) {
            faults.add(fault.formatted(arguments));
        }
    }
}
