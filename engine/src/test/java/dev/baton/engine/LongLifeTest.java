package dev.baton.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.engine.EngineCommand.Work;
import dev.baton.engine.EngineSettings.Patience;
import dev.baton.engine.EngineSettings.Role;
import dev.baton.engine.model.ModelSettings;
import dev.baton.engine.model.ModelSettings.DtypeChoice;
import dev.baton.engine.model.Models;
import dev.baton.engine.model.OpenModel;
import dev.baton.engine.model.Reference;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class LongLifeTest {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Path HANDLES = Path.of("/proc/self/fd");
    private static final int STEPS = 10_000;
    private static final int WARM = 3_000;

    /** A real runner, tiny: what one step leaked would show ten thousand times. 24 MiB are 3.5 KB a step. */
    @Test
    void tenThousandStepsOfARealModelLeaveMemoryAndHandlesFlat() throws IOException {
        assumeTrue(Files.isReadable(STATUS), "resident memory is read from /proc");
        Path folder = Reference.RESOURCES.resolve("families").resolve("llama2");
        ModelSettings settings = new ModelSettings(folder, "tiny", DtypeChoice.F32, 1, 16);
        try (OpenModel model = Models.open(settings, (done, of) -> {});
                Bench bench = new Bench(
                        model,
                        new EngineSettings(Role.BOTH, 8, 40, 256, Patience.DEFAULT),
                        64,
                        UnaryOperator.identity())) {
            Random random = new Random(3);
            int vocabulary = model.shape(1).vocab();
            long memory = 0;
            long handles = 0;
            long heap = 0;
            Set<Integer> rows = new HashSet<>();
            for (int step = 0; step < STEPS; step++) {
                if (bench.loop.load().queued() < 2) {
                    List<Integer> prompt = random.ints(1 + random.nextInt(60), 0, vocabulary)
                            .boxed()
                            .toList();
                    bench.admit(Bench.generation("r" + step, prompt, 1 + random.nextInt(20)), Work.PREFILL_AND_DECODE);
                }
                assertThat(bench.loop.turn()).isTrue();
                bench.reports.forEach(report -> rows.add(report.prefillRows() + report.decodeRows()));
                bench.forget();
                if (step == WARM) {
                    memory = resident();
                    heap = usedHeap();
                    handles = openHandles();
                }
            }
            assertThat(resident() - memory).as("growth of resident bytes").isLessThan(24L << 20);
            assertThat(usedHeap() - heap).as("growth of the heap").isLessThan(1 << 20);
            assertThat(rows).as("sizes of steps").hasSizeGreaterThan(30);
            assertThat(openHandles()).as("open files").isLessThanOrEqualTo(handles);
            bench.loop.checkIntegrity();
        }
    }

    private static long resident() throws IOException {
        System.gc();
        return Files.readAllLines(STATUS).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                .findFirst()
                .orElseThrow();
    }

    private static long usedHeap() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private static long openHandles() throws IOException {
        try (Stream<Path> open = Files.list(HANDLES)) {
            return open.count();
        }
    }
}
