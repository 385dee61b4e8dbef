package dev.baton.kernel;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * {@code x += y}, then {@code out = x / rms(x) * weight}, row by row; {@code rms(v)} is the root of the mean square plus
 * epsilon. All are f32; {@code x}, {@code y} and {@code out} are [rows][width] without gaps.
 *
 * @param y what is added first; null adds nothing
 * @param after norms {@code y} with these weights before it is added; null adds it as it is
 */
public record AddRmsNorm(
        MemorySegment x,
        @Nullable MemorySegment y,
        @Nullable MemorySegment after,
        MemorySegment weight,
        MemorySegment out,
        Kernels.Shape extent,
        float epsilon) {
    public AddRmsNorm {
        long row = extent.width() * 4L;
        long all = extent.rows() * row;
        if (extent.rows() < 1
                || extent.width() < 1
                || x.byteSize() < all
                || out.byteSize() < all
                || weight.byteSize() < row
                || y != null && y.byteSize() < all
                || after != null && (y == null || after.byteSize() < row)) {
            throw new IllegalArgumentException("a norm of " + extent + ": a segment is too short");
        }
    }
}
