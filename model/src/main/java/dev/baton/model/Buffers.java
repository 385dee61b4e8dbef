package dev.baton.model;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.baton.engine.ModelRunner;
import dev.baton.kernel.Attention;
import dev.baton.kernel.MatrixView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The rows of a forward pass. A batch has another number of rows in almost every step, so there is room for more
 * than one has.
 */
final class Buffers implements GrowableBuffers.Room {
    private final Arena arena = Arena.ofConfined();
    private final int capacity;
    final MatrixView ids;
    final MatrixView hidden;
    final MatrixView normed;
    final MatrixView delta;
    final MatrixView qkv;
    final MatrixView attended;
    final MatrixView gateUp;
    final MatrixView gated;
    final MemorySegment[] cos;
    final MemorySegment[] sin;
    final MemorySegment slices;

    /** Rows in use. */
    int rows;

    Buffers(ModelConfig config, int capacity, int ropes) {
        this.capacity = capacity;
        long width = config.routing.experts() > 0
                ? Math.max(config.intermediate, config.routing.width())
                : config.intermediate;
        ids = rows(1);
        hidden = rows(config.hidden);
        normed = rows(config.hidden);
        delta = rows(config.hidden);
        qkv = rows((long) (config.heads + 2 * config.kvHeads) * config.headDim);
        attended = rows((long) config.heads * config.headDim);
        gateUp = rows(2 * width);
        gated = rows(width);
        cos = new MemorySegment[ropes];
        sin = new MemorySegment[ropes];
        for (int i = 0; i < ropes; i++) {
            cos[i] = arena.allocate(capacity * (config.rotated / 2) * 4L, 64);
            sin[i] = arena.allocate(capacity * (config.rotated / 2) * 4L, 64);
        }
        slices = arena.allocate(capacity * 16L, 64);
    }

    private MatrixView rows(long width) {
        return new MatrixView(arena.allocate(capacity * width * 4, 64), width);
    }

    @Override
    public boolean use(int wanted) {
        if (wanted > capacity) {
            return false;
        }
        rows = wanted;
        return true;
    }

    /** Describes the slices to the kernels, with their angles and tokens. */
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
                tables.get(t).copy(slice.position(), tokens.length, cos[t], sin[t], row);
            }
            MemorySegment.copy(slice.blocks(), 0, blocks, JAVA_INT, entry * 4L, slice.blocks().length);
            row += tokens.length;
            entry += slice.blocks().length;
        }
        return new Attention.Batch(slices, blocks, given.size(), row);
    }

    @Override
    public void close() {
        arena.close();
    }
}
