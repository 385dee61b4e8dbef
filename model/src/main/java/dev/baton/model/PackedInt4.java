package dev.baton.model;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.baton.kernel.GroupPanels;
import dev.baton.kernel.WeightType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.List;
import java.util.Optional;

/**
 * A matrix of 4-bit weights in a folder quantised by GPTQ or AWQ: {@code scale * (integer - zero)}.
 *
 * @param outputs with {@code inputs}: the matrix that it stands for
 * @param data qweight: i32 [inputs/8][outputs] (GPTQ) or [inputs][outputs/8] (AWQ)
 * @param zeros qzeros: i32 [inputs/group][outputs/8]
 * @param scales f16 [inputs/group][outputs]
 */
record PackedInt4(
        String name,
        Quantisation how,
        long outputs,
        long inputs,
        MemorySegment data,
        MemorySegment zeros,
        MemorySegment scales)
        implements StoredTensor, GroupedRows {
    private static final int IN_WORD = 8;
    /** Where AWQ has the i-th of a word's eight outputs. */
    private static final int[] AWQ_PLACE = {0, 4, 1, 5, 2, 6, 3, 7};

    @Override
    public WeightType type() {
        return WeightType.F32;
    }

    @Override
    public long[] shape() {
        return new long[] {outputs, inputs};
    }

    @Override
    public List<MemorySegment> parts() {
        return List.of(data, zeros, scales);
    }

    @Override
    public Optional<GroupedRows> groups() {
        return Optional.of(this);
    }

    @Override
    public WeightType grouped() {
        return WeightType.Q4_ZERO;
    }

    @Override
    public boolean liesSo() {
        return false;
    }

    @Override
    public MemorySegment rows(long first, long count, SegmentAllocator scratch) {
        MemorySegment made = scratch.allocate(count * inputs * 4, 64);
        for (long row = 0; row < count; row++) {
            widenRow(first + row, made.asSlice(row * inputs * 4, inputs * 4));
        }
        return made;
    }

    @Override
    public void widenRow(long row, MemorySegment to) {
        for (long k = 0; k < inputs; k++) {
            long group = k / how.groupSize();
            float scale = Float.float16ToFloat(scale(row, group));
            to.setAtIndex(JAVA_FLOAT, k, scale * (integer(row, k) - zero(row, group)));
        }
    }

    @Override
    public void write(long row, GroupPanels to, long output) {
        for (long g = 0; g < inputs / WeightType.IN_GROUP; g++) {
            long first = g * WeightType.IN_GROUP;
            long group = first / how.groupSize();
            to.scale(output, g, scale(row, group));
            to.factor(output, g, zero(row, group));
            for (int word = 0; word < 4; word++) {
                int bytes = 0;
                for (int i = 0; i < 4; i++) {
                    long k = first + word * 4L + i;
                    bytes |= (integer(row, k) | (integer(row, k + 16) << 4)) << (i * 8);
                }
                to.word(output, g, word, bytes);
            }
        }
    }

    private int integer(long row, long k) {
        return switch (how.method()) {
            case GPTQ -> nibble(data, k / IN_WORD * outputs + row, (int) (k % IN_WORD));
            case AWQ -> nibble(data, k * (outputs / IN_WORD) + row / IN_WORD, place(row));
        };
    }

    private int zero(long row, long group) {
        return nibble(zeros, group * (outputs / IN_WORD) + row / IN_WORD, place(row)) + how.zeroPlus();
    }

    private short scale(long row, long group) {
        return scales.get(JAVA_SHORT_UNALIGNED, (group * outputs + row) * 2);
    }

    private int place(long row) {
        int in = (int) (row % IN_WORD);
        return how.method() == Quantisation.Method.AWQ ? AWQ_PLACE[in] : in;
    }

    private static int nibble(MemorySegment words, long index, int place) {
        return (words.get(JAVA_INT_UNALIGNED, index * 4) >>> (place * 4)) & 15;
    }
}
