package dev.baton.transfer.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.kv.BlockHash;
import dev.baton.kv.HostKvMemory;
import dev.baton.kv.KvDtype;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import dev.baton.kv.LayerGroup;
import dev.baton.kv.NativeRecords;
import dev.baton.kv.OpenBlock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Records that C writes, beside those that Java writes. */
class NativeRecordsTest {
    private static final KvLayout SMALL =
            KvLayout.uniform(2, 2, 4, 8, KvDtype.BF16, 3).withTurnedKeys();

    static Stream<KvLayout> layouts() {
        return Stream.of(
                SMALL,
                KvLayout.uniform(3, 2, 64, 64, KvDtype.BF16, 4).withTurnedKeys(),
                KvLayout.uniform(2, 3, 5, 7, KvDtype.F32, 4),
                KvLayout.uniform(2, 3, 8, 16, KvDtype.I8, 4).withTurnedKeys(),
                new KvLayout(
                        List.of(new LayerGroup(4, 2, 1, 2, 24, 8, 0), new LayerGroup(6, 2, 0, 1, 1_152, 0, 9)),
                        16,
                        KvDtype.BF16,
                        true,
                        4,
                        0,
                        1));
    }

    /** A table over KV, written by one of both. */
    private record Written(MemorySegment table, KvRegion region, FileLedger ledger) {
        static Written of(MemorySegment kv, KvLayout layout, Arena arena, boolean inC) {
            LedgerFormat format = LedgerFormat.of(layout);
            MemorySegment table = arena.allocate(format.bytes(), 64);
            KvRegion region = new KvRegion(layout, kv);
            NativeRecords records =
                    inC ? Objects.requireNonNull(NativeRecords.over(region, table, format.places(), true)) : null;
            FileLedger ledger = new FileLedger(new LedgerWords(table), new HostKvMemory(region), records);
            return new Written(table, region, ledger);
        }
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void haveTheSameBytesAfterEachOfManySteps(KvLayout layout) {
        SplittableRandom random = new SplittableRandom(layout.bytes());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment kv = random(arena.allocate(layout.bytes(), 64), random);
            Written java = Written.of(kv, layout, arena, false);
            Written c = Written.of(kv, layout, arena, true);
            int[] rows = new int[layout.blocks()];
            int[] sequences = new int[layout.blocks()];
            for (int step = 0; step < 400; step++) {
                List<OpenBlock> open = new ArrayList<>();
                for (int block = 0; block < layout.blocks(); block++) {
                    switch (random.nextInt(12)) {
                        case 0 -> sequences[block] = random.nextInt(3);
                        case 1 -> rows[block] = 0;
                        case 2 -> {
                            java.ledger.forget(block);
                            c.ledger.forget(block);
                        }
                        default -> {}
                    }
                    rows[block] = Math.min(layout.blockTokens(), rows[block] + Math.max(1, random.nextInt(6) - 2));
                    open.add(open(block, sequences[block], rows[block]));
                }
                java.ledger.record(open);
                c.ledger.record(open);
                assertThat(c.table.mismatch(java.table)).as("step %d", step).isEqualTo(-1);
                sealTheFull(layout, rows, sequences, List.of(java, c));
                assertThat(c.table.mismatch(java.table))
                        .as("names of step %d", step)
                        .isEqualTo(-1);
            }
        }
    }

    private static void sealTheFull(KvLayout layout, int[] rows, int[] sequences, List<Written> tables) {
        for (int block = 0; block < rows.length; block++) {
            if (rows[block] == layout.blockTokens()) {
                for (Written table : tables) {
                    table.ledger.seal(block, parent(sequences[block]), new BlockHash(block, sequences[block]));
                    assertThat(table.ledger.matches(block)).isTrue();
                }
                rows[block] = 0;
            }
        }
    }

    private static @Nullable BlockHash parent(int sequence) {
        return sequence == 0 ? null : new BlockHash(sequence, -sequence);
    }

    private static OpenBlock open(int block, int sequence, int rows) {
        int[] tokens = new int[rows + 2];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = 50_000 * sequence + i - 3;
        }
        return new OpenBlock(block, parent(sequence), tokens, 2, rows);
    }

    private static MemorySegment random(MemorySegment memory, SplittableRandom random) {
        byte[] bytes = new byte[Math.toIntExact(memory.byteSize())];
        random.nextBytes(bytes);
        return memory.copyFrom(MemorySegment.ofArray(bytes));
    }

    /** A row that changes once it was summed is not read again: the record says what the row was. */
    @Test
    void sumEachRowOnce() {
        try (Arena arena = Arena.ofConfined()) {
            for (boolean inC : new boolean[] {false, true}) {
                MemorySegment kv = random(arena.allocate(SMALL.bytes(), 64), new SplittableRandom(3));
                Written written = Written.of(kv, SMALL, arena, inC);
                LedgerReader reader = new LedgerReader(LedgerFormat.of(SMALL), new LedgerWords(written.table));
                List<?> expected = new HostKvMemory(written.region).digests(1, 0, 3);
                written.ledger.record(List.of(open(1, 0, 2)));
                MemorySegment block = written.region.layerBlock(0, 1);
                block.set(ValueLayout.JAVA_BYTE, 0, (byte) ~block.get(ValueLayout.JAVA_BYTE, 0));
                written.ledger.record(List.of(open(1, 0, 3)));
                assertThat(new HostKvMemory(written.region).digests(1, 0, 3)).isNotEqualTo(expected);
                assertThat(reader.open(1))
                        .hasValueSatisfying(open -> assertThat(open.digests()).isEqualTo(expected));
            }
        }
    }

    @Test
    void areRefusedForBlocksThatAreNotThere() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment kv = arena.allocate(SMALL.bytes(), 64);
            FileLedger ledger = Written.of(kv, SMALL, arena, true).ledger;
            assertThatThrownBy(() -> ledger.record(List.of(open(3, 0, 1)))).hasMessageContaining("in block 3 of");
            assertThatThrownBy(() -> ledger.record(List.of(open(0, 0, 9)))).hasMessageContaining("record of 9 tokens");
            MemorySegment table = arena.allocate(64, 64);
            assertThatThrownBy(() -> NativeRecords.over(
                            new KvRegion(SMALL, kv),
                            table,
                            LedgerFormat.of(SMALL).places(),
                            true))
                    .hasMessageContaining("a table of 64 bytes");
        }
    }
}
