package dev.baton.engine.simulated;

/** Steele, Lea and Flood's finaliser of SplitMix64 over a running value. */
final class Mixing {
    private Mixing() {}

    static long mix(long state, long value) {
        long z = state * 0x9E3779B97F4A7C15L + value + 0x632BE59BD9B4E019L;
        z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }
}
