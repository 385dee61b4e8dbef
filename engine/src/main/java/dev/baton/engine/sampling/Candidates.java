package dev.baton.engine.sampling;

import dev.baton.engine.sampling.LogitOps.Band;
import dev.baton.engine.sampling.LogitOps.Row;
import dev.baton.engine.sampling.LogitOps.Weighing;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The tokens of one row that may still be drawn: those whose logit is no lower than the cut.
 *
 * <p>A token's weight is a whole number of 2^-40 of the likeliest token's, so sums are exact, and what each cut leaves is
 * a matter of definition, not of the order in which anything was added. That leaves the way to a cut free: a band of
 * logits is spread over slots, the slot in which the cut falls is found, and only that slot's tokens are sorted.
 */
final class Candidates {
    private static final int SLOTS = 2048;
    /** So few are sorted at once. */
    private static final int FEW = 1024;
    /** e^-29 is less than half of 2^-40: no weight is left so far below the best. */
    private static final double FARTHEST = 29;
    /** Logits so far below the best count as ruled out at any temperature: their distance stays a number. */
    private static final float BEYOND = 1e38f;

    private static final long ONE = LogitOps.whole(1);

    private final LogitOps passes;
    private final float[] logits;
    private final Row row;
    private final long[] sums;
    private final long[] slots = new long[SLOTS];
    private final float[] sortedPeaks;
    private final int[] ids;
    private final long[] sorted;
    private float best;
    private float factor;
    private float cut;

    Candidates(int vocabulary, LogitOps passes) {
        this.passes = passes;
        int blocks = LogitOps.blocks(vocabulary);
        logits = new float[vocabulary];
        row = new Row(logits, new float[blocks], new float[vocabulary]);
        sums = new long[blocks];
        sortedPeaks = new float[blocks];
        ids = new int[vocabulary];
        sorted = new long[vocabulary];
    }

    /** All tokens of a row of an f32 matrix. */
    void take(MemorySegment rows, long index) {
        MemorySegment.copy(rows, ValueLayout.JAVA_FLOAT, index * logits.length * Float.BYTES, logits, 0, logits.length);
    }

    /** To be changed before {@link #begin}. */
    float[] logits() {
        return logits;
    }

    /** Starts over with the logits as they are now; they must stay from now on. */
    void begin(double temperature) {
        passes.peaks(logits, row.peaks());
        best = Float.NEGATIVE_INFINITY;
        for (float peak : row.peaks()) {
            best = Math.max(best, peak);
        }
        factor = (float) (1 / temperature);
        cut = Math.max((float) (best - FARTHEST * temperature), Math.max(best - BEYOND, -Float.MAX_VALUE));
    }

    /** The highest logit; NaN when any is. */
    float best() {
        return best;
    }

    /** The lowest id of the highest logit. */
    int likeliest() {
        int block = 0;
        while (row.peaks()[block] != best) {
            block++;
        }
        int id = block * LogitOps.BLOCK;
        while (logits[id] != best) {
            id++;
        }
        return id;
    }

    /** Rules out what is lower. */
    void keepFrom(float logit) {
        cut = Math.max(cut, logit);
    }

    /** Keeps the {@code count} likeliest; of equal ones, lower ids. */
    void keepLikeliest(int count) {
        if (count >= logits.length) {
            return;
        }
        float low = Math.max(cut, reachedBy(count));
        int found = passes.members(row, new Band(low, best, 0, 1), 0, ids);
        if (found <= 4 * FEW) {
            cut = low;
            sort(found);
            keepSorted(Math.min(count, found), found);
        } else {
            Arrays.fill(row.weights(), 1);
            keepReaching(count * ONE, cut);
        }
    }

    /** Weighs what is left. Comes before the methods below, after those above. */
    void softmaxWeights() {
        passes.softmaxWeights(row, new Weighing(best, factor, cut), sums);
    }

