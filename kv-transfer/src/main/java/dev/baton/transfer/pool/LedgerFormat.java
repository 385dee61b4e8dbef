package dev.baton.transfer.pool;

import dev.baton.kv.KvLayout;
import dev.baton.kv.NativeRecords;

/**
 * Where the words of a pool's block table lie. All are 64 bits, little-endian, at multiples of 8 bytes; the table starts with
 * a head of 64 bytes, then has one entry a block, of one size, at multiples of 64.
 *
 * <pre>
 * head    0 changes            grows whenever the sequence of a block does
 *
 * entry   0 sequence           grows with each change but of the tokens added to a record; odd meanwhile
 *         8 name               high, low
 *        24 parent             high, low; zeros for the first block of a sequence
 *        40 state              0 no name, 1 named and first of its sequence, 2 named and has a parent
 *        48 checksum           of block number, name, parent, state and digests; 0 without a name
 *        56 zero
 *        64 digests            of each layer: a, b
 *           record, twice
 *
 * record  0 version            0 = none; of two whole records the one with the higher version counts
 *         8 rows               tokens whose KV is there; plus 2^32 when there is a parent
 *        16 parent             high, low; zeros for the first block of a sequence
 *        32 checksum           of block number, version, rows, parent, digests and tokens
 *        40 digests            of rows tokens, of each layer: a, b
 *           tokens             ids, two a word, zeros from rows on
 * </pre>
 *
 * <p>A record speaks of a block that is being filled. It is kept when the block gets its name, for a reader that knows only the
 * first of the block's tokens. It is written to the copy with the lower version: version 0, a fence, the rest, and the new
 * version by a release store. So a writer that dies between any two stores leaves the other copy whole.
 *
 * @param layers of the model
 * @param blockTokens tokens of a block
 * @param blocks entries
 */
record LedgerFormat(int layers, int blockTokens, int blocks) {
    static final long CHANGES = 0;
    static final long HEAD_BYTES = 64;

    static final long SEQUENCE = 0;
    static final long NAME = 8;
    static final long PARENT = 24;
    static final long STATE = 40;
    static final long CHECKSUM = 48;
    static final long DIGESTS = 64;

    static final long VERSION = 0;
    static final long ROWS = 8;
    static final long RECORD_PARENT = 16;
    static final long RECORD_CHECKSUM = 32;
    static final long RECORD_DIGESTS = 40;

    static final long NO_NAME = 0;
    static final long FIRST = 1;
    static final long CHAINED = 2;
    static final long HAS_PARENT = 1L << 32;

    static LedgerFormat of(KvLayout layout) {
        return new LedgerFormat(layout.layers(), layout.blockTokens(), layout.blocks());
    }

    /** Bytes of the table. */
    long bytes() {
        return HEAD_BYTES + entryBytes() * blocks;
    }

    long entryBytes() {
        return Math.ceilDiv(DIGESTS + digestBytes() + 2 * recordBytes(), 64L) * 64;
    }

    NativeRecords.Places places() {
        return new NativeRecords.Places(CHANGES, entry(0), entryBytes(), record(0, 0) - entry(0), recordBytes());
    }

    private long digestBytes() {
        return 16L * layers;
    }

    private long recordBytes() {
        return RECORD_DIGESTS + digestBytes() + 8L * tokenWords();
    }

    int tokenWords() {
        return Math.ceilDiv(blockTokens, 2);
    }

    /** First byte of a block's entry. */
    long entry(int block) {
        if (block < 0 || block >= blocks) {
            throw new IndexOutOfBoundsException("block %d of %d".formatted(block, blocks));
        }
        return HEAD_BYTES + entryBytes() * block;
    }

    /** First byte of a block's record 0 or 1. */
    long record(int block, int copy) {
        return entry(block) + DIGESTS + digestBytes() + copy * recordBytes();
    }

    /** First byte of the digest of a layer of an entry. */
    long digest(long entry, int layer) {
        return entry + DIGESTS + 16L * layer;
    }

    long recordDigest(long record, int layer) {
        return record + RECORD_DIGESTS + 16L * layer;
    }

    /** First byte of a word that holds two tokens of a record. */
    long tokens(long record, int word) {
        return record + RECORD_DIGESTS + digestBytes() + 8L * word;
    }
}
