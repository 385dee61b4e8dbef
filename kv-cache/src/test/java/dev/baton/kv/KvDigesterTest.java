package dev.baton.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.baton.kv.ffm.NativeLibrary;
import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class KvDigesterTest {
    private static final Path SOURCES = Path.of("src/main/native");

    /** Two heads of 64 elements, 64 tokens. */
    private static final KvLayout COMMON = KvLayout.uniform(2, 2, 64, 64, KvDtype.BF16, 4);

    static Stream<KvLayout> layouts() {
        return Stream.of(
                COMMON,
                COMMON.withTurnedKeys(),
                KvLayout.uniform(1, 1, 128, 64, KvDtype.BF16, 2).withTurnedKeys(),
                KvLayout.uniform(1, 2, 5, 7, KvDtype.F32, 2).withTurnedKeys(),
                KvLayout.uniform(1, 3, 8, 16, KvDtype.I8, 2),
                KvLayout.uniform(1, 3, 6, 16, KvDtype.BF16, 2),
                KvLayout.uniform(1, 1, 128, 64, KvDtype.BF16, 2),
                KvLayout.uniform(1, 2, 5, 7, KvDtype.F32, 2),
                KvLayout.uniform(1, 1, 1_152, 3, KvDtype.BF16, 2).withTurnedKeys(),
                new KvLayout(
                        List.of(new LayerGroup(8, 1, 2, 2, 24, 8, 0), new LayerGroup(9, 1, 0, 1, 40, 0, 9)),
                        16,
                        KvDtype.BF16,
                        true,
                        2,
                        0,
                        1));
    }

    private static MemorySegment random(long bytes) {
        byte[] data = new byte[Math.toIntExact(bytes)];
        new SplittableRandom(bytes).nextBytes(data);
        return MemorySegment.ofArray(data);
    }

    /** The definition, as a tensor reduction makes it: words to int64, times their weights, summed; slices likewise. */
    private static KvDigest byDefinition(KvLayout layout, int layer, MemorySegment bytes, int from, int to) {
        LayerGroup group = layout.group(layer);
        long a = 0;
        long b = 0;
        long at = 0;
        for (int kind = 0; kind < 3; kind++) {
            int words = switch (kind) {
                case 0 -> group.keyDim() * layout.dtype().bytes() / 4;
                case 1 -> group.valueDim() * layout.dtype().bytes() / 4;
                default -> (group.valueDim() == 0 ? 1 : 2) * layout.dtype().scaleBytes() / 4;
            };
            for (int head = 0; head < group.kvHeads(); head++) {
                int[] x = bytes.asSlice(at, 4L * words * layout.blockTokens()).toArray(ValueLayout.JAVA_INT_UNALIGNED);
                long sliceA = 0;
                long sliceB = 0;
                for (int c = 0; c < x.length; c++) {
                    int token = kind == 0 && layout.turnedKeys() ? c % layout.blockTokens() : c / words;
                    long word = token >= from && token < to ? x[c] & 0xFFFF_FFFFL : 0;
                    sliceA += word * (DigestWeights.a(c) & 0xFFFF_FFFFL);
                    sliceB += word * (DigestWeights.b(c) & 0xFFFF_FFFFL);
                }
                a += DigestWeights.pa(DigestWeights.slice(kind, group.firstHead() + head)) * sliceA;
                b += DigestWeights.pb(DigestWeights.slice(kind, group.firstHead() + head)) * sliceB;
                at += 4L * words * layout.blockTokens();
            }
        }
        return new KvDigest(a, b);
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void theLibraryThatShipsMakesTheNumbersOfTheDefinition(KvLayout layout) {
        compare(NativeLibrary.shipped("libbatonkv.so"), layout);
    }

    /** What ships is what the sources build. Skipped without a C compiler, except in continuous integration. */
    @Test
    void theSourcesBuildWithThisMachinesCompilerAndMakeThemToo(@TempDir Path folder)
            throws IOException, InterruptedException {
        if (System.getenv("CI") == null) {
            assumeThat(compiler()).as("a C compiler on the PATH").isTrue();
        }
        Process build = new ProcessBuilder("sh", SOURCES.resolve("build.sh").toString(), folder.toString())
                .inheritIO()
                .start();
        assertThat(build.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(build.exitValue()).isZero();
        NativeLibrary built = NativeLibrary.at(folder.resolve("libbatonkv.so").toString());
        layouts().forEach(layout -> compare(built, layout));
    }

    private static boolean compiler() {
        String name = Objects.requireNonNullElse(System.getenv("CC"), "cc");
        return Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder).resolve(name)));
    }

    private static void compare(@Nullable NativeLibrary library, KvLayout layout) {
        assertThat(library).isNotNull();
        KvLibrary inC = KvLibrary.of(library);
        assertThat(inC).isNotNull();
        int all = layout.blockTokens();
        for (int layer = 0; layer < layout.layers(); layer++) {
            try (Arena arena = Arena.ofConfined()) {
                long size = layout.layerBlockBytes(layer);
                MemorySegment from =
                        arena.allocate(size + 8, 64).asSlice(8, size).copyFrom(random(size));
                KvRegion pool =
                        new KvRegion(layout, arena.allocate(layout.bytes(), 64).copyFrom(random(layout.bytes())));
                MemorySegment second = pool.layerBlock(layer, 1);
                for (int token = 0; token < all; token++) {
                    assertThat(new KvDigester(layout, inC)
                                    .ofBlock(pool, 1, token, token + 1)
                                    .get(layer))
                            .isEqualTo(byDefinition(layout, layer, second, token, token + 1));
                }
                for (int tokens : new int[] {0, 1, all / 2, all - 1, all}) {
                    assertThat(new KvDigester(layout, inC)
                                    .ofBlock(pool, 1, tokens, all)
                                    .get(layer))
                            .isEqualTo(byDefinition(layout, layer, second, tokens, all));
                    KvDigest expected = byDefinition(layout, layer, from, 0, tokens);
                    assertThat(new KvDigester(layout, null).of(layer, from, tokens))
                            .isEqualTo(expected);
                    KvDigester digester = new KvDigester(layout, inC);
                    assertThat(digester.of(layer, from, tokens)).isEqualTo(expected);
                    assertThat(digester.rows(layer, from, tokens, all))
                            .isEqualTo(byDefinition(layout, layer, from, tokens, all));
                    // Aligned as a pool's blocks are, which C copies past the caches, and not.
                    for (int offset : new int[] {0, 8}) {
                        MemorySegment to = arena.allocate(size + 16L, 64).asSlice(offset, size);
                        assertThat(digester.copy(layer, from, to, tokens)).isEqualTo(expected);
                        assertThat(to.mismatch(from)).isEqualTo(-1);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void copiesAndDigestsOnTheHeap(KvLayout layout) {
        MemorySegment from = random(layout.layerBlockBytes(0));
        MemorySegment to = MemorySegment.ofArray(new byte[(int) from.byteSize()]);
        assertThat(new KvDigester(layout).copy(0, from, to, 3)).isEqualTo(byDefinition(layout, 0, from, 0, 3));
        assertThat(to.mismatch(from)).isEqualTo(-1);
    }

    @Test
    void growsTokenByToken() {
        KvDigester digester = new KvDigester(COMMON);
        MemorySegment block = random(COMMON.layerBlockBytes(0));
        KvDigest digest = KvDigest.ZERO;
        for (int token = 0; token < COMMON.blockTokens(); token++) {
            digest = digest.plus(digester.rows(0, block, token, token + 1));
            assertThat(digest).isEqualTo(digester.of(0, block, token + 1));
        }
    }

    @Test
    void showsEachSingleChangedByteOfTokensThatCountAndOfNoOthers() {
        KvDigester digester = new KvDigester(COMMON);
        MemorySegment block = random(COMMON.layerBlockBytes(0));
        int tokens = 40;
        KvDigest before = digester.of(0, block, tokens);
        boolean[] counts = new boolean[(int) block.byteSize()];
        for (int token = 0; token < tokens; token++) {
            rows(token).forEach(row -> Arrays.fill(counts, row[0], row[0] + row[1], true));
        }
        for (int at = 0; at < block.byteSize(); at += 13) {
            byte kept = block.get(ValueLayout.JAVA_BYTE, at);
            block.set(ValueLayout.JAVA_BYTE, at, (byte) (kept + 1));
            assertThat(!digester.of(0, block, tokens).equals(before))
                    .as("byte %d", at)
                    .isEqualTo(counts[at]);
            block.set(ValueLayout.JAVA_BYTE, at, kept);
        }
    }

    @Test
    void seesRowsThatMovedWereSwappedRepeatedOrZeroed() {
        KvDigester digester = new KvDigester(COMMON);
        MemorySegment block = random(COMMON.layerBlockBytes(0));
        KvDigest before = digester.of(0, block, 64);
        for (int token = 0; token < 63; token++) {
            int other = (token * 29 + 7) % 64;
            if (other == token) {
                continue;
            }
            byte[] kept = block.toArray(ValueLayout.JAVA_BYTE);
            move(block, block, token + 1, token);
            differs(digester, block, before, kept, "token %d repeats its successor".formatted(token));
            move(MemorySegment.ofArray(kept), block, token, other);
            move(MemorySegment.ofArray(kept), block, other, token);
            differs(digester, block, before, kept, "tokens %d and %d are swapped".formatted(token, other));
            for (int i = token; i < 63; i++) {
                move(MemorySegment.ofArray(kept), block, i + 1, i);
            }
            differs(digester, block, before, kept, "all tokens from %d on moved by one".formatted(token));
            for (int[] row : rows(token)) {
                block.asSlice(row[0], row[1]).fill((byte) 0);
            }
            differs(digester, block, before, kept, "token %d is zero".formatted(token));
        }
    }

    @Test
    void seesHeadsAndKindsThatAreSwapped() {
        KvDigester digester = new KvDigester(COMMON);
        MemorySegment block = random(COMMON.layerBlockBytes(0));
        KvDigest before = digester.of(0, block, 64);
        byte[] kept = block.toArray(ValueLayout.JAVA_BYTE);
        int slice = kept.length / 4;
        for (int one = 0; one < 4; one++) {
            for (int other = 0; other < one; other++) {
                MemorySegment.copy(kept, one * slice, block, ValueLayout.JAVA_BYTE, (long) other * slice, slice);
                MemorySegment.copy(kept, other * slice, block, ValueLayout.JAVA_BYTE, (long) one * slice, slice);
                differs(digester, block, before, kept, "slices %d and %d are swapped".formatted(one, other));
            }
        }
    }

    private static void differs(
            KvDigester digester, MemorySegment block, KvDigest before, byte[] kept, String description) {
        KvDigest after = digester.of(0, block, 64);
        assertThat(after.a()).as(description).isNotEqualTo(before.a());
        assertThat(after.b()).as(description).isNotEqualTo(before.b());
        block.copyFrom(MemorySegment.ofArray(kept));
        assertThat(digester.of(0, block, 64)).isEqualTo(before);
    }

    /** Where the bytes of a token of COMMON lie: offset and length of each piece. */
    private static List<int[]> rows(int token) {
        int row = 64 * 2;
        return Stream.of(0, 1, 2, 3)
                .map(slice -> new int[] {(slice * 64 + token) * row, row})
                .toList();
    }

    private static void move(MemorySegment from, MemorySegment to, int token, int there) {
        List<int[]> source = rows(token);
        List<int[]> target = rows(there);
        for (int i = 0; i < source.size(); i++) {
            MemorySegment.copy(from, source.get(i)[0], to, target.get(i)[0], source.get(i)[1]);
        }
    }

    @Test
    void bytesInOrderHaveADigest() {
        for (int size : new int[] {0, 1, 5, 65_536, 65_537, 200_000}) {
            MemorySegment bytes = random(size);
            KvDigest before = KvDigester.ofBytes(bytes);
            try (Arena arena = Arena.ofConfined()) {
                assertThat(KvDigester.ofBytes(arena.allocate(Math.max(1, size))
                                .asSlice(0, size)
                                .copyFrom(bytes)))
                        .isEqualTo(before);
            }
            if (size > 0) {
                byte last = bytes.get(ValueLayout.JAVA_BYTE, size - 1L);
                bytes.set(ValueLayout.JAVA_BYTE, size - 1L, (byte) (last ^ 1));
                assertThat(KvDigester.ofBytes(bytes)).isNotEqualTo(before);
            }
        }
        assertThat(KvDigester.ofBytes(MemorySegment.ofArray(new byte[4])))
                .isNotEqualTo(KvDigester.ofBytes(MemorySegment.ofArray(new byte[5])));
    }

    @Test
    void refusesWhatIsNoLayerOfABlock() {
        KvDigester digester = new KvDigester(COMMON);
        MemorySegment block = random(COMMON.layerBlockBytes(0));
        assertThatThrownBy(() -> digester.of(0, block.asSlice(8), 1)).hasMessageContaining("digest of 32760 bytes");
        assertThatThrownBy(() -> digester.copy(0, block, block.asSlice(8), 1)).hasMessageContaining("copied to 32760");
        assertThatThrownBy(() -> digester.of(0, block, 65)).hasMessageContaining("[0, 65) of a block of 64");
        assertThatThrownBy(() -> KvLayout.uniform(1, 1, 3, 16, KvDtype.BF16, 1))
                .hasMessageContaining("do not fill words");
    }
}
