package dev.baton.engine.sampling;

/** The scalar functions of baton.h, bit for bit. */
public final class Scalars {
    private static final float ROUND = 12582912.0f;

    private Scalars() {}

    /** Cephes' polynomial, fused; 0 below -87, at most e^88. */
    public static float exp(float x) {
        float c = x > 88.0f ? 88.0f : x;
        c = c < -87.0f ? -87.0f : c;
        float n = (c * 1.44269504088896341f + ROUND) - ROUND;
        float r = Math.fma(n, -0.693359375f, c);
        r = Math.fma(n, 2.12194440e-4f, r);
        float y = 1.9875691500e-4f;
        y = Math.fma(y, r, 1.3981999507e-3f);
        y = Math.fma(y, r, 8.3334519073e-3f);
        y = Math.fma(y, r, 4.1665795894e-2f);
        y = Math.fma(y, r, 1.6666665459e-1f);
        y = Math.fma(y, r, 5.0000001201e-1f);
        y = Math.fma(y, r * r, r) + 1.0f;
        float value = y * Float.intBitsToFloat(((int) n + 127) << 23);
        return x < -87.0f ? 0.0f : value;
    }

    /** 1 - 2 / (e^2x + 1). */
    public static float tanh(float x) {
        return 1.0f - 2.0f / (exp(2.0f * x) + 1.0f);
    }
}
