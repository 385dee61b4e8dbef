package dev.baton.transfer.pool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.kv.BlockHash;
import dev.baton.kv.OpenBlock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalPoolsTest {
    private static final int[] INTO = {9, 4, 7, 2};

    @TempDir
    Path temporary;

    private Path folder;
    private SharedPool own;
    private LocalPools pools;

    @BeforeEach
    void start() throws IOException {
        folder = temporary.toRealPath();
        own = SharedPool.create(folder, Rows.identity("reader", 1));
        pools = new LocalPools(own);
    }

    @AfterEach
    void end() {
        pools.close();
        own.close();
    }

    private SharedPool writer(String worker, int... sequences) throws IOException {
        SharedPool pool = SharedPool.create(folder, Rows.identity(worker, 1));
        SequenceWriter writer = new SequenceWriter(pool.region(), pool.ledger(), () -> {});
        for (int sequence : sequences) {
            writer.decode(sequence);
        }
        return pool;
    }

    /** Restores what it can of a sequence and checks every row. */
    private int restore(int[] tokens, int from) {
        HeldRows held = pools.longest(Rows.chain(tokens), tokens, from).orElse(null);
        return held == null ? 0 : copied(held, tokens, from);
    }

    private int copied(HeldRows held, int[] tokens, int from) {
        int rows = pools.copy(held, INTO);
        assertThat(rows).isLessThanOrEqualTo(held.rows());
        for (int at = 0; at < rows; at += Rows.BLOCK_TOKENS) {
            int expected = Math.min(Rows.BLOCK_TOKENS, rows - at);
            int first = from * Rows.BLOCK_TOKENS + at;
            assertThat(Rows.right(own.region(), INTO[at / Rows.BLOCK_TOKENS], tokens, first, expected))
                    .isEqualTo(expected);
        }
        return rows;
    }

    private static int[] first(int sequence, int tokens) {
        return Arrays.copyOf(Rows.tokens(sequence, SequenceWriter.TOKENS), tokens);
    }

    @Test
    void restoresFullBlocksAndTheRowsOfTheOpenOneOfAnOrphan() throws IOException {
        writer("dead", 0, 1, 2).leave();
        assertThat(restore(first(1, 29), 0)).isEqualTo(29);
        assertThat(restore(first(1, 29), 2)).isEqualTo(13);
        assertThat(restore(first(1, 29), 3)).isEqualTo(5);
        assertThat(restore(first(1, 26), 0)).isEqualTo(26);
        assertThat(restore(first(7, 29), 0)).isZero();
        assertThat(pools.failed()).isZero();
    }

    @Test
    void rowsOfABlockThatWasFilledMeanwhileAreFoundByItsFirstTokens() throws IOException {
        writer("dead", 0).leave();
        assertThat(restore(first(0, 20), 0)).isEqualTo(20);
        int[] other = first(0, 22);
        other[20]++;
        assertThat(restore(other, 0)).isEqualTo(20);
    }

    @Test
    void theLastTokenOfAFullBlockMayBeMissing() throws IOException {
        SharedPool pool = writer("dead");
        int[] tokens = Rows.tokens(3, 16);
        List<BlockHash> chain = Rows.chain(tokens);
        for (int at = 0; at < 15; at++) {
            Rows.write(pool.region(), at / 8, tokens, at, () -> {});
            if (at == 7) {
                pool.ledger().seal(0, null, chain.get(0));
            }
        }
        pool.ledger().record(List.of(new OpenBlock(1, chain.get(0), tokens, 8, 7)));
        pool.leave();
        assertThat(restore(tokens, 0)).isEqualTo(15);
    }

    @Test
    void readsPoolsOfTheLivingAndFollowsTheirChanges() throws IOException {
        try (SharedPool pool = writer("alive")) {
            SequenceWriter writer = new SequenceWriter(pool.region(), pool.ledger(), () -> {});
            for (int sequence = 0; sequence < 30; sequence++) {
                writer.decode(sequence);
                assertThat(restore(first(sequence, 29), 0)).isEqualTo(29);
                assertThat(restore(first(SequenceWriter.oldestWhole(sequence, 24), 29), 0))
                        .isEqualTo(29);
                assertThat(restore(first(Math.max(0, sequence - 6), 29), 0)).isEqualTo(sequence < 6 ? 29 : 0);
            }
        }
        assertThat(restore(first(29, 29), 0)).isZero();
    }

    @Test
    void ofTwoBlocksOfOneNameTheOneThatStaysIsFound() throws IOException {
        try (SharedPool pool = writer("alive", 0)) {
            int[] tokens = first(0, 29);
            for (int at = 0; at < 8; at++) {
                Rows.write(pool.region(), 9, tokens, at, () -> {});
            }
            pool.ledger().seal(9, null, Rows.chain(tokens).getFirst());
            assertThat(restore(tokens, 0)).isEqualTo(29);
            pool.ledger().forget(0);
            assertThat(restore(tokens, 0)).isEqualTo(29);
            pool.ledger().forget(9);
            assertThat(restore(tokens, 0)).isZero();
        }
    }

    @Test
    void takesThePoolThatHoldsMost() throws IOException {
        SharedPool some = writer("some");
        int[] tokens = Rows.tokens(0, 29);
        for (int at = 0; at < 8; at++) {
            Rows.write(some.region(), 0, tokens, at, () -> {});
        }
        some.ledger().seal(0, null, Rows.chain(tokens).getFirst());
        some.leave();
        assertThat(restore(tokens, 0)).isEqualTo(8);
        writer("more", 0).leave();
        HeldRows held = pools.longest(Rows.chain(tokens), tokens, 0).orElseThrow();
        assertThat(held.worker()).isEqualTo("more");
        assertThat(held.count()).isEqualTo(4);
        assertThat(copied(held, tokens, 0)).isEqualTo(29);
        assertThat(pools.copy(held, Arrays.copyOf(INTO, 2))).isEqualTo(16);
    }

    @Test
    void whatItsOwnerHasReusedSinceItWasFoundIsAMissAndNoFault() throws IOException {
        try (SharedPool pool = writer("alive", 0)) {
            int[] tokens = first(0, 29);
            HeldRows held = pools.longest(Rows.chain(tokens), tokens, 0).orElseThrow();
            pool.ledger().forget(1);
            assertThat(copied(held, tokens, 0)).isEqualTo(8);
            pool.ledger().forget(0);
            assertThat(copied(held, tokens, 0)).isZero();
            assertThat(pools.failed()).isZero();
        }
    }

    @Test
    void whatWasFoundInAnEarlierLifeOfThePoolIsAMiss() throws IOException {
        writer("dead", 0).leave();
        int[] tokens = first(0, 29);
        HeldRows held = pools.longest(Rows.chain(tokens), tokens, 0).orElseThrow();
        try (SharedPool next = SharedPool.create(folder, Rows.identity("dead", 2))) {
            assertThat(next.adopted().named()).hasSize(3);
            assertThat(pools.copy(held, INTO)).isZero();
            assertThat(restore(tokens, 0)).isEqualTo(29);
        }
    }

    @Test
    void poolsOfOtherModelsAreNotRead() throws IOException {
        SharedPool other =
                SharedPool.create(folder, new PoolIdentity("other", 1, Rows.FINGERPRINT + 1, "f32", Rows.LAYOUT));
        new SequenceWriter(other.region(), other.ledger(), () -> {}).decode(0);
        other.leave();
        assertThat(restore(first(0, 29), 0)).isZero();
    }

    @Test
    void oneToThreeFlippedBitsAnywhereNeverMakeAWrongRowAndAreCounted() throws IOException {
        SharedPool pool = writer("dead", 0, 1, 2, 3, 4, 5);
        pool.leave();
        byte[] whole = Files.readAllBytes(pool.path());
        int kv = (int) PoolSlot.header(pool.path()).kvOffset();
        LedgerFormat format = LedgerFormat.of(Rows.LAYOUT);
        Random random = new Random(5);
        int lost = 0;
        for (int round = 0; round < 300; round++) {
            byte[] damaged = whole.clone();
            // In KV, in entries or in open records; never twice at one place.
            int from = round % 3 == 0 ? PoolHeader.FIXED_BYTES + 64 : kv;
            int to = round % 3 == 0 ? PoolHeader.FIXED_BYTES + (int) format.bytes() : damaged.length;
            for (int flips = 0; flips <= round % 4 % 3; flips++) {
                int at = from + random.nextInt(to - from);
                damaged[at] = (byte) (damaged[at] ^ 1 << random.nextInt(8));
            }
            Files.delete(pool.path());
            Files.write(pool.path(), damaged);
            long before = pools.failed();
            List<Integer> rows = new ArrayList<>();
            for (int sequence = 0; sequence < 6; sequence++) {
                rows.add(restore(first(sequence, 29), 0));
            }
            boolean missed = rows.stream().anyMatch(n -> n < 29);
            if (missed && round % 3 != 0) {
                lost++;
                assertThat(pools.failed()).as("round %d", round).isGreaterThan(before);
            }
        }
        assertThat(lost).as("rounds whose flips hit a block").isGreaterThan(150);
    }

    @Test
    void aFlippedBitInABlocksEntryIsAMissAndCounted() throws IOException {
        SharedPool pool = writer("dead", 0);
        pool.leave();
        long entry = PoolHeader.FIXED_BYTES + LedgerFormat.of(Rows.LAYOUT).entry(1);
        try (FileChannel channel = FileChannel.open(pool.path(), StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {1, 2}), entry + LedgerFormat.NAME);
        }
        assertThat(restore(first(0, 29), 0)).isBetween(8, 16);
        assertThat(pools.failed()).isEqualTo(1);
    }
}
