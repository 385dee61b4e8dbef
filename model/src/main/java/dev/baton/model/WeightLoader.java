package dev.baton.model;

import dev.baton.kernel.GroupPanels;
import dev.baton.kernel.Kernels;
import dev.baton.kernel.WeightType;
import dev.baton.kernel.Weights;
import dev.baton.model.Family.Trait;
import dev.baton.model.LayerTensors.Part;
import dev.baton.model.LayerTensors.Stack;
import dev.baton.model.ModelSettings.Precision;
import dev.baton.model.ModelSettings.WeightChoice;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads a checkpoint's tensors into the form the kernels want, one tensor at a time. */
final class WeightLoader {
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
        this.slab = new SlabAllocator(kernels, checkpoint.heldBytes(progress.precision()));
        this.arena = arena;
        this.progress = progress;
    }

    StoredTensor embedding() {
        return checkpoint.get("model.embed_tokens.weight", config.vocab, config.hidden);
    }

    Linear head() {
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

    private Linear linear(Stack stack) {
        return linear(progress.precision(), stack);
    }

    /** Stacks matrices on top of each other. */
    private Linear linear(Precision precision, Stack stack) {
        List<Stack> runs = precision.keepsGroups() ? checkpoint.split(stack) : List.of(stack);
        return new Linear(runs.stream().map(run -> weights(precision, run)).toList());
    }

    private Weights weights(Precision precision, Stack stack) {
        long inputs = stack.inputs();
        long outputs = stack.outputs();
        WeightType type = type(precision, stack);
        MemorySegment packed = slab.allocate(type.packedBytes(outputs, inputs));
        MemorySegment scale = type.scaled() ? arena.allocate(outputs * 4, 64) : null;
        Weights weights = new Weights(type, packed, new Weights.Size(outputs, inputs), scale, null);
        MemorySegment bias = null;
        long at = 0;
        for (Part part : stack.parts()) {
            StoredTensor tensor = checkpoint.get(part.name(), part.outputs(), inputs);
            if (type.grouped()) {
                GroupPanels panels = new GroupPanels(weights);
                GroupedRows groups =
                        precision.keepsGroups() ? tensor.groups().orElseThrow() : new RoundedGroups(tensor, type);
                for (long row = 0; row < part.outputs(); row++) {
                    groups.write(row, panels, at + row);
                }
            } else {
                pack(tensor, at, weights);
            }
            if (checkpoint.has(part.bias())) {
                bias = bias == null ? arena.allocate(outputs * 4, 64) : bias;
                checkpoint.get(part.bias(), part.outputs()).widen(0, bias.asSlice(at * 4));
            }
            at += part.outputs();
            progress.read(tensor.data().byteSize());
        }
        return new Weights(type, packed, weights.size(), scale, bias);
    }

    /** What a stack whose parts can be held alike is held as. */
    private WeightType type(Precision precision, Stack stack) {
        if (precision.weights() == WeightChoice.INT4 && stack.inputs() % WeightType.IN_GROUP == 0) {
            return stack.equals(LayerTensors.head(config, checkpoint)) ? WeightType.Q8_0 : WeightType.Q4_0;
        }
        Optional<WeightType> groups =
                precision.keepsGroups() ? checkpoint.groups(stack.parts().getFirst(), stack) : Optional.empty();
        return groups.orElseGet(() -> precision.packed(checkpoint.type(stack)));
    }

    /** From the mapped file into the panels, without a copy of the matrix between. */
    private void pack(StoredTensor tensor, long from, Weights to) {
        boolean asStored = to.type().scaled() || to.type() == tensor.type();
        long step = asStored && tensor.liesSo() ? tensor.rows() : StoredTensor.CHUNK_ROWS;
        for (long row = 0; row < tensor.rows(); row += step) {
            Kernels.RowRange span = new Kernels.RowRange(from + row, Math.min(step, tensor.rows() - row));
            try (Arena temporary = Arena.ofConfined()) {
                MemorySegment rows = tensor.rows(row, span.rows(), temporary);
                if (to.type().scaled()) {
                    kernels.quantise(tensor.type(), rows, span, to);
                } else {
                    MemorySegment source = asStored ? rows : converted(tensor, rows, to.type(), temporary);
                    kernels.pack(to.type(), source, span, tensor.columns(), to.packed());
                }
            }
        }
    }

    private static MemorySegment converted(StoredTensor tensor, MemorySegment rows, WeightType to, Arena arena) {
        long elements = rows.byteSize() / tensor.type().bytes();
        MemorySegment made = arena.allocate(elements * to.bytes(), 64);
        for (long i = 0; i < elements; i++) {
            StoredTensor.put(to, made, i, StoredTensor.element(tensor.type(), rows, i));
        }
        return made;
    }

    private MemorySegment norm(String name, int width) {
        StoredTensor stored = checkpoint.get(name, width);
        MemorySegment norm = arena.allocate(width * 4L, 64);
        stored.widen(config.family.has(Trait.NORM_PLUS_ONE) ? 1 : 0, norm);
        return norm;
    }
}
