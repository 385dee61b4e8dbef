package dev.baton.engine.sampling;

/**
 * e^x to about 1e-9 relative, in operations that Java defines to the last bit ({@code Math.exp} may differ between
 * machines by one unit in the last place, and costs more).
 */
final class Exponential {
    private static final double LOG2_E = 1.4426950408889634;
    private static final double LN_2 = 0.6931471805599453;
    /** Adding and taking off 1.5 * 2^52 rounds to an integer. */
    private static final double ROUND = 0x1.8p52;

    private Exponential() {}

    /** For x in [-700, 700]. */
    static double of(double x) {
        double power = x * LOG2_E + ROUND - ROUND;
        double r = x - power * LN_2;
        double polynomial = 1
                + r
                        * (1
                                + r
                                        * (1 / 2.0
                                                + r
                                                        * (1 / 6.0
                                                                + r
                                                                        * (1 / 24.0
                                                                                + r
                                                                                        * (1 / 120.0
                                                                                                + r
                                                                                                        * (1 / 720.0
                                                                                                                + r
                                                                                                                        / 5040.0))))));
        return polynomial * Double.longBitsToDouble((long) power + 1023L << 52);
    }
}
