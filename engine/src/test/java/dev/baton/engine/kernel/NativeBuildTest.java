package dev.baton.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The binary that ships is what the sources build: both run {@link KernelsTest}'s comparison with Java. */
class NativeBuildTest {
    private static final Path SOURCES = Path.of("src/main/native");

    @Test
    void theSourcesBuildWithThisMachinesCompilerAndMakeTheBitsThatJavaMakes(@TempDir Path folder)
            throws IOException, InterruptedException {
        assumeThat(Path.of("/usr/bin/cc")).as("a C compiler").exists();
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
                        "-D" + NativeLibrary.OVERRIDE + "=" + folder.resolve("libbaton.so"),
                        "-cp",
                        System.getProperty("java.class.path"),
                        KernelsCheck.class.getName())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertThat(check.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(check.exitValue()).as(Files.readString(log)).isZero();
    }

    /** A process of its own: a library is loaded once per process. */
    static final class KernelsCheck {
        private KernelsCheck() {}

        static void main() {
            KernelsTest test = new KernelsTest();
            try {
                test.productsInCAndJavaHaveTheSameBitsForEveryTypeAndNumberOfRows();
                test.attentionInCAndJavaHasTheSameBits();
                test.gatesInCAndJavaHaveTheSameBits();
                new LogitPassesTest().passesInCAndJavaHaveTheSameBits();
            } finally {
                test.close();
            }
        }
    }
}
