package dev.baton.kernel;

import java.lang.foreign.MemorySegment;

/** A matrix of f32 in native memory; the next row begins {@code stride} elements after the last. */
public record MatrixView(MemorySegment at, long stride) {
    /** The same rows from a later column on. */
    public MatrixView column(long first) {
        return new MatrixView(at.asSlice(first * 4), stride);
    }

    /** The segment, after making sure that it holds a matrix of that size. */
    MemorySegment holding(long rows, long width) {
        if (rows < 1 || width < 1 || at.byteSize() < ((rows - 1) * stride + width) * 4) {
            throw new IllegalArgumentException(
                    "%d rows of %d, %d apart, do not fit into %d bytes".formatted(rows, width, stride, at.byteSize()));
        }
        return at;
    }
}
