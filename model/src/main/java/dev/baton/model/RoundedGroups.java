package dev.baton.model;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.baton.kernel.GroupPanels;
import dev.baton.kernel.WeightType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A matrix rounded to groups while it is read: Q4_0 in eighths of the greatest value, Q8_0 in 127ths of its magnitude. */
record RoundedGroups(StoredTensor tensor, WeightType grouped) implements GroupedRows {
    @Override
    public void write(long row, GroupPanels to, long output) {
        try (Arena temporary = Arena.ofConfined()) {
            MemorySegment values = temporary.allocate(tensor.columns() * 4, 64);
            tensor.widenRow(row, values);
            float[] x = values.toArray(JAVA_FLOAT);
            for (int group = 0; group < x.length / WeightType.IN_GROUP; group++) {
                write(x, group, to, output);
            }
        }
    }

    private void write(float[] x, int group, GroupPanels to, long output) {
        int first = group * WeightType.IN_GROUP;
        float top = 0;
        for (int i = first; i < first + WeightType.IN_GROUP; i++) {
            top = Math.abs(x[i]) > Math.abs(top) ? x[i] : top;
        }
        boolean four = grouped == WeightType.Q4_0;
        short f16 = Float.floatToFloat16(four ? top / -8 : Math.abs(top) / 127);
        float scale = Float.float16ToFloat(f16);
        to.scale(output, group, f16);
        int words = four ? 4 : 8;
        for (int word = 0; word < words; word++) {
            int bytes = 0;
            for (int i = 0; i < 4; i++) {
                int at = first + word * 4 + i;
                int one = four ? four(x[at], scale) | (four(x[at + 16], scale) << 4) : eight(x[at], scale) & 0xff;
                bytes |= one << (i * 8);
            }
            to.word(output, group, word, bytes);
        }
    }

    private static int four(float x, float scale) {
        return scale == 0 ? 8 : Math.clamp(Math.round(x / scale) + 8, 0, 15);
    }

    private static int eight(float x, float scale) {
        return scale == 0 ? 0 : Math.clamp(Math.round(x / scale), -127, 127);
    }
}
