package dev.baton.engine.bench;

import dev.baton.engine.kernel.Limits;
import dev.baton.engine.model.ModelRunner;
import dev.baton.engine.model.ModelRunner.Slice;
import dev.baton.engine.model.ModelSettings;
import dev.baton.engine.model.ModelSettings.DtypeChoice;
import dev.baton.engine.model.ModelSettings.Precision;
import dev.baton.engine.model.ModelSettings.WeightChoice;
import dev.baton.engine.model.Models;
import dev.baton.engine.model.OpenModel;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Decode and prefill rates of the bare model, beside the machine's limits in the same round.
 *
 * <pre>EngineBench [--shapes demo,135M,1.1B] [--threads 1,2] [--rounds 3] [--dtype bf16] [--weights bf16,int8,w8a8] [--cells decode1,decode8,prefill512,prefill4096] [--json]</pre>
 */
public final class EngineBench {
    private static final int CONTEXT = 512;
    private static final int STEPS = 16;
    private static final Path DEMO = Path.of("models", "demo");

    private final PrintStream out;
    private final Map<String, String> options;

    private EngineBench(PrintStream out, Map<String, String> options) {
        this.out = out;
        this.options = options;
    }

    /** One figure of one round. */
    private record Figure(String shape, int threads, String cell, double perSecond) {}

    static void main(String... arguments) throws IOException {
        Map<String, String> options = new java.util.HashMap<>();
        for (int i = 0; i < arguments.length; i++) {
            boolean flag = i + 1 == arguments.length || arguments[i + 1].startsWith("--");
            options.put(arguments[i], flag ? "" : arguments[++i]);
        }
        if (options.containsKey("--perplexity")) {
            Perplexity.run(System.out, options);
        } else {
            new EngineBench(System.out, options).run();
        }
    }

    private void run() throws IOException {
        List<Figure> figures = new ArrayList<>();
        int rounds = Integer.parseInt(options.getOrDefault("--rounds", "3"));
        for (String shape : options.getOrDefault("--shapes", "demo,135M,1.1B").split(",")) {
            Path folder = folder(shape);
            try {
                for (String threads : options.getOrDefault("--threads", "1,2").split(",")) {
                    for (String weights :
                            options.getOrDefault("--weights", "bf16").split(",")) {
                        ModelSettings settings = new ModelSettings(
                                folder,
                                shape + " " + weights,
                                new Precision(dtype(), WeightChoice.named(weights)),
                                Integer.parseInt(threads),
                                64);
                        measure(settings, rounds, figures);
                    }
                }
            } finally {
                discard(folder);
            }
        }
        print(figures);
    }

    private static Path folder(String shape) throws IOException {
        if (shape.equals("demo")) {
            return Files.isDirectory(DEMO) ? DEMO : Path.of("..").resolve(DEMO);
        }
        Path folder = Files.createTempDirectory("baton-bench-");
        switch (shape) {
            case "135M" -> RandomCheckpoint.SMALL.write(folder);
            case "1.1B" -> RandomCheckpoint.LARGE.write(folder);
            default -> throw new IllegalArgumentException("shape %s: demo, 135M and 1.1B are known".formatted(shape));
        }
        return folder;
    }

    private static void discard(Path folder) throws IOException {
        if (folder.getFileName().toString().startsWith("baton-bench-")) {
            Files.delete(folder.resolve("config.json"));
            Files.delete(folder.resolve("model.safetensors"));
            Files.delete(folder);
        }
    }

    private DtypeChoice dtype() {
        return DtypeChoice.valueOf(options.getOrDefault("--dtype", "bf16").toUpperCase(java.util.Locale.ROOT));
    }

