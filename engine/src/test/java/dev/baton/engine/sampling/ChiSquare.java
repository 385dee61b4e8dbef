package dev.baton.engine.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.IntStream;

/** Whether counts could come from a distribution. Draws are fixed by their seeds, so a test passes always or never. */
final class ChiSquare {
    /** Of the normal distribution: one in a hundred thousand lies above. */
    private static final double QUANTILE = 4.265;
    /** Fewer draws than that expected of a token say little: such tokens are counted together. */
    private static final double LEAST = 10;

    private ChiSquare() {}

    /** Fails when such counts, or a token that cannot come, are a matter of one in a hundred thousand. */
    static void check(String what, int[] drawn, double[] expected) {
        int draws = Arrays.stream(drawn).sum();
        double statistic = 0;
        int freedom = -1;
        double restDrawn = 0;
        double restExpected = 0;
        for (int token = 0; token < drawn.length; token++) {
            double mean = expected[token] * draws;
            if (mean == 0) {
                assertThat(drawn[token])
                        .as("%s: draws of token %d", what, token)
                        .isZero();
            } else if (mean < LEAST) {
                restDrawn += drawn[token];
                restExpected += mean;
            } else {
                statistic += (drawn[token] - mean) * (drawn[token] - mean) / mean;
                freedom++;
            }
        }
        if (restExpected >= LEAST) {
            statistic += (restDrawn - restExpected) * (restDrawn - restExpected) / restExpected;
            freedom++;
        } else {
            assertThat(restDrawn).as("%s: draws of rare tokens", what).isLessThan(40);
        }
        assertThat(statistic)
                .as("%s: chi-square with %d degrees of freedom", what, freedom)
                .isLessThanOrEqualTo(critical(freedom));
    }

    /** Wilson and Hilferty: the cube root of chi-square is nearly normal. */
    private static double critical(int freedom) {
        if (freedom <= 0) {
            return 0;
        }
        double part = 2.0 / (9 * freedom);
        return freedom * Math.pow(1 - part + QUANTILE * Math.sqrt(part), 3);
    }

    static double[] uniform(int values) {
        return IntStream.range(0, values).mapToDouble(i -> 1.0 / values).toArray();
    }
}
