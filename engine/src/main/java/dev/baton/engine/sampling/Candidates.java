package dev.baton.engine.sampling;

import java.util.Arrays;

/**
 * The tokens that may still be drawn, in order of their ids. Cuts look only at as many as they must: a counting pass over
 * the weights' exponents and leading bits finds the slot in which the cut falls, and only tokens of that slot and above
 * are sorted.
 */
final class Candidates {
    private static final int SLOT_SHIFT = 18;
    private static final int SLOTS = 1 << (32 - SLOT_SHIFT);

    private final int[] ids;
    private final long[] sorting;
    private final double[] mass = new double[SLOTS];
    private final int[] members = new int[SLOTS];
    private int size;

    Candidates(int vocabulary) {
        ids = new int[vocabulary];
        sorting = new long[vocabulary];
    }

    void clear() {
        size = 0;
    }

    void add(int id) {
        ids[size++] = id;
    }

    int size() {
        return size;
    }

    /** Keeps the {@code count} of largest weight; of equal ones, lower ids. */
    void keepHeaviest(float[] weights, int count) {
        if (count >= size) {
            return;
        }
        count(weights);
        int slot = SLOTS - 1;
        for (int above = members[slot]; above < count; above += members[slot]) {
            slot--;
        }
        int sorted = sortFrom(weights, slot);
        keepFirst(sorted, count);
    }

    /** Keeps the fewest, heaviest first, that reach {@code share} of the whole weight. */
    void keepMass(float[] weights, double share) {
        count(weights);
        double total = 0;
        for (int i = 0; i < size; i++) {
            total += weights[ids[i]];
        }
        double target = share * total;
        int slot = SLOTS - 1;
        for (double above = mass[slot]; above < target && slot > 0; above += mass[slot]) {
            slot--;
        }
        int sorted = sortFrom(weights, slot);
        double reached = 0;
        int kept = 0;
        while (kept < sorted && (reached < target || kept == 0)) {
            reached += weights[idOf(sorting[kept++])];
        }
        keepFirst(sorted, kept);
    }

    int pick(float[] weights, double uniform) {
        double total = 0;
        for (int i = 0; i < size; i++) {
            total += weights[ids[i]];
        }
        double target = uniform * total;
        double reached = 0;
        int last = ids[0];
        for (int i = 0; i < size; i++) {
            float weight = weights[ids[i]];
            if (weight > 0) {
                last = ids[i];
                reached += weight;
                if (reached > target) {
                    return last;
                }
            }
        }
        return last;
    }

    int[] heaviestFirst(float[] weights) {
        int sorted = sortFrom(weights, 0);
        int[] result = new int[sorted];
        for (int i = 0; i < sorted; i++) {
            result[i] = idOf(sorting[i]);
        }
        return result;
    }

    private void count(float[] weights) {
        Arrays.fill(mass, 0);
        Arrays.fill(members, 0);
        for (int i = 0; i < size; i++) {
            float weight = weights[ids[i]];
            int slot = rank(weight) >>> SLOT_SHIFT;
            members[slot]++;
            mass[slot] += weight;
        }
    }

    /** Puts the tokens of this slot and all above into {@code sorting}, heaviest first, and says how many they are. */
    private int sortFrom(float[] weights, int slot) {
        int count = 0;
        for (int i = 0; i < size; i++) {
            int rank = rank(weights[ids[i]]);
            if (rank >>> SLOT_SHIFT >= slot) {
                sorting[count++] = (long) ~rank << 32 ^ Long.MIN_VALUE | ids[i];
            }
        }
        Arrays.sort(sorting, 0, count);
        return count;
    }

    private void keepFirst(int sorted, int count) {
        int kept = Math.min(sorted, count);
        for (int i = 0; i < kept; i++) {
            ids[i] = idOf(sorting[i]);
        }
        Arrays.sort(ids, 0, kept);
        size = kept;
    }

    private static int idOf(long entry) {
        return (int) entry;
    }

    /** An integer whose unsigned order is the order of the floats. */
    private static int rank(float weight) {
        int bits = Float.floatToRawIntBits(weight + 0f);
        return bits < 0 ? ~bits : bits | Integer.MIN_VALUE;
    }
}
