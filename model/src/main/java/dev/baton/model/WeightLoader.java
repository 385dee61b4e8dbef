package dev.baton.model;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.baton.kernel.Bf16;
import dev.baton.kernel.Kernels;
import dev.baton.kernel.WeightType;
import dev.baton.kernel.Weights;
import dev.baton.model.Family.Trait;
import dev.baton.model.LayerTensors.Part;
import dev.baton.model.LayerTensors.Stack;
import dev.baton.model.ModelSettings.Precision;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Reads a checkpoint's tensors into the form the kernels want, one tensor at a time. */
final class WeightLoader {
    private static final int CONVERTED_ROWS = 64;

    private final ModelConfig config;
    private final Checkpoint checkpoint;
    private final Kernels kernels;
    private final SlabAllocator slab;
    private final Arena arena;
    private final WeightProgress progress;

    WeightLoader(ModelConfig config, Checkpoint checkpoint, Kernels kernels, Arena arena, WeightProgress progress) {
        this.config = config;
        this.checkpoint = checkpoint;
        this.kernels = kernels;
        this.slab = new SlabAllocator(kernels, checkpoint.bytes());
        this.arena = arena;
        this.progress = progress;
    }

    Safetensors.Tensor embedding() {
        return checkpoint.get("model.embed_tokens.weight", config.vocab, config.hidden);
    }

    Weights head() {
        return linear(LayerTensors.head(config, checkpoint));
    }

    MemorySegment finalNorm() {
        return norm("model.norm.weight", config.hidden);
    }

    LayerWeights layer(int index, int window) {
        LayerTensors of = new LayerTensors(config, checkpoint, index);
        return new LayerWeights(linear(of.qkv()), linear(of.out()), norms(of.at()), mlp(of), window);
    }

    private LayerWeights.Norms norms(String at) {
        boolean sandwich = config.family.has(Trait.SANDWICH_NORMS);
        MemorySegment after = norm(at + "post_attention_layernorm.weight", config.hidden);
        return new LayerWeights.Norms(
                norm(at + "input_layernorm.weight", config.hidden),
                sandwich ? norm(at + "pre_feedforward_layernorm.weight", config.hidden) : after,
                sandwich
                        ? new LayerWeights.Sandwich(
                                after, norm(at + "post_feedforward_layernorm.weight", config.hidden))
                        : null,
                config.family.has(Trait.QUERY_KEY_NORM)
                        ? new LayerWeights.HeadNorms(
                                norm(at + "self_attn.q_norm.weight", config.headDim),
                                norm(at + "self_attn.k_norm.weight", config.headDim))
                        : null);
    }

    private LayerWeights.Mlp mlp(LayerTensors of) {
        if (!of.routed()) {
            return new LayerWeights.Plain(linear(of.gateUp()), linear(of.down()));
        }
        List<LayerWeights.Plain> experts = new ArrayList<>();
        for (int i = 0; i < config.routing.experts(); i++) {
            experts.add(new LayerWeights.Plain(linear(of.expertGateUp(i)), linear(of.expertDown(i))));
        }
        return new LayerWeights.Routed(linear(progress.precision().unquantised(), of.router()), List.copyOf(experts));
    }

    private Weights linear(Stack stack) {
        return linear(progress.precision(), stack);
    }

    /** Stacks matrices on top of each other. */
    private Weights linear(Precision precision, Stack stack) {
        long inputs = stack.inputs();
        long outputs = stack.outputs();
        Part first = stack.parts().getFirst();
        WeightType stored =
                checkpoint.get(first.name(), first.outputs(), inputs).type();
        WeightType type = precision.packed(stored);
        MemorySegment packed = slab.allocate(type.packedBytes(outputs, inputs));
        MemorySegment scale = type.scaled() ? arena.allocate(outputs * 4, 64) : null;
        Weights weights = new Weights(type, packed, new Weights.Size(outputs, inputs), scale, null);
        MemorySegment bias = null;
        long at = 0;
        for (Part part : stack.parts()) {
            Safetensors.Tensor tensor = checkpoint.get(part.name(), part.outputs(), inputs);
            if (tensor.type() != stored) {
                throw new UnsupportedModelException(
                        "%s is stored as %s and %s as %s: they make one product, so must be alike"
                                .formatted(first.name(), stored, part.name(), tensor.type()));
            }
            pack(tensor, at, weights);
            Safetensors.Tensor added = checkpoint.find(part.bias());
            if (added != null) {
                bias = bias == null ? arena.allocate(outputs * 4, 64) : bias;
                checkpoint.get(part.bias(), part.outputs()).widen(0, bias.asSlice(at * 4));
            }
            at += part.outputs();
            progress.read(tensor.data().byteSize());
        }
        return new Weights(type, packed, weights.size(), scale, bias);
    }

    /** From the mapped file into the panels, without a copy of the matrix between. */
    private void pack(Safetensors.Tensor tensor, long from, Weights to) {
        long inputs = tensor.columns();
        WeightType type = to.type();
        if (type.scaled()) {
            kernels.quantise(tensor.type(), tensor.data(), new Kernels.RowRange(from, tensor.rows()), to);
            return;
        }
        if (tensor.type() == type) {
            kernels.pack(type, tensor.data(), new Kernels.RowRange(from, tensor.rows()), inputs, to.packed());
            return;
        }
        try (Arena temporary = Arena.ofConfined()) {
            MemorySegment chunk = temporary.allocate(CONVERTED_ROWS * inputs * type.bytes(), 64);
            for (long row = 0; row < tensor.rows(); row += CONVERTED_ROWS) {
                long rows = Math.min(CONVERTED_ROWS, tensor.rows() - row);
                for (long i = 0; i < rows * inputs; i++) {
                    float value = tensor.element(row * inputs + i);
                    switch (type) {
                        case BF16 -> chunk.set(JAVA_SHORT_UNALIGNED, i * 2, Bf16.of(value));
                        case F32 -> chunk.set(JAVA_FLOAT_UNALIGNED, i * 4, value);
                        case F16, I8, W8A8 -> throw new IllegalArgumentException("no conversion to " + type);
                    }
                }
                kernels.pack(type, chunk, new Kernels.RowRange(from + row, rows), inputs, to.packed());
            }
        }
    }

    private MemorySegment norm(String name, int width) {
        Safetensors.Tensor stored = checkpoint.get(name, width);
        MemorySegment norm = arena.allocate(width * 4L, 64);
        stored.widen(config.family.has(Trait.NORM_PLUS_ONE) ? 1 : 0, norm);
        return norm;
    }
}