    /** Keeps the fewest, likeliest first, that reach {@code share} of the weight; of equal ones, lower ids. */
    void keepShare(double share) {
        long total = total();
        double rest = (1 - share) * total;
        // All that is lighter than an equal part of the rest can go: together it is less than the rest.
        float low = (float) (best + (StrictMath.log(rest / logits.length / ONE) - 1) / factor);
        long target = Math.clamp((long) Math.ceil(share * total), 1, total);
        if (!(low > cut) || !keepReaching(target, low)) {
            keepReaching(target, cut);
        }
        passes.sum(row, cut, sums);
    }

    /** The token at a random place among the weights in order of ids; {@code random} counts 2^-64 of their sum. */
    int pick(long random) {
        long target = Math.unsignedMultiplyHigh(random, total());
        int block = 0;
        while (target >= sums[block]) {
            target -= sums[block++];
        }
        int id = block * LogitOps.BLOCK;
        while (logits[id] < cut || target >= weight(id)) {
            target -= logits[id] < cut ? 0 : weight(id);
            id++;
        }
        return id;
    }

    /** The logarithm of the sum of the exponentials of all logits, at temperature 1. */
    double logSum() {
        return best + StrictMath.log(total() * 0x1p-40);
    }

    /** The {@code count} likeliest, likeliest first, or as many as there are. */
    int[] likeliest(int count) {
        int found = passes.members(row, new Band(reachedBy(count), best, 0, 1), 0, ids);
        sort(found);
        int[] result = new int[Math.min(count, found)];
        for (int i = 0; i < result.length; i++) {
            result[i] = (int) sorted[i];
        }
        return result;
    }

    private long total() {
        long total = 0;
        for (long sum : sums) {
            total += sum;
        }
        return total;
    }

    private long weight(int id) {
        return LogitOps.whole(row.weights()[id]);
    }

    /** A logit that at least so many tokens reach, since the highest of so many blocks do; else the lowest there is. */
    private float reachedBy(int count) {
        if (count > sortedPeaks.length) {
            return -Float.MAX_VALUE;
        }
        System.arraycopy(row.peaks(), 0, sortedPeaks, 0, sortedPeaks.length);
        Arrays.sort(sortedPeaks);
        return Math.max(sortedPeaks[sortedPeaks.length - count], -Float.MAX_VALUE);
    }

    /** Keeps the fewest that reach the target, looking at logits from {@code low} on; false when these do not reach it. */
    private boolean keepReaching(long target, float low) {
        float high = best;
        long left = target;
        for (int before = Integer.MAX_VALUE; ; ) {
            Band band = new Band(low, high, scale(low, high), SLOTS);
            passes.spread(row, band, slots);
            int slot = 0;
            while (left > slots[slot]) {
                left -= slots[slot++];
                if (slot == SLOTS) {
                    return false;
                }
            }
            int found = passes.members(row, band, slot, ids);
            if (found <= FEW || found == before) {
                sort(found);
                int kept = 0;
                while (left > 0) {
                    left -= weight((int) sorted[kept++]);
                }
                keepSorted(kept, found);
                return true;
            }
            before = found;
            low = Float.POSITIVE_INFINITY;
            high = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < found; i++) {
                low = Math.min(low, logits[ids[i]]);
                high = Math.max(high, logits[ids[i]]);
            }
        }
    }

    private static float scale(float low, float high) {
        float width = high - low;
        return width > 0 ? Math.min((SLOTS - 1) / width, Float.MAX_VALUE) : 0;
    }

    /** Sorts the first ids found, likeliest first, equal ones by id. */
    private void sort(int found) {
        for (int i = 0; i < found; i++) {
            int bits = Float.floatToRawIntBits(logits[ids[i]] + 0f);
            long rank = bits ^ bits >> 31 & Integer.MAX_VALUE;
            sorted[i] = ~rank << 32 | ids[i];
        }
        Arrays.sort(sorted, 0, found);
    }

    /** Cuts after the first of those sorted, and rules out those after them that the cut alone would keep. */
    private void keepSorted(int kept, int found) {
        cut = Math.max(cut, logits[(int) sorted[kept - 1]]);
        for (int i = kept; i < found && logits[(int) sorted[i]] >= cut; i++) {
            logits[(int) sorted[i]] = Float.NEGATIVE_INFINITY;
        }
    }
}
