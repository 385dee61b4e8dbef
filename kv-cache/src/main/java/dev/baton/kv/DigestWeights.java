package dev.baton.kv;

/**
 * The constants of {@link KvDigester}: for each word of a slice the odd 32-bit weights A and B, for each slice the odd 64-bit
 * weights P_a and P_b. All come from SplitMix64: number {@code i} of a seed is {@code mix(seed + (i + 1) * GOLDEN)}. They are
 * part of the wire format and of pool files: a change needs a new version of both.
 */
final class DigestWeights {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;
    private static final long SEED_A = 1;
    private static final long SEED_B = 2;
    private static final long SEED_PA = 3;
    private static final long SEED_PB = 4;

    private DigestWeights() {}

    /** Weight A of word {@code c} of a slice: the upper half of number c, made odd. */
    static int a(long c) {
        return (int) (number(SEED_A, c) >>> 32) | 1;
    }

    /** Weight B of word {@code c} of a slice. */
    static int b(long c) {
        return (int) (number(SEED_B, c) >>> 32) | 1;
    }

    /** Weight P_a of a slice: the number of that index, made odd. */
    static long pa(long slice) {
        return number(SEED_PA, slice) | 1;
    }

    /** Weight P_b of a slice. */
    static long pb(long slice) {
        return number(SEED_PB, slice) | 1;
    }

    /**
     * Index of a slice.
     *
     * @param kind 0 keys, 1 values, 2 scales
     * @param head KV head of the model, not of a rank
     */
    static long slice(int kind, int head) {
        return ((long) kind << 32) + head;
    }

    private static long number(long seed, long i) {
        long z = seed + (i + 1) * GOLDEN;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
