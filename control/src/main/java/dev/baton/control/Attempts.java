package dev.baton.control;

import dev.baton.protocol.v1.Attempt;

/** The attempts of one request: their nonces follow from its seed, so that deciding needs no source of chance. */
record Attempts(long seed) {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    Attempt number(int number) {
        return Attempt.newBuilder()
                .setNumber(number)
                .setNonce(spread(seed + number * GOLDEN))
                .build();
    }

    /** SplitMix64's finaliser: spreads the seed over all bits. */
    private static long spread(long value) {
        long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
