package dev.baton.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The binary that ships is what the sources build: both are compared with Java by the same tests. Skipped without a C
 * compiler, except in continuous integration, which promises one.
 */
class NativeBuildTest {
    private static final Path SOURCES = Path.of("src/main/native");
    private static final String DONE = "every kernel was compared";

    @Test
    void theSourcesBuildWithThisMachinesCompilerAndMakeTheBitsThatJavaMakes(@TempDir Path folder)
            throws IOException, InterruptedException {
        if (System.getenv("CI") == null) {
            assumeThat(compiler()).as("a C compiler on the PATH").isPresent();
        }
        assertThat(compiler()).as("a C compiler on the PATH").isPresent();
        Path log = folder.resolve("log");
        Process build = new ProcessBuilder("sh", SOURCES.resolve("build.sh").toString(), folder.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertThat(build.waitFor(300, TimeUnit.SECONDS)).isTrue();
        assertThat(build.exitValue()).as(Files.readString(log)).isZero();

        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        Process check = new ProcessBuilder(
                        java.toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-D" + BatonLibrary.OVERRIDE + "=" + folder.resolve("libbaton.so"),
                        "-cp",
                        System.getProperty("java.class.path"),
                        KernelsCheck.class.getName())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertThat(check.waitFor(300, TimeUnit.SECONDS)).isTrue();
        assertThat(check.exitValue()).as(Files.readString(log)).isZero();
        assertThat(log).content().contains(DONE);
    }

    private static Optional<Path> compiler() {
        String name = Objects.requireNonNullElse(System.getenv("CC"), "cc");
        return Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .map(folder -> Path.of(folder).resolve(name))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** A process of its own: a library is loaded once per process. */
    static final class KernelsCheck {
        private KernelsCheck() {}

        static void main() {
            for (Instructions instructions : Instructions.values()) {
                instructions
                        .missing()
                        .ifPresentOrElse(
                                reason -> System.out.println(instructions + " not compared: " + reason),
                                () -> compare(instructions));
            }
            whole(new RowOpsTest(), RowOpsTest::normsInCAndJavaHaveTheSameBits, RowOpsTest::close);
            whole(new RowOpsTest(), RowOpsTest::rotationInCAndJavaHasTheSameBits, RowOpsTest::close);
            whole(new RowOpsTest(), RowOpsTest::softCappingInCAndJavaHasTheSameBits, RowOpsTest::close);
            whole(new KernelsTest(), KernelsTest::gatesInCAndJavaHaveTheSameBits, KernelsTest::close);
            whole(new KernelsTest(), KernelsTest::packingInCAndJavaIsTheSame, KernelsTest::close);
            whole(new Int8Test(), Int8Test::roundingWeightsInCAndJavaIsTheSameInOnePieceOrTwo, Int8Test::close);
            new LogitOpsTest().passesInCAndJavaHaveTheSameBits();
            System.out.println(DONE);
        }

        private static void compare(Instructions with) {
            if (with != Instructions.VNNI) {
                whole(
                        new KernelsTest(),
                        test -> test.productsInCAndJavaHaveTheSameBitsForEveryTypeAndNumberOfRows(with),
                        KernelsTest::close);
                whole(
                        new GroupsTest(),
                        test -> test.productsInCAndJavaHaveTheSameBitsForEveryTypeAndNumberOfRows(with),
                        GroupsTest::close);
                whole(new AttentionTest(), test -> test.attentionInCAndJavaHasTheSameBits(with), AttentionTest::close);
            }
            if (with != Instructions.AVX_512) {
                whole(new Int8Test(), test -> test.productsInCAndJavaHaveTheSameBits(with), Int8Test::close);
            }
        }

        private static <T> void whole(T test, Consumer<T> run, Consumer<T> close) {
            try {
                run.accept(test);
            } finally {
                close.accept(test);
            }
        }
    }
}
