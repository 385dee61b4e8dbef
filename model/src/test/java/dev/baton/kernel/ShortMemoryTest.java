package dev.baton.kernel;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.kv.KvDtype;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A kernel that finds no memory says so, and the process lives. */
@EnabledOnOs(OS.LINUX)
class ShortMemoryTest {
    private static final String SAID = "no memory for the ";
    private static final String AGAIN = "and the next attention ran";

    @Test
    void aKernelWithoutScratchFailsItsStepAndTheNextOneRuns(@TempDir Path folder)
            throws IOException, InterruptedException {
        Instructions.requireLibrary();
        Path log = folder.resolve("log");
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:+UseSerialGC",
                        "-Xint",
                        "-Xmx64m",
                        "-XX:ErrorFile=" + folder.resolve("crash"),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Short.class.getName())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertThat(child.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(log).content().contains(SAID, AGAIN);
        assertThat(child.exitValue()).isZero();
    }

    /** A process of its own, since it takes memory away from itself. */
    static final class Short {
        private static final int ADDRESS_SPACE = 9;
        private static final int DIMENSIONS = 8192;
        private static final int BLOCK = 1024;

        /** For the virtual machine; the kernel asks for 71 MB. */
        private static final long SLACK = 32 << 20;

        private Short() {}

        static void main() throws Throwable {
            MethodHandle setLimit = Linker.nativeLinker()
                    .downcallHandle(
                            Linker.nativeLinker().defaultLookup().findOrThrow("setrlimit"),
                            FunctionDescriptor.of(JAVA_INT, JAVA_INT, ValueLayout.ADDRESS));
            try (Arena arena = Arena.ofShared();
                    Kernels kernels = new NativeKernels(2)) {
                attend(kernels, arena, 16, 16);
                Runnable large = prepared(kernels, arena, DIMENSIONS, BLOCK);
                MemorySegment none = arena.allocate(JAVA_LONG, 2).fill((byte) 0xff);
                MemorySegment limit = arena.allocate(JAVA_LONG, 2).copyFrom(none);
                require((int) setLimit.invokeExact(ADDRESS_SPACE, none));
                limit.setAtIndex(JAVA_LONG, 0, addressSpace() + SLACK);
                require((int) setLimit.invokeExact(ADDRESS_SPACE, limit));
                String said;
                try {
                    large.run();
                    said = "memory enough";
                } catch (IllegalStateException e) {
                    said = String.valueOf(e.getMessage());
                }
                require((int) setLimit.invokeExact(ADDRESS_SPACE, none));
                System.out.println(said);
                large.run();
                System.out.println(AGAIN);
            }
        }

        private static void attend(Kernels kernels, Arena arena, int dimensions, int block) {
            prepared(kernels, arena, dimensions, block).run();
        }

        private static Runnable prepared(Kernels kernels, Arena arena, int dimensions, int block) {
            long bytes = 2L * dimensions * block * 2;
            MemorySegment layer = arena.allocate(bytes, 64);
            MemorySegment slices = arena.allocateFrom(JAVA_INT, 0, 1, 0, 0);
            Attention.Batch batch = new Attention.Batch(slices, arena.allocateFrom(JAVA_INT, 0), 1, 1);
            MatrixView row = new MatrixView(arena.allocate(dimensions * 4L, 64), dimensions);
            return () -> kernels.attention(
                    new Attention.Heads(1, 1, dimensions, dimensions),
                    new Attention.Rule(1, 0, 0),
                    new Attention.Pool(layer, KvDtype.BF16, block, bytes),
                    batch,
                    new Attention.Operands(row, row, row, row));
        }

        private static long addressSpace() throws IOException {
            return Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith("VmSize:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                    .findFirst()
                    .orElseThrow();
        }

        private static void require(int result) {
            if (result != 0) {
                throw new IllegalStateException("setrlimit: " + result);
            }
        }
    }
}
