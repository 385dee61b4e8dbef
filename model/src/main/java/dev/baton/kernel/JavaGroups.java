package dev.baton.kernel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** product_groups.c in Java, bit for bit. */
final class JavaGroups {
    private static final int PANEL = WeightType.PANEL;
    private static final int GROUP = WeightType.IN_GROUP;

    private final WeightType type;
    private final MemorySegment packed;
    private final long panelBytes;

    private JavaGroups(Weights weights) {
        type = weights.type();
        packed = weights.packed();
        panelBytes = type.panelBytes(weights.size().inputs());
    }

    static void product(Weights w, MatrixView a, int rows, MatrixView out) {
        int n = (int) w.size().outputs();
        int k = (int) w.size().inputs();
        JavaGroups groups = new JavaGroups(w);
        MemorySegment from = a.holding(rows, k);
        MemorySegment to = out.holding(rows, n);
        float[] x = new float[GROUP];
        JavaInt8.Rounded[] rounded = new JavaInt8.Rounded[k / GROUP];
        for (int row = 0; row < rows; row++) {
            for (int g = 0; g < rounded.length; g++) {
                MemorySegment.copy(from, JAVA_FLOAT, (row * a.stride() + (long) g * GROUP) * 4, x, 0, GROUP);
                rounded[g] = JavaInt8.Rounded.of(x);
            }
            for (int output = 0; output < n; output++) {
                float sum = 0;
                for (int g = 0; g < rounded.length; g++) {
                    sum = groups.add(sum, output, g, rounded[g]);
                }
                if (w.bias() != null) {
                    sum = sum + w.bias().getAtIndex(JAVA_FLOAT, output);
                }
                to.setAtIndex(JAVA_FLOAT, row * out.stride() + output, sum);
            }
        }
    }

    /** The chain over groups goes on with this one. */
    private float add(float sum, long output, long group, JavaInt8.Rounded x) {
        int dot = 0;
        for (int i = 0; i < GROUP; i++) {
            dot += value(output, group, i) * x.values()[i];
        }
        long panel = output / PANEL * panelBytes;
        long head = panel + type.headOffset(group) + output % PANEL * 2;
        long factor = panel + type.groupOffset(group) + output % PANEL;
        float scale = half(head);
        float offset = switch (type) {
            case Q4_0 -> scale * -8f;
            case Q4_1 -> half(head + PANEL * 2);
            case Q4_K -> half(head + PANEL * 2) * -(float) u8(factor + PANEL);
            case Q4_ZERO -> scale * -(float) u8(factor);
            default -> 0;
        };
        if (type == WeightType.Q4_K) {
            scale = scale * u8(factor);
        }
        float next = Math.fma(scale * x.scale(), (float) dot, sum);
        return type == WeightType.Q8_0 ? next : Math.fma(offset, x.scaledSum(), next);
    }

    private int value(long output, long group, int i) {
        boolean eight = type == WeightType.Q8_0;
        int index = eight ? i / 4 : i / 4 % 4;
        int word = packed.get(
                JAVA_INT_UNALIGNED, output / PANEL * panelBytes + GroupPanels.wordOffset(type, output, group, index));
        int one = word >> (i % 4 * 8);
        return eight ? (byte) one : i < GROUP / 2 ? one & 15 : (one >> 4) & 15;
    }

    private float half(long at) {
        return Float.float16ToFloat(packed.get(JAVA_SHORT_UNALIGNED, at));
    }

    private int u8(long at) {
        return Byte.toUnsignedInt(packed.get(JAVA_BYTE, at));
    }
}
