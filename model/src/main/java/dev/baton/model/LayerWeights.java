package dev.baton.model;

import dev.baton.kernel.Weights;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One layer, packed.
 *
 * @param qkv query, key and value rows one after the other
 * @param norms f32 weights of the layer's norms
 * @param mlp what follows attention
 * @param window tokens a row sees, 0 for all
 */
record LayerWeights(Weights qkv, Weights out, Norms norms, Mlp mlp, int window) {
    /**
     * @param beforeMlp after attention in families without sandwich norms
     * @param afterAttention with {@code afterMlp}: only in families with sandwich norms
     * @param query with {@code key}: only where heads are normalised
     */
    record Norms(
            MemorySegment beforeAttention,
            MemorySegment beforeMlp,
            @Nullable Sandwich sandwich,
            @Nullable HeadNorms heads) {}

    record Sandwich(MemorySegment afterAttention, MemorySegment afterMlp) {}

    record HeadNorms(MemorySegment query, MemorySegment key) {}

    sealed interface Mlp {}

    /** @param gateUp gate rows, then up rows */
    record Plain(Weights gateUp, Weights down) implements Mlp {}

    record Routed(Weights router, List<Plain> experts) implements Mlp {}
}
