package dev.baton.kernel;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Rotates the heads of each row in place: element {@code d} of a head's first {@code half} and of the next {@code half} are
 * one pair. With {@code norms} each head is normed first.
 *
 * @param heads f32, from column 0 of each row: query heads, then key heads, then what is left alone
 * @param cos f32 [rows][half], as {@code sin}
 */
public record ApplyRope(
        MatrixView heads,
        MemorySegment cos,
        MemorySegment sin,
        int rows,
        Shape shape,
        @Nullable Norms norms) {
    /** Query and key heads, elements of a head, pairs that are rotated. */
    public record Shape(int queries, int keys, int dim, int half) {
        public Shape {
            if (queries < 1 || keys < 1 || half < 1 || 2 * half > dim) {
                throw new IllegalArgumentException(
                        "%d and %d heads of %d, %d pairs rotated".formatted(queries, keys, dim, half));
            }
        }
    }

    /** Weights [dim] for query heads and for key heads. */
    public record Norms(MemorySegment query, MemorySegment key, float epsilon) {}

    public ApplyRope {
        heads.holding(rows, (long) (shape.queries + shape.keys) * shape.dim);
        long angles = (long) rows * shape.half * 4;
        if (cos.byteSize() < angles || sin.byteSize() < angles) {
            throw new IllegalArgumentException("angles of %d rows, %d each, are too short".formatted(rows, shape.half));
        }
        long weights = shape.dim * 4L;
        if (norms != null && (norms.query.byteSize() < weights || norms.key.byteSize() < weights)) {
            throw new IllegalArgumentException("norms shorter than a head of " + shape.dim);
        }
    }
}
