package dev.baton.transfer.pool;

import dev.baton.kv.AdoptedBlocks;
import dev.baton.kv.BlockHash;
import dev.baton.kv.BlockLedger;
import dev.baton.kv.KvDigest;
import dev.baton.kv.KvMemory;
import dev.baton.kv.NativeRecords;
import dev.baton.kv.OpenBlock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The ledger of a pool file, kept in its block table: {@link LedgerFormat} says what lies where. Each change is made so that
 * a reader in another process takes it whole or not at all, also when this process ends in the midst of it.
 */
final class FileLedger implements BlockLedger {
    private static final long NO_RECORD = -1;

    private final LedgerFormat format;
    private final LedgerWords words;
    private final LedgerReader reader;
    private final KvMemory memory;
    private final @Nullable NativeRecords inC;

    /** @param words of a table of {@code LedgerFormat.of(memory.layout()).bytes()} */
    FileLedger(LedgerWords words, KvMemory memory) {
        this(words, memory, null);
    }

    /** @param inC writes the records, over the same table and bytes; null: Java does */
    FileLedger(LedgerWords words, KvMemory memory, @Nullable NativeRecords inC) {
        this.format = LedgerFormat.of(memory.layout());
        this.words = words;
        this.reader = new LedgerReader(format, words);
        this.memory = memory;
        this.inC = inC;
    }

    /** @param damaged entries that did not have their checksum */
    record Inventory(AdoptedBlocks blocks, int damaged) {}

    /** Goes through the table of an earlier life, and clears what it left half changed or what is damaged. */
    Inventory takeOver() {
        List<AdoptedBlocks.Named> named = new ArrayList<>();
        List<Integer> open = new ArrayList<>();
        int damaged = 0;
        for (int block = 0; block < format.blocks(); block++) {
            LedgerReader.Condition condition = reader.condition(block);
            switch (condition) {
                case NAMED, NAMELESS -> {}
                case CHANGING -> clearName(block);
                case DAMAGED -> {
                    damaged++;
                    clearName(block);
                }
            }
            Optional<LedgerReader.Sealed> sealed = reader.sealed(block);
            if (sealed.isPresent()) {
                named.add(new AdoptedBlocks.Named(
                        block, sealed.get().parent(), sealed.get().name()));
            } else if (reader.open(block).isPresent()) {
                open.add(block);
            }
        }
        return new Inventory(new AdoptedBlocks(named, open), damaged);
    }

    @Override
    public void seal(int block, @Nullable BlockHash parent, BlockHash name) {
        List<KvDigest> digests = digests(block, newest(block, parent), format.blockTokens());
        long entry = format.entry(block);
        begin(entry);
        putHash(entry + LedgerFormat.NAME, name);
        putHash(entry + LedgerFormat.PARENT, parent);
        words.put(entry + LedgerFormat.STATE, parent == null ? LedgerFormat.FIRST : LedgerFormat.CHAINED);
        for (int layer = 0; layer < digests.size(); layer++) {
            putDigest(format.digest(entry, layer), digests.get(layer));
        }
        words.put(entry + LedgerFormat.CHECKSUM, reader.checksum(block));
        end(entry);
    }

    /**
     * First byte of the newest record of the block, if it follows that parent; else {@link #NO_RECORD}. Not proved to be whole:
     * this process wrote it, and what an accident did to it shows as digests that no bytes have.
     */
    private long newest(int block, @Nullable BlockHash parent) {
        long zero = format.record(block, 0);
        long one = format.record(block, 1);
        long record = words.get(zero + LedgerFormat.VERSION) >= words.get(one + LedgerFormat.VERSION) ? zero : one;
        boolean follows = words.get(record + LedgerFormat.VERSION) != 0
                && rows(record) >= 1
                && rows(record) <= format.blockTokens()
                && (words.get(record + LedgerFormat.ROWS) & LedgerFormat.HAS_PARENT)
                        == (parent == null ? 0 : LedgerFormat.HAS_PARENT)
                && words.get(record + LedgerFormat.RECORD_PARENT) == (parent == null ? 0 : parent.high())
                && words.get(record + LedgerFormat.RECORD_PARENT + 8) == (parent == null ? 0 : parent.low());
        return follows ? record : NO_RECORD;
    }

    private int rows(long record) {
        return (int) words.get(record + LedgerFormat.ROWS);
    }

    /** Digests of the first rows of a block, of which those of a record need not be read. */
    private List<KvDigest> digests(int block, long record, int rows) {
        int from = record == NO_RECORD ? 0 : rows(record);
        List<KvDigest> digests = new ArrayList<>(memory.digests(block, from, rows));
        for (int layer = 0; record != NO_RECORD && layer < digests.size(); layer++) {
            KvDigest before = reader.digest(format.recordDigest(record, layer));
            digests.set(layer, before.plus(digests.get(layer)));
        }
        return digests;
    }

