package dev.baton.engine.sampling;

/**
 * Passes over one row of logits. Weights add up as whole numbers of 2^-40, exactly: in whatever order a pass adds, the
 * sum is the same, so C and Java make the same bits for any width of vectors.
 *
 * <p>A row is looked at in blocks of {@link #BLOCK} tokens. Each pass takes the blocks' highest logits and does not read
 * blocks that stay below its cut; what it says of their weights is undefined. A row has at most {@link #LONGEST} logits.
 */
public interface LogitOps {
    /** Tokens of one block; the last may have fewer. */
    int BLOCK = 64;

    /** Sums of more weights would overflow. */
    int LONGEST = 1 << 22;

    /** The number of blocks of a row. */
    static int blocks(int vocabulary) {
        return Math.ceilDiv(vocabulary, BLOCK);
    }

    /** What {@link #softmaxWeights} makes of an exponential in [0, 1]: the nearest whole number of 2^-40. */
    static long whole(float weight) {
        // Between 2^12 and 2^13 doubles are 2^-40 apart.
        return Double.doubleToRawLongBits(weight + 0x1p12) - 0x40b0000000000000L;
    }

    /** The highest logit of each block; NaN when one of them is. */
    void peaks(float[] row, float[] peaks);

    /**
     * Writes {@code e^((logit - best) * factor)} of the logits from the cut on, and each block's sum; weights of lower
     * logits in the same block are 0.
     *
     * @param by no logit from its cut on may lie more than 87 / factor below its best
     */
    void softmaxWeights(Row row, Weighing by, long[] sums);

    /** Each block's sum of the weights of logits from the cut on. */
    void sum(Row row, float cut, long[] sums);

    /** The weights of the logits in the band, by slots. */
    void spread(Row row, Band band, long[] slots);

    /** Writes the ids of the logits of the band that lie in one slot, in order, and says how many they are. */
    int members(Row row, Band band, int slot, int[] ids);

    /** One row: its logits, the peaks of its blocks, its weights. */
    record Row(float[] logits, float[] peaks, float[] weights) {
        public Row {
            check(logits, peaks);
            if (weights.length != logits.length) {
                throw new IllegalArgumentException("%d weights for %d logits".formatted(weights.length, logits.length));
            }
        }

        /** C checks no bounds: its caller does. */
        public static void check(float[] logits, float[] peaks) {
            if (logits.length > LONGEST || peaks.length != blocks(logits.length)) {
                throw new IllegalArgumentException("%d peaks for %d logits".formatted(peaks.length, logits.length));
            }
        }

        public void check(long[] sums) {
            if (sums.length != peaks.length) {
                throw new IllegalArgumentException("%d sums for %d blocks".formatted(sums.length, peaks.length));
            }
        }
    }

    /** Parameters that turn a logit into a weight. */
    record Weighing(float best, float factor, float cut) {}

    /**
     * The logits in [low, high], in slots by their distance below high.
     *
     * @param scale slots per unit
     * @param slots how many; the last takes all that is farther
     */
    record Band(float low, float high, float scale, int slots) {
        public Band {
            if (!(scale >= 0 && scale <= Float.MAX_VALUE) || slots < 1) {
                throw new IllegalArgumentException("%d slots of %s per unit".formatted(slots, scale));
            }
        }
    }
}
