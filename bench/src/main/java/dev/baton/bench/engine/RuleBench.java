package dev.baton.bench.engine;

import dev.baton.bench.engine.Results.Spread;
import dev.baton.kernel.Kernels;
import dev.baton.libtorch.Torch;
import dev.baton.libtorch.TorchDtype;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * What the rule of equal bits costs: products and attention of whole layers, ours beside libtorch's, which sums in whatever
 * order is quick. All take their turn in each round. libtorch is given its arguments as it likes them: rows and caches
 * without gaps, keys and values spread over the heads, each type it may be quicker with; only its calls are timed.
 *
 * <pre>EngineBench --rule [--shapes 135M,1.1B] [--threads 2] [--rounds 5]</pre>
 */
final class RuleBench {
    private static final String SCRIPT = """
          def product(self: __torch__.Model, x: Tensor, weight: Tensor, out: Tensor) -> NoneType:
            _0 = torch.mm(x, torch.t(weight), out=out)
            return None

          def attend(self: __torch__.Model, q: Tensor, k: Tensor, v: Tensor, causal: bool) -> Tensor:
            return torch.scaled_dot_product_attention(q, k, v, None, 0., causal)

          def plain(self: __torch__.Model, x: Tensor) -> Tensor:
            return torch.contiguous(torch.to(x, 6))
        """;

    private static final long PAUSE = Duration.ofMillis(250).toNanos();
    private static final long LONG_ENOUGH = Duration.ofMillis(100).toNanos();

    private final PrintStream out;
    private final Map<String, String> options;

    RuleBench(PrintStream out, Map<String, String> options) {
        this.out = out;
        this.options = options;
    }

    /** The same work by our kernels and, free of the rule, by libtorch in one of {@link RuleOperands#TYPES}. */
    interface Work extends AutoCloseable {
        String name();

        void ours();

        void free(TorchDtype type);

        /** @throws IllegalStateException when libtorch's result is not ours but for rounding */
        void compare();

        @Override
        void close();
    }

    void run() {
        int threads = Options.number("--threads", options.getOrDefault("--threads", "2"), 256);
        int rounds = Options.number("--rounds", options.getOrDefault("--rounds", "5"), 1000);
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of(
                "ms", threads + (threads == 1 ? " thread" : " threads"), "Baton", "f32", "bf16", "its best over ours"));
        try (Kernels kernels = Kernels.open(threads);
                Torch torch = new Torch(SCRIPT)) {
            torch.threads(threads);
            for (String name : options.getOrDefault("--shapes", "135M,1.1B").split(",")) {
                RandomCheckpoint shape = RandomCheckpoint.named(name);
                for (int count : List.of(1, 8, 512)) {
                    try (RuleProducts work = new RuleProducts(kernels, torch, shape, count)) {
                        rows.add(measure(name, work, rounds));
                    }
                }
                for (RuleAttention.Arrangement each : RuleAttention.ARRANGEMENTS) {
                    try (RuleAttention work = new RuleAttention(kernels, torch, shape, each)) {
                        rows.add(measure(name, work, rounds));
                    }
                }
            }
            out.print(ResultTable.aligned(rows));
            out.println();
            out.println(HostDescription.describe());
            out.println("- Baton: %s, bf16 weights and KV; libtorch with f32 and with bf16 throughout"
                    .formatted(kernels.name()));
        }
    }

    private static List<String> measure(String shape, Work work, int rounds) {
        System.err.printf("%s: %s%n", shape, work.name());
        work.compare();
        double[] ours = new double[rounds];
        double[][] free = new double[RuleOperands.TYPES.size()][rounds];
        for (int round = 0; round < rounds; round++) {
            double own = millis(work::ours);
            for (int i = 0; i < free.length; i++) {
                TorchDtype type = RuleOperands.TYPES.get(i);
                double time = millis(() -> work.free(type));
                free[i][round] = time;
            }
            ours[round] = own;
        }
        Spread own = new Spread(ours);
        List<Spread> others = Arrays.stream(free).map(Spread::new).toList();
        List<String> row = new ArrayList<>(List.of(shape, work.name(), own.toString()));
        others.forEach(other -> row.add(other.toString()));
        double best = others.stream().mapToDouble(Spread::median).min().orElseThrow();
        row.add(String.format(Locale.ROOT, "%.2f", best / own.median()));
        return row;
    }

    /**
     * Milliseconds of one run of many. After a pause, since the threads of an OpenMP team spin for up to 200 ms after
     * their work, and after a run that warms what the pause left cold.
     */
    private static double millis(Runnable work) {
        LockSupport.parkNanos(PAUSE);
        long once = nanos(work, 1);
        int runs = Math.toIntExact(Math.clamp(LONG_ENOUGH / once, 1, 1000));
        return nanos(work, runs) / 1e6 / runs;
    }

    private static long nanos(Runnable work, int runs) {
        long start = System.nanoTime();
        for (int i = 0; i < runs; i++) {
            work.run();
        }
        return System.nanoTime() - start;
    }
}
