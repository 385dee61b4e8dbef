package dev.baton.kernel;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * One linear layer, packed in panels of 16 outputs: {@code [output / 16][input][16]}, groups as {@link GroupPanels} writes them.
 *
 * @param scale f32 per output, for int8 weights only
 * @param bias f32 per output, where the layer has one
 */
public record Weights(
        WeightType type,
        MemorySegment packed,
        Size size,
        @Nullable MemorySegment scale,
        @Nullable MemorySegment bias) {
    public Weights {
        if (packed.byteSize() < type.packedBytes(size.outputs, size.inputs)) {
            throw new IllegalArgumentException(
                    "packed weights of %d bytes for %s of %s".formatted(packed.byteSize(), size, type));
        }
        if (scale != null && scale.byteSize() < size.outputs * 4
                || bias != null && bias.byteSize() < size.outputs * 4) {
            throw new IllegalArgumentException("scale or bias shorter than " + size);
        }
        if (type.scaled() != (scale != null)) {
            throw new IllegalArgumentException("int8 weights have scales, and only they");
        }
    }

    /** The scales, which int8 weights have. */
    MemorySegment scales() {
        return java.util.Objects.requireNonNull(scale);
    }

    /** Width of the result and of the argument. */
    public record Size(long outputs, long inputs) {
        public Size {
            if (outputs < 1 || inputs < 1) {
                throw new IllegalArgumentException("a product of %d by %d".formatted(outputs, inputs));
            }
        }
    }
}
