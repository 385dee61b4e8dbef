package dev.baton.transfer.pool;

import dev.baton.kv.BlockHash;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Rows of a sequence that a pool of this host seems to hold, in consecutive blocks. Keeps nothing: they may be gone when they
 * are copied.
 *
 * @param pool its file, and {@code worker} whose it is
 * @param generation the life of the pool in which they were found
 * @param firstBlock index in the sequence of the first block; all before it are not spoken of
 * @param names of the full blocks, {@code blocks} where they lie
 * @param open the block after them, of which the first tokens are the sequence's; null when there is none
 */
public record HeldRows(
        Path pool,
        String worker,
        long generation,
        int firstBlock,
        List<BlockHash> names,
        int[] blocks,
        @Nullable OpenRows open,
        int blockTokens) {
    public HeldRows {
        names = List.copyOf(names);
        blocks = blocks.clone();
    }

    /** The first rows of a block that was not full when they were written. */
    public record OpenRows(int block, @Nullable BlockHash parent, int[] tokens) {
        public OpenRows {
            tokens = tokens.clone();
        }
    }

    /** Tokens in all its blocks. */
    public int rows() {
        return blocks.length * blockTokens + (open == null ? 0 : open.tokens().length);
    }

    /** Blocks to reserve for a copy. */
    public int count() {
        return blocks.length + (open == null ? 0 : 1);
    }
}
