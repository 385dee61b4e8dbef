package dev.baton.engine.model;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.baton.engine.kernel.Attention;
import dev.baton.engine.kernel.Rows;
import dev.baton.engine.torch.Torch;
import dev.baton.engine.torch.TorchArgument;
import dev.baton.engine.torch.TorchDtype;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Where a forward pass keeps its rows, and the tensors that TorchScript sees over them. Made for one number of rows. */
final class Buffers implements AutoCloseable {
    private final Arena arena = Arena.ofConfined();
    private final List<TorchArgument> tensors = new ArrayList<>();
    private final Torch torch;
    final int rows;
    final Matrix ids;
    final Matrix hidden;
    final Matrix normed;
    final Matrix delta;
    final Matrix qkv;
    final Matrix attended;
    final Matrix gateUp;
    final Matrix gated;
    final Matrix[] cos;
    final Matrix[] sin;
    final MemorySegment slices;

    /** Rows in native memory and the same as a tensor. */
    record Matrix(Rows rows, TorchArgument tensor) {
        MemorySegment at() {
            return rows.at();
        }
    }

    Buffers(ModelConfig config, Torch torch, int rows, int ropes) {
        this.torch = torch;
        this.rows = rows;
        long width = config.routing.experts() > 0
                ? Math.max(config.intermediate, config.routing.width())
                : config.intermediate;
        ids = matrix(TorchDtype.I32, 1);
        hidden = matrix(TorchDtype.F32, config.hidden);
        normed = matrix(TorchDtype.F32, config.hidden);
        delta = matrix(TorchDtype.F32, config.hidden);
        qkv = matrix(TorchDtype.F32, (long) (config.heads + 2 * config.kvHeads) * config.headDim);
        attended = matrix(TorchDtype.F32, (long) config.heads * config.headDim);
        gateUp = matrix(TorchDtype.F32, 2 * width);
        gated = matrix(TorchDtype.F32, width);
        cos = new Matrix[ropes];
        sin = new Matrix[ropes];
        for (int i = 0; i < ropes; i++) {
            cos[i] = matrix(TorchDtype.F32, config.rotated / 2);
            sin[i] = matrix(TorchDtype.F32, config.rotated / 2);
        }
        slices = arena.allocate(rows * 16L, 64);
    }

    private Matrix matrix(TorchDtype dtype, long width) {
        MemorySegment memory = arena.allocate(rows * width * 4, 64);
        TorchArgument tensor =
                dtype == TorchDtype.I32 ? torch.tensor(memory, dtype, rows) : torch.tensor(memory, dtype, rows, width);
        tensors.add(tensor);
        return new Matrix(new Rows(memory, width), tensor);
    }

    /** Describes the slices to the kernels and their tokens and angles to the script. */
    Attention.Batch describe(List<ModelRunner.Slice> given, List<RopeTable> tables, Arena step) {
        int entries = given.stream().mapToInt(slice -> slice.blocks().length).sum();
        MemorySegment blocks = step.allocate(JAVA_INT, entries);
        int row = 0;
        int entry = 0;
        for (int i = 0; i < given.size(); i++) {
            ModelRunner.Slice slice = given.get(i);
            int[] tokens = slice.tokens();
            slices.setAtIndex(JAVA_INT, i * 4L, row);
            slices.setAtIndex(JAVA_INT, i * 4L + 1, tokens.length);
            slices.setAtIndex(JAVA_INT, i * 4L + 2, slice.position());
            slices.setAtIndex(JAVA_INT, i * 4L + 3, entry);
            MemorySegment.copy(tokens, 0, ids.at(), JAVA_INT, row * 4L, tokens.length);
            for (int t = 0; t < tables.size(); t++) {
                tables.get(t).copy(slice.position(), tokens.length, cos[t].at(), sin[t].at(), row);
            }
            MemorySegment.copy(slice.blocks(), 0, blocks, JAVA_INT, entry * 4L, slice.blocks().length);
            row += tokens.length;
            entry += slice.blocks().length;
        }
        return new Attention.Batch(slices, blocks, given.size(), row);
    }

    @Override
    public void close() {
        tensors.forEach(TorchArgument::close);
        arena.close();
    }
}
