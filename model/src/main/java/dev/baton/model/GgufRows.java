package dev.baton.model;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.baton.checkpoint.gguf.GgufMatrix;
import dev.baton.checkpoint.gguf.GgufType;
import dev.baton.kernel.Bf16;
import dev.baton.kernel.WeightType;
import dev.baton.model.ModelSettings.Precision;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.Optional;

/**
 * A tensor of a GGUF file. Blocks with a scale are read as f32 where nothing is to be rounded, else as bf16, rounded as the
 * folder's own weights would be.
 */
record GgufRows(GgufMatrix matrix, WeightType type) implements StoredTensor {
    GgufRows(GgufMatrix matrix, Precision precision) {
        this(matrix, type(matrix.type(), precision));
    }

    private static WeightType type(GgufType stored, Precision precision) {
        if (stored.quantised()) {
            return precision.roundsBlocks() ? WeightType.BF16 : WeightType.F32;
        }
        return switch (stored) {
            case F16 -> WeightType.F16;
            case BF16 -> WeightType.BF16;
            default -> WeightType.F32;
        };
    }

    @Override
    public String name() {
        return matrix.name();
    }

    @Override
    public long[] shape() {
        return matrix.shape();
    }

    @Override
    public Optional<GroupedRows> groups() {
        return GgufGroups.of(matrix);
    }

    @Override
    public MemorySegment data() {
        return matrix.data();
    }

    @Override
    public boolean liesSo() {
        return matrix.plain().isPresent();
    }

    @Override
    public MemorySegment rows(long first, long count, SegmentAllocator scratch) {
        long rowBytes = columns() * type.bytes();
        if (matrix.plain().isPresent()) {
            return matrix.plain().get().asSlice(first * rowBytes, count * rowBytes);
        }
        MemorySegment made = scratch.allocate(count * rowBytes, 64);
        boolean vector = shape().length == 1;
        float[] row = new float[(int) (vector ? count : columns())];
        for (long i = 0; i < (vector ? 1 : count); i++) {
            matrix.read(first + i, row);
            for (int j = 0; j < row.length; j++) {
                StoredTensor.put(type, made, i * row.length + j, row[j]);
            }
        }
        return made;
    }

    @Override
    public void widenRow(long row, MemorySegment to) {
        float[] values = new float[(int) columns()];
        matrix.read(row, values);
        for (int i = 0; i < values.length; i++) {
            float value = type == WeightType.BF16 ? Bf16.toFloat(Bf16.of(values[i])) : values[i];
            to.setAtIndex(JAVA_FLOAT, i, value);
        }
    }
}
