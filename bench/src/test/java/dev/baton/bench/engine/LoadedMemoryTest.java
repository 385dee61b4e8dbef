package dev.baton.bench.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.bench.engine.RandomCheckpoint.Heads;
import dev.baton.bench.engine.RandomCheckpoint.Widths;
import dev.baton.model.Reference;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Anonymous memory of an open checkpoint, measured in a process of its own. Its heap is small and there from the start,
 * so that what comes and goes in it is not taken for weights, and weights cannot hide in it. {@code -Dbaton.memory.shape=1.1B} measures
 * that shape instead.
 */
@EnabledOnOs(OS.LINUX)
class LoadedMemoryTest {
    /** Each matrix is a little larger than a multiple of a huge page. */
    private static final RandomCheckpoint AWKWARD =
            new RandomCheckpoint("awkward", 1040, 16, new Heads(13, 13), new Widths(1040, 4096, false));

    static Stream<RandomCheckpoint> checkpoints() {
        return System.getProperty("baton.memory.shape", "").equals(RandomCheckpoint.LARGE.name())
                ? Stream.of(RandomCheckpoint.LARGE)
                : Stream.of(RandomCheckpoint.SMALL, AWKWARD);
    }

    @ParameterizedTest
    @MethodSource("checkpoints")
    void anOpenModelTakesLittleMoreMemoryThanItsCheckpointHas(RandomCheckpoint shape, @TempDir Path temporary)
            throws IOException, InterruptedException {
        Path folder = Files.createDirectory(temporary.resolve("model"));
        shape.write(folder);
        double checkpoint = Files.size(folder.resolve("model.safetensors"));
        Memory memory = measure(folder);
        double steady = (memory.steady - memory.before) / checkpoint;
        double peak = (memory.peak - memory.before) / checkpoint;
        double copied = (memory.copied - memory.before) / checkpoint;
        System.out.printf(
                "memory of %s: checkpoint %.0f MB, before %.0f MB, steady %.3f, peak %.3f of the checkpoint%n",
                shape.name(), checkpoint / 1e6, memory.before / 1e6, steady, peak);
        assertThat(steady).as("weights are in memory").isGreaterThan(0.9);
        assertThat(copied - steady).as("a copy of a tenth is seen").isBetween(0.09, 0.11);
        assertThat(steady).as("steady anonymous memory over the checkpoint").isLessThanOrEqualTo(1.15);
        assertThat(peak).as("peak of anonymous memory over the checkpoint").isLessThanOrEqualTo(1.3);
    }

    private record Memory(long before, long peak, long steady, long copied) {}

    private static Memory measure(Path folder) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "--enable-native-access=ALL-UNNAMED",
                "-Xms96m",
                "-Xmx96m",
                "-XX:+AlwaysPreTouch",
                "-cp",
                System.getProperty("java.class.path"),
                LoadedMemory.class.getName(),
                Reference.DEMO.toString(),
                folder.toString()));
        Path errors = folder.resolveSibling("errors");
        Process process =
                new ProcessBuilder(command).redirectError(errors.toFile()).start();
        try {
            long[] said = process.inputReader()
                    .lines()
                    .filter(line -> line.startsWith("memory "))
                    .flatMap(line -> Stream.of(line.split(" ")).skip(1))
                    .mapToLong(Long::parseLong)
                    .toArray();
            assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
            assertThat(process.exitValue()).as(Files.readString(errors)).isZero();
            return new Memory(said[0], said[1], said[2], said[3]);
        } finally {
            process.destroyForcibly();
        }
    }
}
