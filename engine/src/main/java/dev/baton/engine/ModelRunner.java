package dev.baton.engine;

import dev.baton.engine.sampling.JavaLogitOps;
import dev.baton.engine.sampling.LogitOps;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A loaded model over a pool of KV blocks. One thread. */
public interface ModelRunner extends AutoCloseable {
    ModelShape shape();

    /**
     * Runs the slices through all layers in one batch, writing their KV into their blocks.
     *
     * @return logits, f32 row-major [rows whose logits are wanted, vocab], in the order of the slices; valid until the next call
     */
    MemorySegment forward(List<Slice> slices, LayerProgress progress);

    /**
     * The region's bytes of these blocks, all layers, were written by another worker: a runner whose cache lies elsewhere
     * takes them over. Also called from within {@link LayerProgress}, for blocks that the forward pass does not touch.
     */
    default void arrived(int[] blocks) {}

    /** The sampler's passes over logits, by the fastest code there is for them; the bits are those of {@link JavaLogitOps}. */
    LogitOps logitOps();

    @Override
    void close();

    /**
     * Consecutive tokens of one sequence.
     *
     * @param tokens ids of the rows to compute
     * @param position position of the first row in its sequence; KV of [0, position) is in {@code blocks} already
     * @param blocks physical blocks that hold [0, position + tokens.length)
     * @param logitRows of how many rows, the last ones, logits are wanted
     */
    record Slice(int[] tokens, int position, int[] blocks, int logitRows) {
        /** @param logits whether the last row's logits are wanted, and no other's */
        public Slice(int[] tokens, int position, int[] blocks, boolean logits) {
            this(tokens, position, blocks, logits ? 1 : 0);
        }

        public Slice {
            if (logitRows < 0 || logitRows > tokens.length) {
                throw new IllegalArgumentException("logits of %d rows of %d".formatted(logitRows, tokens.length));
            }
        }

        /** Whether any are wanted. */
        public boolean logits() {
            return logitRows > 0;
        }
    }

    /**
     * Called for each layer in order, on the calling thread, once what it stored is in the region; on a device several at a
     * time, when later ones are under way.
     */
    interface LayerProgress {
        void layerDone(int layer);
    }
}
