package dev.baton.kv;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What a digest cannot miss, proven over its constants. A flip of bit k of word i changes the sums by 2^k times u[i], or its
 * negative, where u[i] is a pair of odd numbers, the same sign in both.
 *
 * <p>One flip: an odd number times 2^k, k below 32, is not 0 modulo 2^64.
 *
 * <p>Two: they vanish only with equal k, as the lowest set bits of what they add must meet, so they are of two words with
 * {@code u[i] = ±u[j]} modulo 2^(64-k), thus modulo 2^33.
 *
 * <p>Three: of the lowest set bits exactly two must meet, else their sum is odd. So two flips have the same k, the third has
 * k + j, j at least 1: {@code u[i] ± u[m] = ±2^j u[n]} modulo 2^(64-k). As k + j is at most 31, this holds modulo 2^(33+j):
 * the left side ends in j zeros in both sums, and what is before them equals ±u[n] modulo 2^33. All pairs with both signs are
 * looked up in a table of u.
 */
class DigestWeightsTest {
    private static final long MODULUS = (1L << 33) - 1;

    /** Numbers u, modulo 2^33 and up to sign, found by hash. */
    private static final class Flips {
        private final long[] a;
        private final long[] b;
        private final int[] first;
        private final int[] next;
        private final long[] filter = new long[1 << 16];

        Flips(int slices, int words, LongUnaryOperator weightA, LongUnaryOperator weightB) {
            int n = slices * words;
            a = new long[n];
            b = new long[n];
            next = new int[n];
            first = new int[Integer.highestOneBit(n) * 4];
            for (int s = 0; s < slices; s++) {
                // Half of the slices are keys, half values, as in a block.
                int keys = Math.ceilDiv(slices, 2);
                long slice = DigestWeights.slice(s < keys ? 0 : 1, s % keys);
                for (int c = 0; c < words; c++) {
                    a[s * words + c] = DigestWeights.pa(slice) * weightA.applyAsLong(c);
                    b[s * words + c] = DigestWeights.pb(slice) * weightB.applyAsLong(c);
                }
            }
            for (int i = 0; i < n; i++) {
                int hash = hash(a[i], b[i]);
                filter[hash >>> 6 & filter.length - 1] |= 1L << hash;
                next[i] = first[hash & first.length - 1];
                first[hash & first.length - 1] = i + 1;
            }
        }

        /** Equal for equal pairs modulo 2^33, and for those of opposite sign. */
        private static int hash(long x, long y) {
            boolean negate = (x & 2) != 0;
            long low = (negate ? -x : x) & MODULUS;
            long other = (negate ? -y : y) & MODULUS;
            return (int) ((low * 0x9E3779B97F4A7C15L ^ other * 0xC2B2AE3D27D4EB4FL) >>> 32);
        }

        private static boolean same(long x, long y, long u, long v) {
            return ((x - u) & MODULUS) == 0 && ((y - v) & MODULUS) == 0
                    || ((x + u) & MODULUS) == 0 && ((y + v) & MODULUS) == 0;
        }

        /** How many u[n], n below the limit, equal the pair. */
        private int count(long x, long y, int below) {
            int hash = hash(x, y);
            if ((filter[hash >>> 6 & filter.length - 1] >>> hash & 1) == 0) {
                return 0;
            }
            int found = 0;
            for (int n = first[hash & first.length - 1] - 1; n >= 0; n = next[n] - 1) {
                if (n < below && same(x, y, a[n], b[n])) {
                    found++;
                }
            }
            return found;
        }

        long blindPairs() {
            long blind = 0;
            for (int i = 0; i < a.length; i++) {
                blind += count(a[i], b[i], i);
            }
            return blind;
        }

        long blindTriples() {
            long blind = 0;
            for (int i = 0; i < a.length; i++) {
                for (int m = 0; m < i; m++) {
                    blind += thirds(a[i] + a[m], b[i] + b[m]) + thirds(a[i] - a[m], b[i] - b[m]);
                }
            }
            return blind;
        }

        private int thirds(long x, long y) {
            int j = Long.numberOfTrailingZeros(x);
            return j > 31 || j != Long.numberOfTrailingZeros(y) ? 0 : count(x >>> j, y >>> j, a.length);
        }
    }

    @ParameterizedTest
    @CsvSource({"8, 2048", "1, 16384"})
    void noTwoOrThreeFlippedBitsOfSixteenThousandWordsVanishInBothSums(int slices, int words) {
        Flips flips = new Flips(slices, words, DigestWeightsTest::a, DigestWeightsTest::b);
        assertThat(flips.blindPairs()).isZero();
        assertThat(flips.blindTriples()).isZero();
    }

    /** The search finds what there is: small odd weights have such pairs and triples, and the same ones in both sums. */
    @Test
    void smallOddWeightsWouldHaveBlindSpots() {
        Flips counting = new Flips(1, 64, c -> 2 * c + 1, c -> 2 * c + 1);
        assertThat(counting.blindTriples()).isPositive();
        Flips repeated = new Flips(1, 64, c -> c / 2 * 2 + 1, c -> c / 2 * 2 + 1);
        assertThat(repeated.blindPairs()).isEqualTo(32);
        Flips negated = new Flips(1, 64, c -> c % 2 == 0 ? a(c) : -a(c - 1), c -> c % 2 == 0 ? b(c) : -b(c - 1));
        assertThat(negated.blindPairs()).isEqualTo(32);
        Flips secondSumDiffers = new Flips(1, 64, c -> 2 * c + 1, DigestWeightsTest::b);
        assertThat(secondSumDiffers.blindTriples()).isZero();
    }

    @Test
    void areOddAndFixed() {
        for (int c = 0; c < 16_384; c++) {
            assertThat(DigestWeights.a(c) & DigestWeights.b(c) & 1).isEqualTo(1);
        }
        assertThat(DigestWeights.pa(5) & DigestWeights.pb(5) & 1).isEqualTo(1);
        assertThat(DigestWeights.a(0)).isEqualTo(0x910A2DED);
        assertThat(DigestWeights.a(16_383)).isEqualTo(0x563AE95B);
        assertThat(DigestWeights.b(0)).isEqualTo(0x975835DF);
        assertThat(DigestWeights.b(16_383)).isEqualTo(0x483A5A83);
        assertThat(DigestWeights.pa(0)).isEqualTo(0x1D0B14E4DB018FEDL);
        assertThat(DigestWeights.pa(16_383)).isEqualTo(0x4E0A9A7A9C4E39CFL);
        assertThat(DigestWeights.pb(0)).isEqualTo(0x6E73E372E2338ACBL);
        assertThat(DigestWeights.pb(16_383)).isEqualTo(0x6E9125C9740DDD07L);
    }

    private static long a(long c) {
        return Integer.toUnsignedLong(DigestWeights.a(c));
    }

    private static long b(long c) {
        return Integer.toUnsignedLong(DigestWeights.b(c));
    }
}
