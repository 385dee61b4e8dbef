package dev.baton.kv;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes the records of a step's open blocks into a block table by one call of C: the digests of their new rows in all layers,
 * the words, the checksums, and the versions by release stores. One thread.
 */
public final class NativeRecords {
    /** Block, rows, whether it has a parent, and the parent; its tokens follow. */
    private static final long HEAD_BYTES = 5 * 8;

    private final KvLibrary library;
    private final KvRegion region;
    private final KvDigester digester;
    private final MemorySegment table;
    private final MemorySegment form;
    private final MemorySegment digests;
    private final long openBytes;
    private MemorySegment open = MemorySegment.NULL;

    /**
     * Where the words of a table lie.
     *
     * @param changes offset of the table's count of changes
     * @param entry offset of the first block's entry, of {@code entryBytes}
     * @param record offset of the first of two records in an entry, of {@code recordBytes}
     */
    public record Places(long changes, long entry, long entryBytes, long record, long recordBytes) {}

    private NativeRecords(KvLibrary library, KvRegion region, MemorySegment table, Places places, boolean digested) {
        KvLayout layout = region.layout();
        if (places.entry() + places.entryBytes() * layout.blocks() > table.byteSize()) {
            throw new IllegalArgumentException("a table of %d bytes for %s".formatted(table.byteSize(), layout));
        }
        this.library = library;
        this.region = region;
        this.digester = new KvDigester(layout);
        this.table = table;
        this.digests = Arena.ofAuto().allocate(JAVA_LONG, 2L * layout.layers());
        this.openBytes = HEAD_BYTES + Math.ceilDiv(layout.blockTokens(), 2) * 8L;
        this.form = Arena.ofAuto()
                .allocateFrom(
                        JAVA_LONG,
                        places.changes(),
                        places.entry(),
                        places.entryBytes(),
                        places.record(),
                        places.recordBytes(),
                        layout.layers(),
                        layout.blockTokens(),
                        digested ? digester.layersInC().address() : 0);
    }

    /**
     * Over the KV of a pool and its block table, both outside the heap.
     *
     * @param digested false: records say that all digests are zero, and no KV is read
     * @return null where the library does not load
     */
    public static @Nullable NativeRecords over(KvRegion region, MemorySegment table, Places places, boolean digested) {
        KvLibrary library = KvLibrary.SHIPPED;
        return library == null ? null : new NativeRecords(library, region, table, places, digested);
    }

    /** Makes a record of each block, as {@link BlockLedger#record} says. */
    public void write(List<OpenBlock> blocks) {
        if (openBytes * blocks.size() > open.byteSize()) {
            open = Arena.ofAuto().allocate(2 * openBytes * blocks.size(), 8);
        }
        long at = 0;
        for (OpenBlock block : blocks) {
            put(at, block);
            at += openBytes;
        }
        try {
            library.record().invokeExact(form, table, region.segment(), open, (long) blocks.size(), openBytes, digests);
        } catch (Throwable e) {
            throw new IllegalStateException("records in C failed", e);
        }
    }

    private void put(long at, OpenBlock block) {
        KvLayout layout = region.layout();
        if (block.block() < 0 || block.block() >= layout.blocks() || block.rows() > layout.blockTokens()) {
            throw new IllegalArgumentException(
                    "record of %d tokens in block %d of %s".formatted(block.rows(), block.block(), layout));
        }
        BlockHash parent = block.parent();
        open.set(JAVA_LONG, at, block.block());
        open.set(JAVA_LONG, at + 8, block.rows());
        open.set(JAVA_LONG, at + 16, parent == null ? 0 : 1);
        open.set(JAVA_LONG, at + 24, parent == null ? 0 : parent.high());
        open.set(JAVA_LONG, at + 32, parent == null ? 0 : parent.low());
        MemorySegment.copy(block.tokens(), block.from(), open, JAVA_INT, at + HEAD_BYTES, block.rows());
    }
}
