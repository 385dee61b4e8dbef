package dev.baton.model;

import dev.baton.engine.ModelRunner.Slice;
import dev.baton.kv.KvLayout;
import java.util.List;

/** Checks and counts over the slices of one forward pass, for every runner. */
public final class Slices {
    private Slices() {}

    /**
     * Rows of all slices.
     *
     * @throws IllegalArgumentException when a slice is outside the context, its blocks or the vocabulary
     */
    public static int check(List<Slice> slices, ModelConfig config, KvLayout layout) {
        int rows = 0;
        int blockTokens = layout.blockTokens();
        for (Slice slice : slices) {
            int end = slice.position() + slice.tokens().length;
            if (slice.tokens().length == 0 || slice.position() < 0 || end > config.maxContext) {
                throw new IllegalArgumentException("a slice of %d tokens at %d in a context of %d"
                        .formatted(slice.tokens().length, slice.position(), config.maxContext));
            }
            if (slice.blocks().length < Math.ceilDiv(end, blockTokens)) {
                throw new IllegalArgumentException(
                        "%d tokens in %d blocks of %d".formatted(end, slice.blocks().length, blockTokens));
            }
            for (int token : slice.tokens()) {
                if (token < 0 || token >= config.vocab) {
                    throw new IllegalArgumentException("token %d of a vocabulary of %d".formatted(token, config.vocab));
                }
            }
            rows += slice.tokens().length;
        }
        if (rows == 0) {
            throw new IllegalArgumentException("a forward pass over nothing");
        }
        return rows;
    }

    /** Rows whose logits are wanted: the last ones of each slice. */
    static int[] lastRows(List<Slice> slices) {
        int[] last = new int[slices.stream().mapToInt(Slice::logitRows).sum()];
        int count = 0;
        int row = 0;
        for (Slice slice : slices) {
            row += slice.tokens().length;
            for (int back = slice.logitRows(); back > 0; back--) {
                last[count++] = row - back;
            }
        }
        return last;
    }
}
