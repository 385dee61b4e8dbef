package dev.baton.model;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.baton.kernel.Bf16;
import dev.baton.kernel.WeightType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.List;
import java.util.Optional;

/** A tensor of a checkpoint, in a mapped file. */
public sealed interface StoredTensor permits Safetensors.Tensor, GgufRows, PackedInt4 {
    /** Rows that are read at once where they must be made first. */
    int CHUNK_ROWS = 64;

    String name();

    /** What its elements are read as. */
    WeightType type();

    long[] shape();

    /** Its bytes in the file, or most of them. */
    MemorySegment data();

    /** All its bytes. */
    default List<MemorySegment> parts() {
        return List.of(data());
    }

    /** The only dimension, or the first of two. */
    default long rows() {
        return shape()[0];
    }

    default long columns() {
        return shape().length == 2 ? shape()[1] : 1;
    }

    /**
     * Rows one after the other, as {@link #type}: where they lie, or made in scratch memory.
     *
     * @param count at most {@link #CHUNK_ROWS} unless they lie so
     */
    MemorySegment rows(long first, long count, SegmentAllocator scratch);

    /** Whether {@link #rows} gives them where they lie. */
    boolean liesSo();

    /** Writes one row of a matrix in f32. */
    void widenRow(long row, MemorySegment to);

    /** The groups that it is stored in, where the kernels compute with such. */
    default Optional<GroupedRows> groups() {
        return Optional.empty();
    }

    /** Writes the elements of a vector in f32, each with {@code plus} added. */
    default void widen(float plus, MemorySegment to) {
        try (Arena temporary = Arena.ofConfined()) {
            MemorySegment all = rows(0, rows(), temporary);
            for (long i = 0; i < rows(); i++) {
                to.setAtIndex(JAVA_FLOAT, i, plus + element(type(), all, i));
            }
        }
    }

    /** One element of that type, widened to f32. */
    static float element(WeightType type, MemorySegment data, long index) {
        return switch (type) {
            case BF16 -> Bf16.toFloat(data.get(JAVA_SHORT_UNALIGNED, index * 2));
            case F16 -> Float.float16ToFloat(data.get(JAVA_SHORT_UNALIGNED, index * 2));
            case F32 -> data.get(JAVA_FLOAT_UNALIGNED, index * 4);
            case I8, W8A8, Q4_0, Q4_1, Q4_K, Q4_ZERO, Q8_0 ->
                throw new IllegalArgumentException(type + " has no elements");
        };
    }

    /** Writes one element as that type. */
    static void put(WeightType type, MemorySegment data, long index, float value) {
        switch (type) {
            case BF16 -> data.set(JAVA_SHORT_UNALIGNED, index * 2, Bf16.of(value));
            case F16 -> data.set(JAVA_SHORT_UNALIGNED, index * 2, Float.floatToFloat16(value));
            case F32 -> data.set(JAVA_FLOAT_UNALIGNED, index * 4, value);
            case I8, W8A8, Q4_0, Q4_1, Q4_K, Q4_ZERO, Q8_0 ->
                throw new IllegalArgumentException(type + " has no elements");
        }
    }
}
