package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.engine.Bench;
import dev.baton.engine.EngineSettings;
import dev.baton.engine.EngineSettings.Patience;
import dev.baton.engine.EngineSettings.Role;
import dev.baton.engine.OpenModel;
import dev.baton.engine.schedule.Goal;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.ModelSettings.Precision;
import dev.baton.model.ModelSettings.WeightChoice;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.management.JMException;
import javax.management.ObjectName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EngineLongLifeTest {
    private static final Path MAPPINGS = Path.of("/proc/self/smaps");
    private static final Pattern MAPPING = Pattern.compile("([0-9a-f]+)-[0-9a-f]+ .*");
    private static final Pattern HEAP = Pattern.compile("\\[0x([0-9a-f]+), (?:0x[0-9a-f]+, )?0x([0-9a-f]+)\\)");
    private static final Path HANDLES = Path.of("/proc/self/fd");

    /**
     * A real runner, tiny: what one step leaked would show thousands of times. 24 MiB are 3.5 KB a step of ten thousand, of
     * which the first three in ten do not count.
     */
    @ParameterizedTest
    @CsvSource({"llama2, F32, STORED, 10000", "llama2, BF16, W8A8, 4000", "qwen3-moe, BF16, STORED, 4000"})
    void thousandsOfStepsOfARealModelLeaveMemoryAndHandlesFlat(
            String family, DtypeChoice dtype, WeightChoice weights, int steps) throws IOException, JMException {
        assumeTrue(Files.isReadable(MAPPINGS), "resident memory is read from /proc");
        Path folder = Reference.RESOURCES.resolve("families").resolve(family);
        ModelSettings settings = new ModelSettings(folder, "tiny", new Precision(dtype, weights), 1, 16);
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
            for (int step = 0; step < steps; step++) {
                if (bench.load().queued() < 2) {
                    List<Integer> prompt = random.ints(1 + random.nextInt(60), 0, vocabulary)
                            .boxed()
                            .toList();
                    bench.admit(Bench.generation("r" + step, prompt, 1 + random.nextInt(20)), Goal.PREFILL_AND_DECODE);
                }
                assertThat(bench.runOnce()).isTrue();
                bench.reports.forEach(report -> rows.add(report.prefillRows() + report.decodeRows()));
                bench.forget();
                if (step == steps * 3 / 10) {
                    memory = resident();
                    heap = usedHeap();
                    handles = openHandles();
                }
            }
            assertThat(resident() - memory)
                    .as("growth of resident bytes beside the heap")
                    .isLessThan(24L << 20);
            assertThat(usedHeap() - heap).as("growth of the heap").isLessThan(1 << 20);
            assertThat(rows).as("sizes of steps").hasSizeGreaterThan(30);
            assertThat(openHandles()).as("open files").isLessThanOrEqualTo(handles);
            bench.checkIntegrity();
        }
    }

    /** Without the heap, whose pages come and go as its collector likes; what lives there is counted by itself. */
    private static long resident() throws IOException, JMException {
        System.gc();
        String heap = String.valueOf(ManagementFactory.getPlatformMBeanServer()
                .invoke(
                        new ObjectName("com.sun.management:type=DiagnosticCommand"),
                        "gcHeapInfo",
                        new Object[0],
                        new String[0]));
        List<long[]> ranges = HEAP.matcher(heap)
                .results()
                .map(range -> new long[] {
                    Long.parseUnsignedLong(range.group(1), 16), Long.parseUnsignedLong(range.group(2), 16)
                })
                .toList();
        assertThat(ranges).as(heap).isNotEmpty();
        long bytes = 0;
        boolean counts = true;
        for (String line : Files.readAllLines(MAPPINGS)) {
            Matcher mapping = MAPPING.matcher(line);
            if (mapping.matches()) {
                long start = Long.parseUnsignedLong(mapping.group(1), 16);
                counts = ranges.stream().noneMatch(range -> start >= range[0] && start < range[1]);
            } else if (counts && line.startsWith("Rss:")) {
                bytes += Long.parseLong(line.replaceAll("\\D", "")) << 10;
            }
        }
        return bytes;
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
