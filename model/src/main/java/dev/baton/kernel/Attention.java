package dev.baton.kernel;

import dev.baton.kv.KvDtype;
import java.lang.foreign.MemorySegment;

/** Attention of one layer, as a description. */
public final class Attention {
    private Attention() {}

    /** Tokens of a span: what blocks give is folded span by span, at fixed positions of the sequence. */
    public static final int SPAN = 1024;

    /** Heads and their sizes. {@code heads} is a multiple of {@code kvHeads}. */
    public record Heads(int heads, int kvHeads, int keyDim, int valueDim) {
        public Heads {
            if (kvHeads < 1 || heads < kvHeads || heads % kvHeads != 0 || keyDim < 1 || valueDim < 1) {
                throw new IllegalArgumentException("attention with %d heads over %d KV heads of %d and %d elements"
                        .formatted(heads, kvHeads, keyDim, valueDim));
            }
        }
    }

    /**
     * What a score goes through.
     *
     * @param scale factor of the product of query and key
     * @param softcap c of c * tanh(score / c), 0 for none
     * @param window tokens that a row sees, itself included, 0 for all before it
     */
    public record Rule(float scale, float softcap, int window) {}

    /**
     * Where a layer's blocks lie, their keys {@linkplain dev.baton.kv.KvLayout turned}.
     *
     * @param layer the bytes of that layer of all blocks
     */
    public record Pool(MemorySegment layer, KvDtype dtype, int blockTokens, long blockBytes) {}

    /**
     * Which rows belong to which sequence.
     *
     * @param slices int32, per slice: first row, rows, position of the first row, first entry in {@code blocks}
     * @param blocks int32, physical blocks of each slice from its sequence's start
     * @param count slices
     * @param rows rows of all slices
     */
    public record Batch(MemorySegment slices, MemorySegment blocks, int count, int rows) {}

    /** Rotated queries, rotated keys, values, and where the result goes; a row holds its heads one after the other. */
    public record Operands(MatrixView query, MatrixView key, MatrixView value, MatrixView out) {}
}
