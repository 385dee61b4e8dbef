package dev.baton.model.torch;

import dev.baton.kernel.WeightType;
import dev.baton.libtorch.Torch;
import dev.baton.libtorch.TorchArgument;
import dev.baton.libtorch.TorchDevice;
import dev.baton.libtorch.TorchDtype;
import dev.baton.model.Checkpoint;
import dev.baton.model.Family.Trait;
import dev.baton.model.LayerTensors;
import dev.baton.model.LayerTensors.Part;
import dev.baton.model.LayerTensors.Stack;
import dev.baton.model.ModelConfig;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.StoredTensor;
import dev.baton.model.WeightProgress;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Copies a checkpoint's tensors from the mapped file to a device, once each, and owns them there. */
final class TorchWeights implements AutoCloseable {
    private static final String EMBEDDING = "model.embed_tokens.weight";

    private final ModelConfig config;
    private final Checkpoint checkpoint;
    private final WeightProgress progress;
    private final Torch torch;
    private final TorchDevice device;
    private final List<TorchArgument> owned = new ArrayList<>();

    TorchWeights(ModelConfig config, Checkpoint checkpoint, WeightProgress progress, Torch torch, TorchDevice device) {
        this.config = config;
        this.checkpoint = checkpoint;
        this.progress = progress;
        this.torch = torch;
        this.device = device;
    }

    /** A layer's tensors as one list. */
    TorchArgument layer(TorchRecipe recipe) {
        return own(torch.list(recipe.read(this)));
    }

    TorchArgument embedding() {
        return matrix(new Stack(config.hidden, new Part(EMBEDDING, config.vocab)));
    }

    /** The last matrix; the embeddings themselves where they are tied. */
    TorchArgument head(TorchArgument embedding) {
        Stack head = LayerTensors.head(config, checkpoint);
        return head.parts().getFirst().name().equals(EMBEDDING) ? embedding : matrix(head);
    }

    TorchArgument finalNorm() {
        return norm("model.norm.weight", config.hidden);
    }

    TorchArgument matrix(Stack stack) {
        return progress.precision().dtype() == DtypeChoice.F32
                ? wide(stack)
                : matrix(progress.precision().packed(checkpoint.type(stack)), stack);
    }

    /** A matrix held in f32 however it is stored. */
    TorchArgument wide(Stack stack) {
        return matrix(WeightType.F32, stack);
    }

    /** Row-major {@code [outputs][inputs]}; each part is copied to its place without a copy of the whole between. */
    private TorchArgument matrix(WeightType type, Stack stack) {
        TorchArgument matrix = own(torch.zeros(device, dtype(type), stack.outputs(), stack.inputs()));
        long row = 0;
        for (Part part : stack.parts()) {
            StoredTensor tensor = checkpoint.get(part.name(), part.outputs(), stack.inputs());
            fill(matrix, row, stack.inputs(), tensor);
            row += part.outputs();
            progress.read(tensor.data().byteSize());
        }
        return matrix;
    }

    private void fill(TorchArgument matrix, long from, long inputs, StoredTensor tensor) {
        long step = tensor.liesSo() ? tensor.rows() : StoredTensor.CHUNK_ROWS;
        for (long row = 0; row < tensor.rows(); row += step) {
            long count = Math.min(step, tensor.rows() - row);
            try (Arena temporary = Arena.ofConfined();
                    TorchArgument rows = torch.view(matrix, (from + row) * inputs, count, inputs)) {
                torch.fill(rows, tensor.rows(row, count, temporary), dtype(tensor.type()), count, inputs);
            }
        }
    }

    /** In f32; zeros where one of the parts has none. */
    TorchArgument bias(Stack stack) {
        try (Arena temporary = Arena.ofConfined()) {
            MemorySegment values = temporary.allocate(stack.outputs() * 4, 64);
            long at = 0;
            for (Part part : stack.parts()) {
                if (checkpoint.has(part.bias())) {
                    checkpoint.get(part.bias(), part.outputs()).widen(0, values.asSlice(at * 4));
                }
                at += part.outputs();
            }
            return own(torch.upload(values, device, TorchDtype.F32, stack.outputs()));
        }
    }

    /** In f32, plus one where the family's norms are. */
    TorchArgument norm(String name, int width) {
        try (Arena temporary = Arena.ofConfined()) {
            MemorySegment values = temporary.allocate(width * 4L, 64);
            checkpoint.get(name, width).widen(config.family.has(Trait.NORM_PLUS_ONE) ? 1 : 0, values);
            return own(torch.upload(values, device, TorchDtype.F32, width));
        }
    }

    private TorchArgument own(TorchArgument made) {
        owned.add(made);
        return made;
    }

    private static TorchDtype dtype(WeightType type) {
        return switch (type) {
            case BF16 -> TorchDtype.BF16;
            case F16 -> TorchDtype.F16;
            case F32 -> TorchDtype.F32;
            case I8, W8A8, Q4_0, Q4_1, Q4_K, Q4_ZERO, Q8_0 -> throw new IllegalArgumentException(type + " on a device");
        };
    }

    @Override
    public void close() {
        owned.forEach(TorchArgument::close);
    }
}
