package dev.baton.engine.sampling;

/**
 * Random numbers that are a function of (key, counter): Philox4x32 with ten rounds (Salmon, Moraes, Dror, Shaw: "Parallel
 * random numbers: as easy as 1, 2, 3", 2011). No state, so the draw for token 57 is the same wherever it is made.
 */
public final class CounterRandom {
    private static final long MULTIPLIER_0 = 0xD2511F53L;
    private static final long MULTIPLIER_1 = 0xCD9E8D57L;
    private static final int WEYL_0 = 0x9E3779B9;
    private static final int WEYL_1 = 0xBB67AE85;
    private static final int ROUNDS = 10;

    private CounterRandom() {}

    /** 64 random bits: the draw for one token of one sequence. */
    public static long bits(long seed, long tokenIndex) {
        int[] words = philox((int) tokenIndex, (int) (tokenIndex >>> 32), 0, 0, seed);
        return (words[0] & 0xFFFFFFFFL) << 32 | (words[1] & 0xFFFFFFFFL);
    }

    static int[] philox(int c0, int c1, int c2, int c3, long key) {
        int k0 = (int) key;
        int k1 = (int) (key >>> 32);
        for (int round = 0; round < ROUNDS; round++) {
            long product0 = MULTIPLIER_0 * (c0 & 0xFFFFFFFFL);
            long product1 = MULTIPLIER_1 * (c2 & 0xFFFFFFFFL);
            int next0 = (int) (product1 >>> 32) ^ c1 ^ k0;
            int next2 = (int) (product0 >>> 32) ^ c3 ^ k1;
            c1 = (int) product1;
            c3 = (int) product0;
            c0 = next0;
            c2 = next2;
            k0 += WEYL_0;
            k1 += WEYL_1;
        }
        return new int[] {c0, c1, c2, c3};
    }
}