    @Override
    public void record(List<OpenBlock> open) {
        if (inC != null) {
            inC.write(open);
        } else {
            open.forEach(this::record);
        }
    }

    private void record(OpenBlock open) {
        int block = open.block();
        if (open.rows() > format.blockTokens()) {
            throw new IllegalArgumentException(
                    "record of %d tokens in a block of %d".formatted(open.rows(), format.blockTokens()));
        }
        long known = newest(block, open.parent());
        if (known != NO_RECORD && !continues(known, open)) {
            known = NO_RECORD;
        }
        if (known != NO_RECORD && rows(known) == open.rows()) {
            return;
        }
        List<KvDigest> digests = digests(block, known, open.rows());
        if (known == NO_RECORD) {
            begin(format.entry(block));
        }
        write(open, digests);
        if (known == NO_RECORD) {
            end(format.entry(block));
        }
    }

    /** True when the tokens of a record are the first of these. */
    private boolean continues(long record, OpenBlock open) {
        int recorded = rows(record);
        if (recorded > open.rows()) {
            return false;
        }
        for (int i = 0; i < recorded; i++) {
            if ((int) (words.get(format.tokens(record, i / 2)) >>> (32 * (i % 2))) != open.tokens()[open.from() + i]) {
                return false;
            }
        }
        return true;
    }

    private void write(OpenBlock open, List<KvDigest> digests) {
        int block = open.block();
        long zero = words.get(format.record(block, 0) + LedgerFormat.VERSION);
        long one = words.get(format.record(block, 1) + LedgerFormat.VERSION);
        long record = format.record(block, zero <= one ? 0 : 1);
        long version = Math.max(zero, one) + 1;
        words.put(record + LedgerFormat.VERSION, 0);
        words.fence();
        words.put(record + LedgerFormat.ROWS, open.rows() | (open.parent() == null ? 0 : LedgerFormat.HAS_PARENT));
        putHash(record + LedgerFormat.RECORD_PARENT, open.parent());
        for (int layer = 0; layer < digests.size(); layer++) {
            putDigest(format.recordDigest(record, layer), digests.get(layer));
        }
        for (int word = 0; word < format.tokenWords(); word++) {
            words.put(format.tokens(record, word), token(open, 2 * word) | token(open, 2 * word + 1) << 32);
        }
        words.put(record + LedgerFormat.RECORD_CHECKSUM, reader.recordChecksum(block, record, version));
        words.putRelease(record + LedgerFormat.VERSION, version);
    }

    private static long token(OpenBlock open, int at) {
        return at < open.rows() ? Integer.toUnsignedLong(open.tokens()[open.from() + at]) : 0;
    }

    @Override
    public void forget(int block) {
        long entry = format.entry(block);
        if (reader.condition(block) == LedgerReader.Condition.NAMELESS && versions(block) == 0) {
            return;
        }
        clearName(block);
        if (versions(block) != 0) {
            begin(entry);
            words.put(format.record(block, 0) + LedgerFormat.VERSION, 0);
            words.put(format.record(block, 1) + LedgerFormat.VERSION, 0);
            end(entry);
        }
        words.fence();
    }

    private long versions(int block) {
        return words.get(format.record(block, 0) + LedgerFormat.VERSION)
                | words.get(format.record(block, 1) + LedgerFormat.VERSION);
    }

    private void clearName(int block) {
        long entry = format.entry(block);
        begin(entry);
        words.put(entry + LedgerFormat.STATE, LedgerFormat.NO_NAME);
        words.put(entry + LedgerFormat.CHECKSUM, 0);
        end(entry);
    }

    @Override
    public boolean matches(int block) {
        Optional<LedgerReader.Sealed> sealed = reader.sealed(block);
        return sealed.isPresent()
                && memory.digests(block, 0, format.blockTokens())
                        .equals(sealed.get().digests());
    }

    @Override
    public Optional<KvDigest> digest(int block, int layer) {
        return reader.digest(block, layer);
    }

    private void begin(long entry) {
        long sequence = words.get(entry + LedgerFormat.SEQUENCE);
        words.put(entry + LedgerFormat.SEQUENCE, sequence | 1);
        words.fence();
    }

    private void end(long entry) {
        long sequence = words.get(entry + LedgerFormat.SEQUENCE);
        words.putRelease(entry + LedgerFormat.SEQUENCE, (sequence | 1) + 1);
        words.putRelease(LedgerFormat.CHANGES, words.get(LedgerFormat.CHANGES) + 1);
    }

    private void putHash(long at, @Nullable BlockHash hash) {
        words.put(at, hash == null ? 0 : hash.high());
        words.put(at + 8, hash == null ? 0 : hash.low());
    }

    private void putDigest(long at, KvDigest digest) {
        words.put(at, digest.a());
        words.put(at + 8, digest.b());
    }
}
