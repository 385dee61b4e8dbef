package dev.baton.model.torch;

import dev.baton.engine.ModelRunner.Slice;
import java.util.List;

/** The blocks that a step writes to, and which of their tokens: no two slices write to one block. */
final class WrittenBlocks {
    private final int blockTokens;
    private final int[] ids;
    private final int[] from;
    private final int[] to;
    private final int rows;

    WrittenBlocks(List<Slice> slices, int blockTokens) {
        this.blockTokens = blockTokens;
        int count = slices.stream().mapToInt(this::touched).sum();
        ids = new int[count];
        from = new int[count];
        to = new int[count];
        int at = 0;
        for (Slice slice : slices) {
            int end = slice.position() + slice.tokens().length;
            for (int position = slice.position(); position < end; at++) {
                int start = position - position % blockTokens;
                ids[at] = slice.blocks()[position / blockTokens];
                from[at] = position - start;
                to[at] = Math.min(blockTokens, end - start);
                position = start + to[at];
            }
        }
        rows = slices.stream().mapToInt(slice -> slice.tokens().length).sum();
    }

    private int touched(Slice slice) {
        int end = slice.position() + slice.tokens().length;
        return Math.ceilDiv(end, blockTokens) - slice.position() / blockTokens;
    }

    int count() {
        return ids.length;
    }

    int id(int index) {
        return ids[index];
    }

    /** The first fresh token of a block. */
    int from(int index) {
        return from[index];
    }

    /** The token after its last fresh one. */
    int to(int index) {
        return to[index];
    }

    boolean whole(int index) {
        return to[index] - from[index] == blockTokens;
    }

    /** Whether at least half of what these blocks hold is fresh, so that they are better copied whole than row by row. */
    boolean dense() {
        return (long) count() * blockTokens <= 2L * rows;
    }
}
