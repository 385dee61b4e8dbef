package dev.baton.bench.engine;

import dev.baton.bench.engine.exact.Comparison;
import dev.baton.bench.engine.exact.ExactMatrix;
import dev.baton.engine.Device;
import dev.baton.engine.OpenModel;
import dev.baton.model.Models;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Locale;

/** {@code --exact}: every arrangement of the work on every shape, and how many values differ. */
final class ExactBench {
    /** Tokens computed one by one: enough for two blocks and a part of a third. */
    private static final int SINGLE = 150;

    private final Options options;
    private final RivalsFolder rivals;
    private final PrintStream out;
    private long compared;
    private long differ;

    ExactBench(Options options, RivalsFolder rivals, PrintStream out) {
        this.options = options;
        this.rivals = rivals;
        this.out = out;
    }

    /** True when nothing differed. */
    boolean run() throws IOException {
        for (String shape : options.shapes()) {
            try (ShapeFolder folder = ShapeFolder.open(shape, rivals)) {
                for (WeightFormat weights : options.weights()) {
                    run(shape, folder, weights);
                }
            }
        }
        out.printf(
                Locale.ROOT, "%n%,d values compared, %,d differ%n%s%n", compared, differ, HostDescription.describe());
        return differ == 0 && compared > 0;
    }

    /** One matrix for all numbers of threads: what the first makes, the others must make. */
    private void run(String shape, ShapeFolder folder, WeightFormat weights) throws IOException {
        ExactMatrix matrix = null;
        for (int threads : options.threads()) {
            long start = System.nanoTime();
            try (OpenModel model =
                    Models.open(weights.settings(folder.path, options.dtype(), threads), (done, of) -> {})) {
                if (matrix == null) {
                    matrix = new ExactMatrix(
                            model.shape(1).vocab(),
                            new ExactMatrix.Sizes(options.length(), Math.min(SINGLE, options.length() / 2)));
                }
                out.printf(
                        "%n%s: %s%n%-50s %14s %10s %14s %10s%n",
                        new BenchRun(shape, weights, Device.CPU, threads, java.util.List.of()).title(),
                        model.shape(1).numerics(),
                        "arrangement",
                        "KV values",
                        "differ",
                        "logits",
                        "differ");
                matrix.run(model, this::print);
            }
            out.printf(Locale.ROOT, "%.0f s%n", (System.nanoTime() - start) / 1e9);
        }
    }

    /** The first of each text has nothing to be compared with. */
    private void print(Comparison of) {
        compared += of.kv() + of.logits();
        differ += of.kvDiffer() + of.logitsDiffer();
        if (of.kv() + of.logits() == 0) {
            out.printf("%-50s %14s%n", of.arrangement(), "the reference");
            return;
        }
        out.printf(
                Locale.ROOT,
                "%-50s %,14d %,10d %,14d %,10d%n",
                of.arrangement(),
                of.kv(),
                of.kvDiffer(),
                of.logits(),
                of.logitsDiffer());
    }
}
