package dev.baton.model;

import dev.baton.kernel.WeightType;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One layer, packed.
 *
 * @param qkv query, key and value rows one after the other
 * @param norms f32 weights of the layer's norms
 * @param mlp what follows attention
 * @param window tokens a row sees, 0 for all
 */
record LayerWeights(Linear qkv, Linear out, Norms norms, Mlp mlp, int window) {
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

    /** What the layer's matrices are held as. */
    Stream<WeightType> types() {
        return Stream.of(qkv.types(), out.types(), mlp.types()).flatMap(types -> types);
    }

    sealed interface Mlp {
        Stream<WeightType> types();
    }

    /** @param gateUp gate rows, then up rows */
    record Plain(Linear gateUp, Linear down) implements Mlp {
        @Override
        public Stream<WeightType> types() {
            return Stream.concat(gateUp.types(), down.types());
        }
    }

    record Routed(Linear router, List<Plain> experts) implements Mlp {
        @Override
        public Stream<WeightType> types() {
            return experts.stream().flatMap(Plain::types);
        }
    }
}
