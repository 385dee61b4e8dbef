package dev.baton.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.baton.kv.ffm.NativeLibrary;
import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KvDigestTest {
    private static final Path SOURCES = Path.of("src/main/native");

    private static MemorySegment random(int bytes) {
        byte[] data = new byte[bytes];
        new SplittableRandom(bytes).nextBytes(data);
        return MemorySegment.ofArray(data);
    }

    /** Outside the heap, at an address that is a multiple of 8 and of nothing more. */
    private static MemorySegment outside(Arena arena, int bytes) {
        return arena.allocate(bytes + 8L, 64).asSlice(8, bytes).copyFrom(random(bytes));
    }

    private static long byDefinition(MemorySegment bytes) {
        long sum = 0;
        for (int i = 0; i < bytes.byteSize() / 8; i++) {
            sum += bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, 8L * i) * (2L * i + 1);
        }
        return sum;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 8, 56, 64, 72, 1024, 65_528, 65_536, 65_544, 65_600, 200_000, 1 << 20})
    void isTheSumOfWordsWithOddWeights(int bytes) {
        MemorySegment data = random(bytes);
        assertThat(KvDigest.of(data)).isEqualTo(byDefinition(data));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 8, 56, 64, 72, 32_760, 32_768, 32_776, 65_544, 65_600, 200_000, 1 << 20})
    void theLibraryThatShipsMakesTheNumbersThatJavaMakes(int bytes) {
        compare(NativeLibrary.shipped("libbatonkv.so"), bytes);
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
        for (int bytes : new int[] {0, 8, 72, 32_776, 65_600, 200_000}) {
            compare(built, bytes);
        }
    }

    private static boolean compiler() {
        String name = Objects.requireNonNullElse(System.getenv("CC"), "cc");
        return Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder).resolve(name)));
    }

    private static void compare(@Nullable NativeLibrary library, int bytes) {
        assertThat(library).isNotNull();
        MethodHandle inC = KvDigest.inC(library);
        assertThat(inC).isNotNull();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment from = outside(arena, bytes);
            long expected = byDefinition(from);
            assertThat(KvDigest.digest(from, null, inC)).isEqualTo(expected);
            assertThat(KvDigest.digest(from, null, null)).isEqualTo(expected);
            // Aligned as a pool's blocks are, which C copies past the caches, and not.
            for (int offset : new int[] {0, 8}) {
                MemorySegment to = arena.allocate(bytes + 16L, 64).asSlice(offset, bytes);
                assertThat(KvDigest.digest(to, from, inC)).isEqualTo(expected);
                assertThat(to.mismatch(from)).isEqualTo(-1);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 72, 65_544, 200_000})
    void copiesWhatItDigests(int bytes) {
        MemorySegment from = random(bytes);
        MemorySegment to = MemorySegment.ofArray(new byte[bytes]);
        assertThat(KvDigest.copy(from, to)).isEqualTo(byDefinition(from));
        assertThat(to.mismatch(from)).isEqualTo(-1);
    }

    @Test
    void showsEachSingleChangedByte() {
        MemorySegment data = random(512);
        long before = KvDigest.of(data);
        for (int at = 0; at < 512; at++) {
            byte kept = data.get(ValueLayout.JAVA_BYTE, at);
            data.set(ValueLayout.JAVA_BYTE, at, (byte) (kept + 1));
            assertThat(KvDigest.of(data)).as("byte %d", at).isNotEqualTo(before);
            data.set(ValueLayout.JAVA_BYTE, at, kept);
        }
    }
}
