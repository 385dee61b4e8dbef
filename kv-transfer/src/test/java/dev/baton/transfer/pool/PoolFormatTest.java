package dev.baton.transfer.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.kv.BlockHash;
import dev.baton.kv.HostKvMemory;
import dev.baton.kv.KvDigest;
import dev.baton.kv.KvDtype;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import dev.baton.kv.LayerGroup;
import dev.baton.kv.OpenBlock;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/**
 * The bytes of pool files, which other versions will read: lines of 16 bytes with their offset, without the lines of zeros.
 */
class PoolFormatTest {
    private static final KvLayout LAYOUT = new KvLayout(
            List.of(new LayerGroup(4, 2, 6, 2, 8, 8, 0), new LayerGroup(6, 1, 3, 1, 16, 0, 128)),
            16,
            KvDtype.BF16,
            true,
            3,
            1,
            2);
    private static final PoolIdentity IDENTITY =
            new PoolIdentity("prefill-0", 0x0102030405060708L, 0x1112131415161718L, "bf16, own products", LAYOUT);
    private static final PoolHeader HEADER = new PoolHeader(IDENTITY, 3, 1_800_000_000_000L);
    private static final BlockHash FIRST = new BlockHash(0x2122232425262728L, 0x3132333435363738L);
    private static final BlockHash SECOND = new BlockHash(0x4142434445464748L, 0x5152535455565758L);
    private static final int[] TOKENS = {0, 1, 2, 3, 50_000, 49_999, 49_998};

    private static String fixture(String name) throws IOException {
        try (InputStream file = PoolFormatTest.class.getResourceAsStream(name)) {
            return new String(Objects.requireNonNull(file).readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    private static MemorySegment bytes(String fixture, long size, Arena arena) {
        MemorySegment bytes = arena.allocate(size, 64);
        fixture.lines().forEach(line -> {
            byte[] part = HexFormat.of().parseHex(line.substring(7));
            MemorySegment.copy(part, 0, bytes, ValueLayout.JAVA_BYTE, HexFormat.fromHexDigits(line, 0, 6), part.length);
        });
        return bytes;
    }

    private static String dump(MemorySegment bytes) {
        StringBuilder text = new StringBuilder();
        for (int at = 0; at < bytes.byteSize(); at += 16) {
            byte[] line = bytes.asSlice(at, Math.min(16, bytes.byteSize() - at)).toArray(ValueLayout.JAVA_BYTE);
            if (!Arrays.equals(line, new byte[line.length])) {
                text.append("%06x ".formatted(at))
                        .append(HexFormat.of().formatHex(line))
                        .append('\n');
            }
        }
        return text.toString();
    }

    private static FileLedger ledger(MemorySegment file) {
        KvRegion region = new KvRegion(LAYOUT, file.asSlice(HEADER.kvOffset(), LAYOUT.bytes()));
        return new FileLedger(
                new LedgerWords(
                        file.asSlice(PoolHeader.FIXED_BYTES, HEADER.table().bytes())),
                new HostKvMemory(region));
    }

    private static LedgerReader reader(MemorySegment file) {
        return new LedgerReader(
                HEADER.table(),
                new LedgerWords(
                        file.asSlice(PoolHeader.FIXED_BYTES, HEADER.table().bytes())));
    }

    /** KV of zeros, whose digests are zero however they are computed. */
    @Test
    void writesTheBytesOfVersion3() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment file = arena.allocate(HEADER.fileBytes(), 64);
            HEADER.write(file);
            FileLedger ledger = ledger(file);
            ledger.seal(0, null, FIRST);
            ledger.record(List.of(new OpenBlock(2, FIRST, TOKENS, 3, 1)));
            ledger.record(List.of(new OpenBlock(2, FIRST, TOKENS, 3, 3)));
            ledger.seal(1, FIRST, SECOND);
            ledger.record(List.of(new OpenBlock(0, null, TOKENS, 0, 1)));
            ledger.forget(0);
            assertThat(dump(file)).isEqualTo(fixture("pool-v3.txt"));
        }
    }

    @Test
    void readsTheBytesOfVersion3() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment file = bytes(fixture("pool-v3.txt"), HEADER.fileBytes(), arena);
            assertThat(PoolHeader.read(file)).isEqualTo(HEADER);
            LedgerReader reader = reader(file);
            assertThat(reader.condition(0)).isEqualTo(LedgerReader.Condition.NAMELESS);
            assertThat(reader.sealed(1)).hasValueSatisfying(block -> {
                assertThat(block.name()).isEqualTo(SECOND);
                assertThat(block.parent()).isEqualTo(FIRST);
                assertThat(block.digests()).containsOnly(KvDigest.ZERO).hasSize(3);
            });
            assertThat(reader.open(2)).hasValueSatisfying(block -> {
                assertThat(block.parent()).isEqualTo(FIRST);
                assertThat(block.tokens()).containsExactly(3, 50_000, 49_999);
                assertThat(block.version()).isEqualTo(2);
            });
            assertThat(reader.open(0)).isEmpty();
            assertThat(reader.changes()).isEqualTo(6);
        }
    }

    @Test
    void entriesLieAtMultiplesOf64BytesWhateverTheirSize() {
        for (int layers : new int[] {1, 2, 3, 32, 80}) {
            for (int tokens : new int[] {1, 16, 33, 64}) {
                LedgerFormat format = new LedgerFormat(layers, tokens, 3);
                assertThat(format.entry(1) % 64).isZero();
                assertThat(format.record(0, 0)).isEqualTo(format.digest(format.entry(0), layers));
                assertThat(format.record(0, 1)).isEqualTo(format.tokens(format.record(0, 0), format.tokenWords()));
                assertThat(format.tokens(format.record(2, 1), format.tokenWords()))
                        .isLessThanOrEqualTo(format.bytes());
            }
        }
        assertThatThrownBy(() -> new LedgerFormat(1, 1, 3).entry(3)).isInstanceOf(IndexOutOfBoundsException.class);
    }
}
