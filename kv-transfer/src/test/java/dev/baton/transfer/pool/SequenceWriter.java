package dev.baton.transfer.pool;

import dev.baton.kv.BlockHash;
import dev.baton.kv.BlockLedger;
import dev.baton.kv.KvRegion;
import dev.baton.kv.OpenBlock;
import java.util.List;

/**
 * Does to a pool what an engine does: decodes sequences token by token, each into the blocks that were used longest ago, with
 * a record after each token and a name for each full block.
 */
final class SequenceWriter {
    static final int BLOCKS_OF_A_SEQUENCE = 4;
    /** The last block is never full. */
    static final int TOKENS = BLOCKS_OF_A_SEQUENCE * Rows.BLOCK_TOKENS - 3;

    private final KvRegion region;
    private final BlockLedger ledger;
    private final Runnable stored;
    private int nextBlock;
    private int sequence = -1;
    private int recorded;

    /** @param stored runs after each word of KV that is stored */
    SequenceWriter(KvRegion region, BlockLedger ledger, Runnable stored) {
        this.region = region;
        this.ledger = ledger;
        this.stored = stored;
    }

    /** Sequences that are in the pool whole after so many were written, this one included, oldest first. */
    static int oldestWhole(int written, int blocks) {
        return Math.max(0, written - blocks / BLOCKS_OF_A_SEQUENCE + 1);
    }

    void decode(int number) {
        sequence = number;
        recorded = 0;
        int[] tokens = Rows.tokens(number, TOKENS);
        List<BlockHash> chain = Rows.chain(tokens);
        int block = -1;
        for (int at = 0; at < TOKENS; at++) {
            int index = at / Rows.BLOCK_TOKENS;
            if (at % Rows.BLOCK_TOKENS == 0) {
                block = nextBlock;
                nextBlock = (nextBlock + 1) % region.layout().blocks();
                ledger.forget(block);
            }
            Rows.write(region, block, tokens, at, stored);
            int rows = at % Rows.BLOCK_TOKENS + 1;
            ledger.record(
                    List.of(new OpenBlock(block, Rows.parent(chain, index), tokens, index * Rows.BLOCK_TOKENS, rows)));
            recorded = at + 1;
            if (rows == Rows.BLOCK_TOKENS) {
                ledger.seal(block, Rows.parent(chain, index), chain.get(index));
            }
        }
    }

    /** The sequence that is being written. */
    int sequence() {
        return sequence;
    }

    /** Its tokens of which a record has been made. */
    int recorded() {
        return recorded;
    }
}
