package dev.baton.kv;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a pool's memory itself remembers of each block, so that it can be read after its owner's death: of a full block its
 * name, of the open block of a running sequence its tokens, of both the digests of their bytes. {@link BlockPool} decides
 * who owns a block; the ledger follows it.
 *
 * <p>The engine's thread calls, after the bytes that a call speaks of are written. {@link #matches} and {@link #digest}
 * may be called from any thread for a block that stays sealed meanwhile, as a leased one does.
 */
public interface BlockLedger {
    /** Remembers nothing, stores no digests and takes every block for whole. */
    BlockLedger NONE = new NoLedger();

    /**
     * A block is full and has its name from now on. Its digests are computed here: of what the {@linkplain #record record}
     * of the open block has not seen yet.
     *
     * @param parent name of the block before it in the sequence, null for the first
     */
    void seal(int block, @Nullable BlockHash parent, BlockHash name);

    /**
     * Remembers the open blocks of running sequences, each once. Only tokens that came since the last record of a block are
     * read; fewer tokens than then, or other ones, and it is read again.
     */
    void record(List<OpenBlock> open);

    /** A block will be written with something else: nothing is known of it any more. Call before the first byte changes. */
    void forget(int block);

    /** True when the bytes of a sealed block have the digests that were stored with it. Reads the whole block. */
    boolean matches(int block);

    /** The stored digest of one layer of a sealed block; empty where none is stored. */
    Optional<KvDigest> digest(int block, int layer);
}
