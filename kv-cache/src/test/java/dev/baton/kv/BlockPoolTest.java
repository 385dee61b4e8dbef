package dev.baton.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BlockPoolTest {
    private BlockPool pool = new BlockPool(4);

    @AfterEach
    void poolIsIntact() {
        pool.checkIntegrity();
    }

    @Test
    void allocatesUntilNothingIsLeftAndThenHasNoEffect() {
        assertThat(pool.allocate(3)).isPresent();
        assertThat(pool.allocate(2)).isEmpty();
        assertThat(pool.count(BlockState.FREE)).isEqualTo(1);
        assertThat(pool.count(BlockState.ACTIVE)).isEqualTo(3);
    }

    @Test
    void aNamedBlockStaysAsCacheAndANamelessOneIsFreed() {
        int[] blocks = take(2);
        pool.publish(blocks[0], null, name(1));
        pool.release(blocks);
        assertThat(pool.state(blocks[0])).isEqualTo(BlockState.CACHED);
        assertThat(pool.state(blocks[1])).isEqualTo(BlockState.FREE);
        assertThat(pool.available()).isEqualTo(4);
    }

    @Test
    void aSharedBlockLivesUntilItsLastReferenceGoes() {
        int[] blocks = chain(1, 2);
        int[] shared = pool.share(List.of(name(1), name(2)), 2);
        assertThat(shared).containsExactly(blocks);
        pool.release(blocks);
        assertThat(pool.count(BlockState.ACTIVE)).isEqualTo(2);
        pool.release(shared);
        assertThat(pool.count(BlockState.CACHED)).isEqualTo(2);
    }

    @Test
    void blocksWhoseNamesAreTakenBackAreFoundNoMoreAndFreedAfterTheirLastUse() {
        int[] blocks = chain(1, 2);
        int[] shared = pool.share(List.of(name(1), name(2)), 2);
        pool.release(chain(3));
        pool.unpublish(blocks);
        assertThat(pool.find(List.of(name(1)))).isZero();
        assertThat(pool.find(List.of(name(2)))).isZero();
        assertThat(pool.drainEvicted()).containsExactly(name(1), name(2));
        pool.unpublish(shared);
        assertThat(pool.drainEvicted()).isEmpty();
        pool.release(blocks);
        assertThat(pool.count(BlockState.ACTIVE)).isEqualTo(2);
        pool.release(shared);
        assertThat(pool.count(BlockState.FREE)).isEqualTo(3);
        assertThat(pool.count(BlockState.CACHED)).isEqualTo(1);
    }

    @Test
    void aCachedBlockWhoseParentLostItsNameCanStillBeGivenUp() {
        int[] blocks = chain(1, 2);
        pool.release(blocks[1]);
        pool.unpublish(blocks[0]);
        pool.release(blocks[0]);
        pool.checkIntegrity();
        assertThat(pool.allocate(4)).isPresent();
    }

    @Test
    void findsTheLongestPrefixOnly() {
        pool.release(chain(1, 2, 3));
        assertThat(pool.find(List.of(name(1), name(2), name(9), name(3)))).isEqualTo(2);
        assertThat(pool.find(List.of(name(2), name(3)))).isEqualTo(2);
        assertThat(pool.find(List.of(name(9)))).isZero();
    }

    @Test
    void evictsLeavesFirstAndTheLongestUnusedFirst() {
        pool.release(chain(1, 2));
        pool.release(chain(3, 4));
        pool.release(pool.share(List.of(name(1), name(2)), 2));
        pool.release(take(1));
        assertThat(pool.drainEvicted()).containsExactly(name(4));
        pool.release(take(3));
        assertThat(pool.drainEvicted()).containsExactly(name(3), name(2));
        assertThat(pool.drainEvicted()).isEmpty();
    }

    @Test
    void aParentOlderThanItsCachedChildIsEvictedAfterIt() {
        int[] blocks = chain(1, 2);
        pool.release(blocks[1]);
        pool.release(blocks[0]);
        take(3);
        assertThat(pool.drainEvicted()).containsExactly(name(2));
    }

    @Test
    void ofTwoActiveBlocksOfOneContentTheSecondTakesTheNameWhenTheFirstIsReleased() {
        int[] first = chain(1);
        int[] second = take(1);
        assertThat(pool.publish(second[0], null, name(1))).isFalse();
        assertThat(pool.find(List.of(name(1)))).isOne();
        pool.keep(List.of(name(1)));
        pool.release(first);
        assertThat(pool.state(first[0])).isEqualTo(BlockState.FREE);
        assertThat(pool.share(List.of(name(1)), 1)).containsExactly(second);
        pool.release(second[0], second[0]);
        assertThat(pool.state(second[0])).isEqualTo(BlockState.CACHED);
        pool.release(chain(2));
        take(3);
        assertThat(pool.drainEvicted()).as("kept as its double was").containsExactly(name(2));
    }

    @Test
    void aSecondBlockThatIsReleasedFirstIsFree() {
        int[] first = chain(1);
        int[] second = take(1);
        pool.publish(second[0], null, name(1));
        pool.release(second);
        assertThat(pool.state(second[0])).isEqualTo(BlockState.FREE);
        pool.release(first);
        assertThat(pool.state(first[0])).isEqualTo(BlockState.CACHED);
    }

    @Test
    void aCachedBlockGivesItsNameToTheBlockInUse() {
        int[] cached = chain(1, 2);
        pool.release(cached);
        int[] used = take(1);
        assertThat(pool.publish(used[0], null, name(1))).isTrue();
        assertThat(pool.state(cached[0])).isEqualTo(BlockState.FREE);
        take(3);
        assertThat(pool.drainEvicted()).as("what is in use stays to be found").containsExactly(name(2));
        assertThat(pool.find(List.of(name(1)))).isOne();
    }

    @Test
    void aBlockThatLosesItsNameForBrokenBytesHasNoHeir() {
        int[] first = chain(1);
        int[] second = take(1);
        pool.publish(second[0], null, name(1));
        pool.unpublish(first);
        pool.release(first);
        pool.release(second);
        assertThat(pool.count(BlockState.FREE)).isEqualTo(4);
    }

    @Test
    void reservedBlocksBecomeActiveOrFreeOrAreQuarantined() {
        int[] blocks = pool.reserve(3).orElseThrow();
        pool.activate(blocks[0]);
        pool.unreserve(blocks[1]);
        pool.quarantine(blocks[2]);
        assertThat(pool.available()).isEqualTo(2);
        assertThat(pool.allocate(3)).isEmpty();
        pool.endQuarantine(blocks[2]);
        assertThat(pool.available()).isEqualTo(3);
        assertThatThrownBy(() -> pool.activate(blocks[2])).hasMessageContaining("is FREE, not RESERVED");
    }

    @Test
    void aLeaseHoldsBlocksUntilItEnds() {
        pool.release(chain(1, 2));
        BlockPool.Lease lease = pool.lease(List.of(name(1), name(2), name(3)));
        assertThat(lease.blocks()).hasSize(2);
        assertThat(pool.available()).isEqualTo(2);
        pool.endLease(lease);
        pool.endLease(lease);
        assertThat(pool.count(BlockState.CACHED)).isEqualTo(2);
    }

    /** Kept blocks are older here, and would go first. */
    @Test
    void keptBlocksAreEvictedAfterAllOthers() {
        pool.release(chain(1));
        pool.release(chain(2));
        pool.keep(List.of(name(1)));
        pool.release(chain(3));
        assertThat(pool.allocate(3)).isPresent();
        assertThat(pool.drainEvicted()).containsExactly(name(2), name(3));
        pool.checkIntegrity();
    }

    @Test
    void keptBlocksAreEvictedWhereNothingElseCanBe() {
        pool.release(chain(1, 2));
        pool.keep(List.of(name(1), name(2)));
        assertThat(pool.allocate(4)).isPresent();
        assertThat(pool.drainEvicted()).containsExactly(name(2), name(1));
        pool.endKeep(List.of(name(1), name(2)));
        pool.checkIntegrity();
    }

    @Test
    void aBlockIsKeptUntilNobodyWantsItKept() {
        pool.release(chain(1));
        pool.keep(List.of(name(1)));
        pool.keep(List.of(name(1)));
        pool.endKeep(List.of(name(1)));
        pool.release(chain(2));
        assertThat(pool.allocate(3)).isPresent();
        assertThat(pool.drainEvicted()).containsExactly(name(2));
        pool.endKeep(List.of(name(1)));
        pool.checkIntegrity();
    }

    @Test
    void restoredBlocksAreCacheInWhateverOrderTheyCome() {
        assertThat(pool.restore(3, name(1), name(2))).isTrue();
        assertThat(pool.restore(1, null, name(1))).isTrue();
        assertThat(pool.restore(0, null, name(1))).isFalse();
        assertThat(pool.count(BlockState.CACHED)).isEqualTo(2);
        assertThat(pool.share(List.of(name(1), name(2)), 2)).containsExactly(1, 3);
        pool.release(1, 3);
        pool.checkIntegrity();
        take(3);
        assertThat(pool.drainEvicted()).containsExactly(name(2));
        assertThatThrownBy(() -> pool.restore(0, null, name(9))).hasMessageContaining("not FREE");
    }

    @Test
    void handsOutTheBlockFreedLastFirstAndTheOnesToUseLastAfterAllOthers() {
        assertThat(take(4)).containsExactly(0, 1, 2, 3);
        pool.release(2);
        pool.release(0);
        pool.release(1, 3);
        pool.useLast(1);
        pool.useLast(0);
        assertThat(take(4)).containsExactly(3, 2, 1, 0);
        assertThatThrownBy(() -> pool.useLast(0)).hasMessageContaining("not FREE");
    }

    @Test
    void refusesToReleaseWhatIsNotActive() {
        int[] blocks = take(1);
        pool.release(blocks);
        assertThatThrownBy(() -> pool.release(blocks)).hasMessageContaining("is FREE, not ACTIVE");
    }

    /** Any order of operations leaves the pool intact, and the owners' view agrees with the pool's. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void anyOrderOfOperationsLeavesThePoolIntact(long seed) {
        Random random = new Random(seed);
        ArrayDeque<BlockPool.Lease> leases = new ArrayDeque<>();
        pool = new BlockPool(24);
        List<int[]> active = new ArrayList<>();
        List<int[]> reserved = new ArrayList<>();
        List<int[]> quarantined = new ArrayList<>();
        for (int step = 0; step < 3_000; step++) {
            switch (random.nextInt(9)) {
                case 0, 1 -> startSequence(random, active);
                case 2, 3 -> takeAny(random, active).ifPresent(pool::release);
                case 4 -> pool.reserve(1 + random.nextInt(4)).ifPresent(reserved::add);
                case 5 ->
                    takeAny(random, reserved).ifPresent(blocks -> {
                        if (random.nextBoolean()) {
                            pool.activate(blocks);
                            active.add(blocks);
                        } else {
                            pool.quarantine(blocks);
                            quarantined.add(blocks);
                        }
                    });
                case 6 -> takeAny(random, quarantined).ifPresent(pool::endQuarantine);
                case 7 -> restoreOne(random);
                default -> {
                    leases.add(pool.lease(chainOf(random.nextInt(6), 3)));
                    if (leases.size() > 3) {
                        pool.endLease(leases.remove());
                    }
                    pool.keep(chainOf(random.nextInt(6), 3));
                    pool.endKeep(chainOf(random.nextInt(6), 3));
                }
            }
            pool.checkIntegrity();
            assertThat(pool.count(BlockState.RESERVED))
                    .isEqualTo(reserved.stream().mapToInt(b -> b.length).sum());
            assertThat(pool.count(BlockState.QUARANTINED))
                    .isEqualTo(quarantined.stream().mapToInt(b -> b.length).sum());
        }
        active.forEach(pool::release);
        leases.forEach(pool::endLease);
        assertThat(pool.count(BlockState.ACTIVE)).isZero();
    }

    private void restoreOne(Random random) {
        int[] free = pool.freeBlocks();
        if (free.length > 0) {
            int block = free[random.nextInt(free.length)];
            List<BlockHash> chain = chainOf(random.nextInt(6), 5);
            int at = random.nextInt(5);
            if (!pool.restore(block, at == 0 ? null : chain.get(at - 1), chain.get(at))) {
                pool.useLast(block);
            }
        }
    }

    private void startSequence(Random random, List<int[]> active) {
        List<BlockHash> chain = chainOf(random.nextInt(6), 1 + random.nextInt(5));
        int found = random.nextInt(pool.find(chain) + 1);
        int[] shared = pool.share(chain, found);
        int[] own = pool.allocate(chain.size() - found).orElse(null);
        if (own == null) {
            pool.release(shared);
            return;
        }
        int[] all = new int[chain.size()];
        System.arraycopy(shared, 0, all, 0, found);
        System.arraycopy(own, 0, all, found, own.length);
        for (int i = found; i < all.length; i++) {
            pool.publish(all[i], i == 0 ? null : chain.get(i - 1), chain.get(i));
        }
        active.add(all);
    }

    private static java.util.Optional<int[]> takeAny(Random random, List<int[]> from) {
        return from.isEmpty()
                ? java.util.Optional.empty()
                : java.util.Optional.of(from.remove(random.nextInt(from.size())));
    }

    /** Chains that share prefixes: chain 4 starts like chains 0 and 2 do. */
    private static List<BlockHash> chainOf(int which, int length) {
        List<BlockHash> chain = new ArrayList<>();
        for (int i = 0; i < length; i++) {
            chain.add(name(100L * (i < 2 ? which % 2 : which) + i));
        }
        return chain;
    }

    private int[] take(int count) {
        return pool.allocate(count).orElseThrow();
    }

    private int[] chain(long... contents) {
        int[] blocks = take(contents.length);
        for (int i = 0; i < contents.length; i++) {
            pool.publish(blocks[i], i == 0 ? null : name(contents[i - 1]), name(contents[i]));
        }
        return blocks;
    }

    private static BlockHash name(long content) {
        return new BlockHash(content, ~content);
    }
}
