package dev.baton.bench.engine;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.baton.engine.sampling.Sampler;
import dev.baton.engine.sampling.SamplingParameters;
import dev.baton.engine.sampling.SequenceSampling;
import dev.baton.engine.sampling.StoppingRule;
import dev.baton.engine.sampling.TokenCounts;
import dev.baton.kernel.LogitKernels;
import dev.baton.protocol.v1.Sampling;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * What drawing eight tokens costs, beside a decode step of eight sequences of the same vocabulary in the same run.
 *
 * <pre>EngineBench --sampling [--shapes 135M,1.1B] [--threads 2]</pre>
 */
final class SamplingBench {
    private static final int ROWS = DecodeStep.ROWS;
    private static final int WARM_UPS = 300;
    private static final int REPEATS = 201;

    private final PrintStream out;
    private final Map<String, String> options;
    private double keep;

    SamplingBench(PrintStream out, Map<String, String> options) {
        this.out = out;
        this.options = options;
    }

    /** One way to sample, over one kind of logits. */
    private record Case(String name, Sampling.Builder sampling, boolean flat) {}

    private static List<Case> cases() {
        return List.of(
                new Case("greedy", Sampling.newBuilder(), false),
                new Case("temperature", warm(), false),
                new Case("temperature, flat", warm(), true),
                new Case("top-k 50", warm().setTopK(50), false),
                new Case("top-p 0.9", warm().setTopP(0.9f), false),
                new Case("top-p 0.9, flat", warm().setTopP(0.9f), true),
                new Case("top-k 50, top-p 0.9", warm().setTopK(50).setTopP(0.9f), false),
                new Case("min-p 0.05", warm().setMinP(0.05f), false),
                new Case("penalties", warm().setRepetitionPenalty(1.1f).setPresencePenalty(0.5f), false),
                new Case(
                        "greedy, 5 logprobs",
                        Sampling.newBuilder().setLogprobs(true).setTopLogprobs(5),
                        false),
                new Case(
                        "all of it",
                        warm().setTopK(50)
                                .setTopP(0.9f)
                                .setMinP(0.01f)
                                .setRepetitionPenalty(1.1f)
                                .setLogprobs(true)
                                .setTopLogprobs(5),
                        false));
    }

    private static Sampling.Builder warm() {
        return Sampling.newBuilder().setTemperature(0.8f).setSeed(7);
    }

    void run() throws IOException {
        int threads = Options.number("--threads", options.getOrDefault("--threads", "2"), 256);
        for (String name : options.getOrDefault("--shapes", "135M,1.1B").split(",")) {
            RandomCheckpoint shape = RandomCheckpoint.named(name);
            double step = options.containsKey("--no-model") ? Double.NaN : stepMillis(shape, threads);
            int vocabulary = shape.widths().vocab();
            out.printf(
                    "%n%s, vocabulary %,d, %d rows: the quickest decode step without sampling %.2f ms (%d threads)%n",
                    name, vocabulary, ROWS, step, threads);
            out.printf("%-22s %9s %9s %9s %8s%n", "", "median µs", "p10", "p90", "of step");
            Map<Boolean, MemorySegment> logits = new LinkedHashMap<>();
            for (Case each : cases()) {
                double[] micros = measure(each, logits.computeIfAbsent(each.flat, flat -> logits(vocabulary, flat)));
                double median = micros[REPEATS / 2];
                out.printf(
                        "%-22s %9.1f %9.1f %9.1f %7.2f%%%n",
                        each.name, median, micros[REPEATS / 10], micros[REPEATS * 9 / 10], median / step / 10);
            }
        }
        if (keep == 0.5) {
            out.println();
        }
    }

    /** Microseconds for all rows, sorted. */
    private double[] measure(Case each, MemorySegment logits) {
        int vocabulary = (int) (logits.byteSize() / Float.BYTES / ROWS);
        Sampler sampler = new Sampler(vocabulary, LogitKernels.open());
        List<SequenceSampling> sequences = new ArrayList<>();
        for (int row = 0; row < ROWS; row++) {
            SamplingParameters parameters =
                    SamplingParameters.of(each.sampling.clone().setSeed(row).build());
            int[] prompt = new Random(row).ints(500, 0, vocabulary).toArray();
            TokenCounts counts = new TokenCounts(prompt, prompt.length);
            new Random(-row).ints(500, 0, vocabulary).forEach(counts::add);
            sequences.add(new SequenceSampling(parameters, new StoppingRule(Set.of(2), 0, Integer.MAX_VALUE), counts));
        }
        double[] micros = new double[REPEATS];
        for (int i = -WARM_UPS; i < REPEATS; i++) {
            long start = System.nanoTime();
            for (int row = 0; row < ROWS; row++) {
                keep += sampler.draw(logits, row, i + WARM_UPS, sequences.get(row))
                        .token();
            }
            if (i >= 0) {
                micros[i] = (System.nanoTime() - start) / 1e3;
            }
        }
        Arrays.sort(micros);
        return micros;
    }

    /** Flat: normally distributed. Else as language models give them: the likeliest few hold nearly all. */
    private static MemorySegment logits(int vocabulary, boolean flat) {
        Random random = new Random(5);
        MemorySegment logits = Arena.ofAuto().allocate(JAVA_FLOAT, (long) ROWS * vocabulary);
        for (int row = 0; row < ROWS; row++) {
            for (int i = 0; i < vocabulary; i++) {
                double z = random.nextGaussian();
                logits.setAtIndex(JAVA_FLOAT, (long) row * vocabulary + i, (float) (flat ? z : 2.5 * z - 2));
            }
            for (int i = 0; i < 40; i++) {
                long at = (long) row * vocabulary + random.nextInt(vocabulary);
                logits.setAtIndex(JAVA_FLOAT, at, flat ? 1 : 18 - 2.5f * (float) Math.log(i + 1));
            }
        }
        return logits;
    }

    private static double stepMillis(RandomCheckpoint shape, int threads) throws IOException {
        Path folder = Files.createTempDirectory("baton-bench-");
        try {
            shape.write(folder);
            return DecodeStep.millis(folder, threads);
        } finally {
            Files.deleteIfExists(folder.resolve("config.json"));
            Files.deleteIfExists(folder.resolve("model.safetensors"));
            Files.delete(folder);
        }
    }
}
