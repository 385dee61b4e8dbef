package dev.baton.bench.cache;

import dev.baton.kv.BlockPool;
import dev.baton.kv.CacheForecast;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/** {@code baton bench cache}: what the eviction of a pool finds in a published trace, beside fixed policies. */
public final class CacheBench {
    static final List<Integer> SIZES = List.of(1_000, 3_000, 5_859, 10_000, 30_000);
    private static final List<Double> SHARES = List.of(0.0, 0.3, 0.6, 0.9);

    private CacheBench() {}

    static void main(String... arguments) throws IOException {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        if (arguments.length > 0) {
            boolean help = List.of("--help", "-h").contains(arguments[0]);
            (help ? out : System.err)
                    .println(
                            "baton bench cache replays a published trace of 12,031 conversations through pools of several"
                                    + " sizes. It takes no options.");
            System.exit(help ? 0 : 2);
        }
        ConversationTrace trace = ConversationTrace.read();
        out.printf(
                Locale.ROOT,
                "%,d prompts of %,d blocks; share of blocks found%n",
                trace.prompts().size(),
                trace.blocks());
        out.println(
                "| blocks | by trial | unused longest | guarded 0.3 | 0.6 | 0.9 | foretold | of twice the memory | µs a block |");
        out.println("|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        for (int size : SIZES) {
            out.println(row(trace, size));
        }
    }

    private static String row(ConversationTrace trace, int size) {
        long started = System.nanoTime();
        CacheReplay tried = new CacheReplay(new BlockPool(size)).run(trace);
        double micros = (System.nanoTime() - started) / 1e3 / trace.blocks();
        StringBuilder row = new StringBuilder(String.format(Locale.ROOT, "| %,d | %.4f |", size, tried.hitShare()));
        for (double share : SHARES) {
            row.append(String.format(
                    Locale.ROOT,
                    " %.4f |",
                    new CacheReplay(BlockPool.withGuardedShare(size, share))
                            .run(trace)
                            .hitShare()));
        }
        CacheForecast forecast = tried.forecast();
        return row.append(String.format(
                        Locale.ROOT,
                        " %.4f | %.4f | %.2f |",
                        forecast.hits() / (double) forecast.touches(),
                        forecast.hitsOfTwice() / (double) forecast.touches(),
                        micros))
                .toString();
    }
}
