package dev.baton.kv;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The last, not full block of a running sequence.
 *
 * @param parent name of the block before it, null for the first
 * @param tokens ids, of which the block's first is {@code tokens[from]}; not copied
 * @param rows tokens of the block whose KV is computed in every layer, 1 to the tokens of a block
 */
public record OpenBlock(int block, @Nullable BlockHash parent, int[] tokens, int from, int rows) {
    public OpenBlock {
        if (rows < 1) {
            throw new IllegalArgumentException("an open block of %d rows".formatted(rows));
        }
        Objects.checkFromIndexSize(from, rows, tokens.length);
    }
}
