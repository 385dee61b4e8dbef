package dev.baton.engine.simulated;

import dev.baton.engine.ModelRunner;
import dev.baton.engine.ModelShape;
import dev.baton.engine.sampling.JavaLogitOps;
import dev.baton.engine.sampling.LogitOps;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Writes into each layer of each token's KV a hash of the token and of the KV of the token before it, and makes logits
 * from all KV of the sequence. One thread.
 */
final class SimulatedRunner implements ModelRunner {
    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED;

    private final ModelShape shape;
    private final KvRegion region;
    private final StepCost cost;
    private final Arena arena = Arena.ofShared();
    private MemorySegment logits;

    SimulatedRunner(ModelShape shape, KvRegion region, StepCost cost) {
        if (!region.layout().equals(shape.layout())) {
            throw new IllegalArgumentException("a KV region of another layout");
        }
        this.shape = shape;
        this.region = region;
        this.cost = cost;
        this.logits = arena.allocate((long) Float.BYTES * shape.vocab());
    }

    @Override
    public ModelShape shape() {
        return shape;
    }

    @Override
    public MemorySegment forward(List<Slice> slices, LayerProgress progress) {
        long rows = 0;
        long context = 0;
        for (Slice slice : slices) {
            rows += slice.tokens().length;
            context += (long) slice.tokens().length * (slice.position() + slice.tokens().length);
        }
        int layers = shape.layout().layers();
        long pause = cost.nanos(rows, context) / layers;
        for (int layer = 0; layer < layers; layer++) {
            for (Slice slice : slices) {
                write(slice, layer);
            }
            if (pause > 0) {
                LockSupport.parkNanos(this, pause);
            }
            progress.layerDone(layer);
        }
        return logits(slices);
    }

    private void write(Slice slice, int layer) {
        for (int i = 0; i < slice.tokens().length; i++) {
            int position = slice.position() + i;
            long before = position == 0 ? layer : read(slice, layer, position - 1);
            region.segment().set(WORD, address(slice, layer, position), Mixing.mix(before, slice.tokens()[i]));
        }
    }

    private long read(Slice slice, int layer, int position) {
        return region.segment().get(WORD, address(slice, layer, position));
    }

    private long address(Slice slice, int layer, int position) {
        KvLayout layout = shape.layout();
        int block = slice.blocks()[position / layout.blockTokens()];
        long token = position % layout.blockTokens();
        return layout.offset(layer, block)
                + token * layout.group(layer).keyDim() * layout.dtype().bytes();
    }

    private MemorySegment logits(List<Slice> slices) {
        long wanted = slices.stream().mapToLong(Slice::logitRows).sum();
        long bytes = wanted * shape.vocab() * Float.BYTES;
        if (bytes > logits.byteSize()) {
            logits = arena.allocate(bytes * 2);
        }
        long at = 0;
        for (Slice slice : slices) {
            for (int row = slice.logitRows(); row > 0; row--) {
                long seen = digest(slice, slice.position() + slice.tokens().length - row + 1);
                for (int token = 0; token < shape.vocab(); token++, at += Float.BYTES) {
                    float logit = (Mixing.mix(seen, token) >>> 40) * 0x1p-21f;
                    logits.set(ValueLayout.JAVA_FLOAT, at, logit);
                }
            }
        }
        return logits;
    }

    /** Of the first tokens. */
    private long digest(Slice slice, int tokens) {
        long digest = tokens;
        for (int layer = 0; layer < shape.layout().layers(); layer++) {
            for (int position = 0; position < tokens; position++) {
                digest = Mixing.mix(digest, read(slice, layer, position));
            }
        }
        return digest;
    }

    @Override
    public LogitOps logitOps() {
        return new JavaLogitOps();
    }

    @Override
    public void close() {
        arena.close();
    }
}
