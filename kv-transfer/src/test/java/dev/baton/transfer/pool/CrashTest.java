package dev.baton.transfer.pool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.kv.AdoptedBlocks;
import dev.baton.kv.BlockPool;
import dev.baton.kv.HostKvMemory;
import dev.baton.kv.KvRegion;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A writer that ends between any two of its stores, and what others find afterwards. */
class CrashTest {
    private static final int CRASHES = 1_000;

    @TempDir
    Path temporary;

    private static final class Crash extends RuntimeException {}

    /** Ends the writer before its n-th store. */
    private static final class Countdown {
        private long left;

        void count() {
            if (--left < 0) {
                throw new Crash();
            }
        }
    }

    private static final class CrashingWords extends LedgerWords {
        private final Countdown countdown;

        CrashingWords(MemorySegment table, Countdown countdown) {
            super(table);
            this.countdown = countdown;
        }

        @Override
        void put(long at, long word) {
            countdown.count();
            super.put(at, word);
        }

        @Override
        void putRelease(long at, long word) {
            countdown.count();
            super.putRelease(at, word);
        }
    }

    /** The file of a dead worker, written to as its owner did. */
    private record DeadFile(KvRegion region, MemorySegment table) {
        static DeadFile map(Path path, Arena arena) throws Exception {
            PoolHeader header = PoolSlot.header(path);
            try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                MemorySegment file = channel.map(MapMode.READ_WRITE, 0, header.fileBytes(), arena);
                return new DeadFile(
                        new KvRegion(Rows.LAYOUT, file.asSlice(header.kvOffset(), Rows.LAYOUT.bytes())),
                        file.asSlice(PoolHeader.FIXED_BYTES, header.table().bytes()));
            }
        }
    }

    @Test
    void noPointOfAWritersEndMakesAWrongRowOrLosesARecordedOne() throws Exception {
        Path folder = temporary.toRealPath();
        SharedPool dead = SharedPool.create(folder, Rows.identity("dead", 1));
        dead.leave();
        Random random = new Random(11);
        long restored = 0;
        try (SharedPool own = SharedPool.create(folder, Rows.identity("alive", 2));
                Arena arena = Arena.ofConfined()) {
            DeadFile file = DeadFile.map(dead.path(), arena);
            for (int crash = 0; crash < CRASHES; crash++) {
                file.table.fill((byte) 0);
                Countdown countdown = new Countdown();
                // A token takes some 70 stores; the pool holds six sequences of 29.
                countdown.left = random.nextInt(70 * 29 * 8);
                SequenceWriter writer = new SequenceWriter(
                        file.region,
                        new FileLedger(new CrashingWords(file.table, countdown), new HostKvMemory(file.region)),
                        countdown::count);
                try {
                    for (int sequence = 0; ; sequence++) {
                        writer.decode(sequence);
                    }
                } catch (Crash e) {
                    restored += readsOnlyRightRows(own, writer, "crash " + crash);
                }
                adoptsWhatIsWhole(file, "crash " + crash);
            }
        }
        assertThat(restored).isGreaterThan(CRASHES * 29L);
    }

    /** @return rows that were copied */
    private static long readsOnlyRightRows(SharedPool own, SequenceWriter writer, String when) {
        int[] into = IntStream.range(0, SequenceWriter.BLOCKS_OF_A_SEQUENCE).toArray();
        long restored = 0;
        try (LocalPools pools = new LocalPools(own)) {
            for (int sequence = 0; sequence <= writer.sequence(); sequence++) {
                int[] tokens = Rows.tokens(sequence, SequenceWriter.TOKENS);
                HeldRows held = pools.longest(Rows.chain(tokens), tokens, 0).orElse(null);
                int rows = held == null ? 0 : pools.copy(held, into);
                for (int at = 0; at < rows; at += Rows.BLOCK_TOKENS) {
                    int expected = Math.min(Rows.BLOCK_TOKENS, rows - at);
                    assertThat(Rows.right(own.region(), into[at / Rows.BLOCK_TOKENS], tokens, at, expected))
                            .as("%s: rows of sequence %d from %d", when, sequence, at)
                            .isEqualTo(expected);
                }
                if (sequence == writer.sequence()) {
                    assertThat(rows).as(when).isGreaterThanOrEqualTo(writer.recorded());
                }
                restored += rows;
            }
            assertThat(pools.failed()).as(when).isZero();
        }
        return restored;
    }

    private static void adoptsWhatIsWhole(DeadFile file, String when) {
        FileLedger ledger = new FileLedger(new LedgerWords(file.table), new HostKvMemory(file.region));
        FileLedger.Inventory left = ledger.takeOver();
        assertThat(left.damaged()).as(when).isZero();
        for (AdoptedBlocks.Named block : left.blocks().named()) {
            assertThat(ledger.matches(block.block())).as(when).isTrue();
        }
        BlockPool pool = new BlockPool(Rows.LAYOUT.blocks());
        assertThat(left.blocks().restoreInto(pool)).hasSameSizeAs(left.blocks().named());
        pool.checkIntegrity();
    }
}
