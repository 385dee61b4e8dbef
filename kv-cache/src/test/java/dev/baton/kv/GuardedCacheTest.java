package dev.baton.kv;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** What is set aside in a cache for names that were asked for more than once. */
class GuardedCacheTest {
    private static final int BLOCKS = 10;

    private final BlockPool pool = BlockPool.withGuardedShare(BLOCKS, 0.5);

    @Test
    void whatIsSaidOnceDoesNotDriveOutWhatWasAskedForAgain() {
        prompt(1, 2, 3);
        prompt(1, 2, 3);
        prompt(11, 12, 13, 14, 15);
        prompt(21, 22, 23, 24, 25);
        prompt(31, 32, 33, 34, 35);
        assertThat(pool.find(names(1, 2, 3))).isEqualTo(3);
        pool.checkIntegrity();
    }

    @Test
    void withoutAGuardItIsDrivenOut() {
        BlockPool plain = BlockPool.withGuardedShare(BLOCKS, 0);
        prompt(plain, 1, 2, 3);
        prompt(plain, 1, 2, 3);
        prompt(plain, 11, 12, 13, 14, 15);
        prompt(plain, 21, 22, 23, 24, 25);
        assertThat(plain.find(names(1, 2, 3))).isZero();
    }

    @Test
    void whatAConversationAddsIsGuardedAsItsFirstTurns() {
        prompt(1);
        prompt(1, 2);
        prompt(1, 2, 3);
        prompt(11, 12, 13, 14, 15);
        prompt(21, 22, 23, 24, 25);
        assertThat(pool.find(names(1, 2, 3))).isEqualTo(3);
    }

    @Test
    void whatManyBeginWithGuardsNoneOfThem() {
        prompt(1, 2);
        prompt(1, 3);
        prompt(1, 4);
        prompt(1, 5);
        prompt(11, 12, 13, 14, 15);
        prompt(21, 22, 23, 24);
        assertThat(pool.find(names(1))).as("what they begin with").isEqualTo(1);
        assertThat(pool.find(names(1, 5))).isEqualTo(1);
    }

    @Test
    void noMoreThanTheShareIsGuarded() {
        for (int conversation = 0; conversation < 3; conversation++) {
            prompt(10 * conversation + 1, 10 * conversation + 2, 10 * conversation + 3);
            prompt(10 * conversation + 1, 10 * conversation + 2, 10 * conversation + 3);
        }
        prompt(91, 92, 93, 94, 95);
        assertThat(pool.find(names(21, 22, 23))).as("used last").isEqualTo(3);
        assertThat(pool.find(names(1, 2, 3)) + pool.find(names(11, 12, 13)))
                .as("of 5 guarded ones 2 are left beside the last")
                .isEqualTo(2);
        pool.checkIntegrity();
    }

    @Test
    void aBlockIsNotGuardedForWhatWasInItBefore() {
        prompt(1, 2, 3, 4, 5);
        prompt(1, 2, 3, 4, 5);
        pool.release(pool.allocate(BLOCKS).orElseThrow());
        assertThat(pool.count(BlockState.CACHED)).isZero();
        prompt(11, 12, 13, 14, 15);
        prompt(21, 22, 23, 24, 25);
        prompt(31, 32, 33, 34, 35);
        assertThat(pool.find(names(31, 32, 33, 34, 35))).isEqualTo(5);
        assertThat(pool.find(names(11, 12, 13, 14, 15))).isZero();
    }

    @Test
    void foretellsWhatALargerCacheWouldFind() {
        for (int round = 0; round < 3; round++) {
            for (int chat = 1; chat <= 15; chat++) {
                prompt(chat);
            }
        }
        CacheForecast forecast = pool.forecast();
        assertThat(forecast.touches()).isEqualTo(45);
        assertThat(forecast.hitsOfTwice()).isEqualTo(30);
        assertThat(forecast.hits()).isLessThan(30);
    }

    @Test
    void aPoolTooLargeIsNotWatched() {
        BlockPool large = new BlockPool(40_000);
        prompt(large, 1, 2);
        prompt(large, 1, 2);
        assertThat(large.forecast()).isEqualTo(new CacheForecast(0, 0, 0, 0));
        assertThat(large.find(names(1, 2))).isEqualTo(2);
    }

    private void prompt(long... ids) {
        prompt(pool, ids);
    }

    /** Finds what it can, computes the rest, and leaves all of it. */
    private static void prompt(BlockPool pool, long... ids) {
        List<BlockHash> names = names(ids);
        int here = pool.find(names);
        int[] shared = pool.share(names, here);
        pool.goesOnFrom(names, here);
        int[] computed = pool.allocate(names.size() - here).orElseThrow();
        for (int i = 0; i < computed.length; i++) {
            pool.publish(computed[i], here + i == 0 ? null : names.get(here + i - 1), names.get(here + i));
        }
        pool.release(computed);
        pool.release(shared);
    }

    private static List<BlockHash> names(long... ids) {
        return new ArrayList<>(
                LongStream.of(ids).mapToObj(id -> new BlockHash(7, id)).toList());
    }
}
