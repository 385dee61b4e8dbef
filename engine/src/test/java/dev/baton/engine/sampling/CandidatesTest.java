package dev.baton.engine.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** The quick way to each cut and draw ends where sorting all tokens and adding one by one ends, to the last token. */
class CandidatesTest {
    private static final int[] VOCABULARIES = {1, 5, 63, 64, 65, 1_000, 20_000};

    private final Random random = new Random(11);

    @Test
    void logitsLikeThoseOfALanguageModel() {
        check(1, () -> 2.5 * random.nextGaussian() + (random.nextInt(500) == 0 ? 12 : 0));
    }

    @Test
    void flatLogits() {
        check(1, random::nextGaussian);
    }

    @Test
    void logitsThatHardlyDiffer() {
        check(1, () -> 5 + 1e-4 * random.nextGaussian());
    }

    /** In the first spread all that matter share a slot. */
    @Test
    void logitsOnTwoScales() {
        check(1, () -> random.nextInt(10) == 0 ? 4 + 1e-5 * random.nextGaussian() : -15 * random.nextDouble());
    }

    @Test
    void logitsOfFewValues() {
        check(1, () -> random.nextInt(6) / 2.0);
    }

    @Test
    void equalLogits() {
        check(1, () -> -3);
    }

    @Test
    void zerosOfBothSigns() {
        check(1, () -> random.nextInt(3) == 0 ? -1 : random.nextBoolean() ? 0.0 : -0.0);
    }

    @Test
    void logitsThatAreRuledOut() {
        check(1, () -> random.nextBoolean() ? Double.NEGATIVE_INFINITY : random.nextGaussian());
    }

    @Test
    void extremeTemperatures() {
        for (double temperature : new double[] {1e-5, 1e-2, 50, 1e9, 1e300}) {
            check(temperature, () -> 3 * random.nextGaussian());
        }
    }

    @Test
    void extremeLogits() {
        check(1, () -> random.nextGaussian() * 1e38);
        check(1e36, () -> random.nextGaussian() * 1e36);
        check(1, () -> random.nextGaussian() * Float.MIN_VALUE * 100);
    }

    private void check(double temperature, DoubleSupplier logit) {
        for (int vocabulary : VOCABULARIES) {
            Candidates candidates = new Candidates(vocabulary, new JavaLogitOps());
            for (int round = 0; round < 6; round++) {
                float[] logits = new float[vocabulary];
                for (int i = 0; i < vocabulary; i++) {
                    logits[i] = (float) Math.clamp(logit.getAsDouble(), -Float.MAX_VALUE, Float.MAX_VALUE);
                    logits[i] = random.nextInt(vocabulary) == i ? 6 : logits[i];
                }
                check(candidates, logits, temperature, round);
            }
        }
    }

    private void check(Candidates candidates, float[] logits, double temperature, int round) {
        int count = round == 0 ? 0 : 1 + random.nextInt(Math.min(logits.length, round < 4 ? 60 : Integer.MAX_VALUE));
        double share = round == 1 ? 1 : round == 2 ? 1e-9 : round == 3 ? 1 - 6e-8 : random.nextDouble();
        candidates.take(MemorySegment.ofArray(logits), 0);
        candidates.begin(temperature);
        if (count > 0) {
            candidates.keepLikeliest(count);
        }
        candidates.softmaxWeights();
        if (share < 1) {
            candidates.keepShare(share);
        }
        long[] expected = expected(logits, temperature, count, share);
        long total = LongStream.of(expected).sum();
        String what = "%d tokens, temperature %s, top %d, share %s".formatted(logits.length, temperature, count, share);
        for (int draw = 0; draw < 20; draw++) {
            long bits = draw == 0 ? 0 : draw == 1 ? -1 : random.nextLong();
            long target = Math.unsignedMultiplyHigh(bits, total);
            int token = 0;
            while (target >= expected[token]) {
                target -= expected[token++];
            }
            assertThat(candidates.pick(bits)).as(what).isEqualTo(token);
        }
        long before = 0;
        for (int i = 0; i < logits.length; before += expected[i++]) {
            if (expected[i] > 0 && random.nextInt(logits.length) < 20) {
                assertThat(candidates.pick(firstFrom(before, total))).as(what).isEqualTo(i);
                assertThat(candidates.pick(firstFrom(before + expected[i], total) - 1))
                        .as(what)
                        .isEqualTo(i);
            }
        }
    }

    /** The first 64 bits that fall on that place of the sum or beyond; 0 for its end. */
    private static long firstFrom(long place, long total) {
        return BigInteger.valueOf(place)
                .shiftLeft(64)
                .add(BigInteger.valueOf(total - 1))
                .divide(BigInteger.valueOf(total))
                .longValue();
    }

    private static long[] expected(float[] logits, double temperature, int count, double share) {
        float best = Float.NEGATIVE_INFINITY;
        for (float logit : logits) {
            best = Math.max(best, logit);
        }
        long[] weights = new long[logits.length];
        for (int i = 0; i < logits.length; i++) {
            float exponent = (logits[i] - best) * (float) (1 / temperature);
            weights[i] = exponent > -40 ? LogitOps.whole(Scalars.exp(exponent)) : 0;
        }
        List<Integer> sorted = IntStream.range(0, logits.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -(logits[i] + 0.0))
                        .thenComparingInt(i -> i))
                .toList();
        if (count > 0) {
            sorted.stream().skip(count).forEach(i -> weights[i] = 0);
        }
        if (share < 1) {
            long target = (long) Math.ceil(share * Arrays.stream(weights).sum());
            long reached = 0;
            for (int i : sorted) {
                long weight = weights[i];
                weights[i] = reached < target ? weight : 0;
                reached += weight;
            }
        }
        return weights;
    }

    @Test
    void theLikeliestComeInOrder() {
        for (int vocabulary : VOCABULARIES) {
            float[] logits = new float[vocabulary];
            for (int i = 0; i < vocabulary; i++) {
                logits[i] = random.nextInt(40) - 60 * random.nextInt(2);
            }
            Integer[] expected = IntStream.range(0, vocabulary)
                    .boxed()
                    .sorted(Comparator.comparingDouble((Integer i) -> -logits[i])
                            .thenComparingInt(i -> i))
                    .limit(20)
                    .toArray(Integer[]::new);
            Candidates candidates = new Candidates(vocabulary, new JavaLogitOps());
            candidates.take(MemorySegment.ofArray(logits), 0);
            candidates.begin(1);
            assertThat(Arrays.stream(candidates.likeliest(20)).boxed()).containsExactly(expected);
            assertThat(candidates.likeliest()).isEqualTo(expected[0]);
        }
    }
}