    private void measure(ModelSettings settings, int rounds, List<Figure> figures) throws IOException {
        String shape = settings.name();
        int threads = settings.threads();
        List<String> cells = List.of(options.getOrDefault("--cells", "decode1,decode8,prefill512,prefill4096")
                .split(","));
        long before = System.nanoTime();
        try (OpenModel model = Models.open(settings, (done, of) -> {});
                Limits limits = new Limits(threads);
                Arena arena = Arena.ofShared()) {
            int context = Math.min(4096, model.shape(1).maxContext());
            KvLayout layout =
                    model.layout(Math.max(Math.ceilDiv(context, 64), 8 * Math.ceilDiv(CONTEXT + STEPS + 4, 64)));
            out.printf(
                    "%s, %d threads: opened in %.1f s; %s; exact: %s%n",
                    shape,
                    threads,
                    (System.nanoTime() - before) / 1e9,
                    model.shape(1).numerics(),
                    model.shape(1).exact());
            try (ModelRunner runner = model.bind(new KvRegion(layout, arena.allocate(layout.bytes(), 64)))) {
                for (int round = 0; round < rounds; round++) {
                    figures.add(new Figure(shape, threads, "read GB/s", limits.readBytesPerSecond() / 1e9));
                    figures.add(new Figure(shape, threads, "fma GFLOP/s", limits.flopsPerSecond() / 1e9));
                    for (String cell : cells) {
                        double rate = cell.startsWith("decode")
                                ? decode(runner, Integer.parseInt(cell.substring(6)))
                                : prefill(runner, Math.min(context, Integer.parseInt(cell.substring(7))));
                        figures.add(new Figure(shape, threads, cell + " tok/s", rate));
                    }
                }
            }
        }
    }

    private static double prefill(ModelRunner runner, int length) {
        int[] blocks = blocks(0, Math.ceilDiv(length, 64));
        long start = System.nanoTime();
        for (int at = 0; at < length; at += 512) {
            int end = Math.min(length, at + 512);
            runner.forward(List.of(new Slice(tokens(runner, at, end), at, blocks, end == length)), layer -> {});
        }
        return length / ((System.nanoTime() - start) / 1e9);
    }

    /** Steps from a context that is filled with whatever the blocks hold: attention costs the same. */
    private static double decode(ModelRunner runner, int batch) {
        int each = Math.ceilDiv(CONTEXT + STEPS + 4, 64);
        long start = 0;
        for (int step = -2; step < STEPS; step++) {
            if (step == 0) {
                start = System.nanoTime();
            }
            List<Slice> slices = new ArrayList<>();
            for (int s = 0; s < batch; s++) {
                int position = CONTEXT + 2 + step;
                slices.add(new Slice(tokens(runner, position, position + 1), position, blocks(s * each, each), true));
            }
            runner.forward(slices, layer -> {});
        }
        return batch * STEPS / ((System.nanoTime() - start) / 1e9);
    }

    private static int[] tokens(ModelRunner runner, int from, int to) {
        int[] tokens = new int[to - from];
        Arrays.setAll(
                tokens, i -> (int) ((from + i) * 2654435761L % runner.shape().vocab()) & 0x7fffffff);
        return tokens;
    }

    private static int[] blocks(int first, int count) {
        int[] blocks = new int[count];
        Arrays.setAll(blocks, i -> first + i);
        return blocks;
    }

    private void print(List<Figure> figures) {
        out.printf("%n%-12s %7s  %-18s %10s %23s%n", "shape", "threads", "cell", "median", "range");
        figures.stream()
                .map(f -> new Figure(f.shape, f.threads, f.cell, 0))
                .distinct()
                .forEach(key -> {
                    double[] values = figures.stream()
                            .filter(f ->
                                    f.shape.equals(key.shape) && f.threads == key.threads && f.cell.equals(key.cell))
                            .mapToDouble(Figure::perSecond)
                            .sorted()
                            .toArray();
                    double median = values[values.length / 2];
                    out.printf(
                            "%-12s %7d  %-18s %10.1f %10.1f – %10.1f%n",
                            key.shape, key.threads, key.cell, median, values[0], values[values.length - 1]);
                    if (options.containsKey("--json")) {
                        out.printf(
                                java.util.Locale.ROOT,
                                "{\"shape\":\"%s\",\"threads\":%d,\"cell\":\"%s\",\"median\":%.3f,\"min\":%.3f,\"max\":%.3f}%n",
                                key.shape,
                                key.threads,
                                key.cell,
                                median,
                                values[0],
                                values[values.length - 1]);
                    }
                });
    }
}
