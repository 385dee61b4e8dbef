package dev.baton.kernel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** product_int8.c in Java, bit for bit. */
final class JavaInt8 {
    private static final int PANEL = WeightType.PANEL;
    private static final int GROUP = WeightType.GROUP;
    private static final float ROUND = 12582912.0f;

    private JavaInt8() {}

    /** Values in 127ths of the greatest magnitude, of a row or of a group of one. */
    record Rounded(byte[] values, float scale, int sum) {
        static Rounded of(float[] x) {
            int top = 0;
            for (float v : x) {
                top = Math.max(top, Float.floatToRawIntBits(v) & 0x7fffffff);
            }
            byte[] values = new byte[x.length];
            if (top >= 0x7f800000) {
                return new Rounded(values, Float.NaN, 0);
            }
            float greatest = Float.intBitsToFloat(top);
            if (greatest < 1e-30f) {
                return new Rounded(values, 0, 0);
            }
            float inverse = 127.0f / greatest;
            int sum = 0;
            for (int i = 0; i < x.length; i++) {
                values[i] = (byte) (x[i] * inverse + ROUND - ROUND);
                sum += values[i];
            }
            return new Rounded(values, greatest / 127.0f, sum);
        }

        /** The sum of the rounded numbers; NaN where one of them is none, or infinite. */
        float scaledSum() {
            return scale * sum;
        }
    }

    static void quantise(WeightType stored, MemorySegment source, Kernels.RowRange span, Weights to) {
        int k = (int) to.size().inputs();
        float[] row = new float[k];
        for (long r = 0; r < span.rows(); r++) {
            for (int i = 0; i < k; i++) {
                row[i] = stored(stored, source, r * k + i);
            }
            Rounded rounded = Rounded.of(row);
            long n = span.from() + r;
            to.scales().setAtIndex(JAVA_FLOAT, n, rounded.scale);
            for (int i = 0; i < k; i++) {
                if (to.type() == WeightType.W8A8) {
                    to.packed().set(JAVA_BYTE, grouped(n, i, k), (byte) (rounded.values[i] + 128));
                } else {
                    to.packed().set(JAVA_BYTE, (n / PANEL * k + i) * PANEL + n % PANEL, rounded.values[i]);
                }
            }
        }
    }

    private static float stored(WeightType type, MemorySegment source, long index) {
        return switch (type) {
            case BF16 -> Bf16.toFloat(source.get(JAVA_SHORT_UNALIGNED, index * 2));
            case F16 -> Float.float16ToFloat(source.get(JAVA_SHORT_UNALIGNED, index * 2));
            case F32 -> source.get(JAVA_FLOAT_UNALIGNED, index * 4);
            case I8, W8A8, Q4_0, Q4_1, Q4_K, Q4_ZERO, Q8_0 ->
                throw new IllegalArgumentException(type + " is no stored type");
        };
    }

    private static long grouped(long output, long input, long inputs) {
        long groups = Math.ceilDiv(inputs, GROUP);
        return ((output / PANEL * groups + input / GROUP) * PANEL + output % PANEL) * GROUP + input % GROUP;
    }

    static void product(Weights w, MatrixView a, int rows, MatrixView out) {
        int n = (int) w.size().outputs();
        int k = (int) w.size().inputs();
        MemorySegment from = a.holding(rows, k);
        MemorySegment to = out.holding(rows, n);
        float[] x = new float[k];
        for (int row = 0; row < rows; row++) {
            MemorySegment.copy(from, JAVA_FLOAT, row * a.stride() * 4, x, 0, k);
            Rounded rounded = Rounded.of(x);
            for (int output = 0; output < n; output++) {
                int sum = -128 * rounded.sum;
                for (int i = 0; i < k; i++) {
                    sum += (w.packed().get(JAVA_BYTE, grouped(output, i, k)) & 0xff) * rounded.values[i];
                }
                float v = sum * rounded.scale * w.scales().getAtIndex(JAVA_FLOAT, output);
                if (w.bias() != null) {
                    v = v + w.bias().getAtIndex(JAVA_FLOAT, output);
                }
                to.setAtIndex(JAVA_FLOAT, row * out.stride() + output, v);
            }
        }
    }
}
