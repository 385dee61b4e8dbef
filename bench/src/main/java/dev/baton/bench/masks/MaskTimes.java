package dev.baton.bench.masks;

import dev.baton.bench.engine.DecodeStep;
import dev.baton.bench.masks.MaskBench.Tokens;
import dev.baton.engine.sampling.Sampler;
import dev.baton.engine.sampling.SamplingParameters;
import dev.baton.engine.sampling.SequenceSampling;
import dev.baton.engine.sampling.StoppingRule;
import dev.baton.engine.sampling.TokenCounts;
import dev.baton.grammar.Grammar;
import dev.baton.grammar.TokenGrammar;
import dev.baton.grammar.TokenMatcher;
import dev.baton.kernel.LogitKernels;
import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.Structure;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * What one token costs: saying which may come next and taking the one that came. New: by a grammar that has seen no answer
 * before; kept: by one that has seen those answers' like. Tokens are drawn evenly from those that may come.
 */
final class MaskTimes {
    private static final int COMPILES = 15;
    private static final int MOST_TOKENS = 400;
    private static final int STEPS = 200;

    private final MaskOptions options;
    private final Tokens tokens;
    private final double stepMillis;

    MaskTimes(MaskOptions options, Tokens tokens, double stepMillis) {
        this.options = options;
        this.tokens = tokens;
        this.stepMillis = stepMillis;
    }

    /** In nanoseconds, as many as tokens were drawn. */
    private static final class Times {
        private long[] nanos = new long[1024];
        private int count;
        private long[] again = new long[1024];

        void add(long token, long hit) {
            if (count == nanos.length) {
                nanos = Arrays.copyOf(nanos, 2 * count);
                again = Arrays.copyOf(again, 2 * count);
            }
            nanos[count] = token;
            again[count++] = hit;
        }

        double micros(double quantile) {
            return at(nanos, quantile) / 1e3;
        }

        double hitNanos() {
            return at(again, 0.5);
        }

        private double at(long[] of, double quantile) {
            long[] sorted = Arrays.copyOf(of, count);
            Arrays.sort(sorted);
            return sorted[(int) Math.min(count - 1, Math.round(quantile * (count - 1)))];
        }
    }

    void run(PrintStream out) {
        out.println(
                "| structure | states | tables, KiB | compiled, ms | new, µs: p50 | p99 | longest | kept, µs: p50 | p99"
                        + " | asked again, ns | masks kept, KiB | share of a step |");
        out.println("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        Cases.all().values().forEach(this::measured); // warms the JVM
        Cases.all().forEach((name, structure) -> out.println("| " + name + " | " + measured(structure) + " |"));
    }

    private String measured(Structure structure) {
        double[] compiles = new double[COMPILES];
        Grammar grammar = Grammar.of(structure);
        for (int i = 0; i < COMPILES; i++) {
            long start = System.nanoTime();
            grammar = Grammar.of(structure);
            compiles[i] = (System.nanoTime() - start) / 1e6;
        }
        Arrays.sort(compiles);
        Times unseen = new Times();
        for (int draw = 0; draw < options.draws(); draw++) {
            draw(new TokenGrammar(grammar, tokens.vocabulary()), new Random(draw), unseen);
        }
        TokenGrammar kept = new TokenGrammar(grammar, tokens.vocabulary());
        for (int draw = 0; draw < options.draws(); draw++) {
            draw(kept, new Random(~draw), new Times());
        }
        Times seen = new Times();
        for (int draw = 0; draw < options.draws(); draw++) {
            draw(kept, new Random(draw), seen);
        }
        return String.format(
                Locale.ROOT,
                "%,d | %,d | %.2f | %.1f | %.0f | %.0f | %.2f | %.1f | %.0f | %,d | %.2f %%",
                grammar.states(),
                grammar.bytes() / 1024,
                compiles[COMPILES / 2],
                unseen.micros(0.5),
                unseen.micros(0.99),
                unseen.micros(1),
                seen.micros(0.5),
                seen.micros(0.99),
                seen.hitNanos(),
                kept.keptBytes() / 1024,
                share(kept));
    }

    private void draw(TokenGrammar grammar, Random random, Times times) {
        TokenMatcher matcher = grammar.matcher();
        for (int step = 0; step < MOST_TOKENS; step++) {
            long start = System.nanoTime();
            long[] mask = matcher.allowed();
            long masked = System.nanoTime();
            matcher.allowed();
            long again = System.nanoTime() - masked;
            int allowed = 0;
            for (long word : mask) {
                allowed += Long.bitCount(word);
            }
            if (allowed == 0 || (matcher.complete() && random.nextInt(4) == 0)) {
                times.add(masked - start, again);
                return;
            }
            int token = nth(mask, random.nextInt(allowed));
            long accepted = System.nanoTime();
            matcher.accept(token);
            times.add(masked - start + System.nanoTime() - accepted, again);
        }
    }

    private static int nth(long[] mask, int n) {
        int left = n;
        int word = 0;
        while (Long.bitCount(mask[word]) <= left) {
            left -= Long.bitCount(mask[word++]);
        }
        long bits = mask[word];
        for (int i = 0; i < left; i++) {
            bits &= bits - 1;
        }
        return 64 * word + Long.numberOfTrailingZeros(bits);
    }

    /** What sampling the rows of a step under the grammar takes beyond sampling them freely, in percent of the step. */
    private double share(TokenGrammar grammar) {
        MemorySegment logits = RandomLogits.of(tokens.vocabulary().size(), DecodeStep.ROWS);
        Sampler sampler = new Sampler(tokens.vocabulary().size(), LogitKernels.open());
        double[] extra = new double[3];
        for (int round = 0; round < extra.length; round++) {
            double free = micros(sampler, logits, null);
            extra[round] = micros(sampler, logits, grammar) - free;
        }
        Arrays.sort(extra);
        return extra[1] / 10 / stepMillis;
    }

    /** The mean of a step's rows. */
    private double micros(Sampler sampler, MemorySegment logits, @Nullable TokenGrammar grammar) {
        @Nullable SequenceSampling[] rows = new SequenceSampling[DecodeStep.ROWS];
        long nanos = 0;
        for (int step = 0; step < STEPS; step++) {
            for (int row = 0; row < rows.length; row++) {
                SequenceSampling known = rows[row];
                rows[row] = known == null ? sequence(grammar, 31L * step + row) : known;
            }
            long start = System.nanoTime();
            for (int row = 0; row < rows.length; row++) {
                SequenceSampling sequence = rows[row];
                if (sequence != null) {
                    int token = sampler.draw(logits, row, step, sequence).token();
                    sequence.add(token);
                    rows[row] = tokens.stops().contains(token) ? null : sequence;
                }
            }
            nanos += System.nanoTime() - start;
        }
        return nanos / 1e3 / STEPS;
    }

    private SequenceSampling sequence(@Nullable TokenGrammar grammar, long seed) {
        return new SequenceSampling(
                SamplingParameters.of(Sampling.newBuilder()
                        .setTemperature((float) options.temperature())
                        .setSeed(seed)
                        .build()),
                new StoppingRule(tokens.stops(), 0, Integer.MAX_VALUE),
                new TokenCounts(new int[0], 0),
                grammar == null ? null : new Masked(grammar.matcher()));
    }
}
