package dev.baton.transfer.pool;

import dev.baton.kv.BlockHash;
import dev.baton.kv.KvDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads a block table that its owner may be changing, may have left half changed, or that accidents have damaged: what is
 * returned was whole when it was read. Any thread.
 */
final class LedgerReader {
    private final LedgerFormat format;
    private final LedgerWords words;

    LedgerReader(LedgerFormat format, LedgerWords words) {
        this.format = format;
        this.words = words;
    }

    /** A full block under its name. */
    record Sealed(int block, long sequence, @Nullable BlockHash parent, BlockHash name, List<KvDigest> digests) {}

    /** A block as far as it was filled. */
    record Open(int block, long version, @Nullable BlockHash parent, int[] tokens, List<KvDigest> digests) {
        /** How many of its tokens a sequence begins with whose tokens from {@code from} on are those of this block. */
        int common(int[] sequence, int from) {
            int most = Math.min(tokens.length, sequence.length - from);
            int common = 0;
            while (common < most && tokens[common] == sequence[from + common]) {
                common++;
            }
            return common;
        }
    }

    /** What an entry is: whole, without a name, being changed, or damaged. */
    enum Condition {
        NAMED,
        NAMELESS,
        CHANGING,
        DAMAGED
    }

    LedgerFormat format() {
        return format;
    }

    /** Grows whenever {@link #sequence} of any block does. */
    long changes() {
        return words.getAcquire(LedgerFormat.CHANGES);
    }

    /** Grows whenever a block gets or loses a name, or a record of other tokens; odd meanwhile. */
    long sequence(int block) {
        return words.getAcquire(format.entry(block) + LedgerFormat.SEQUENCE);
    }

    Condition condition(int block) {
        long entry = format.entry(block);
        long sequence = words.getAcquire(entry + LedgerFormat.SEQUENCE);
        if ((sequence & 1) != 0) {
            return Condition.CHANGING;
        }
        long state = words.get(entry + LedgerFormat.STATE);
        long checksum = words.get(entry + LedgerFormat.CHECKSUM);
        boolean whole = checksum == (state == LedgerFormat.NO_NAME ? 0 : checksum(block));
        words.readFence();
        if (words.get(entry + LedgerFormat.SEQUENCE) != sequence) {
            return Condition.CHANGING;
        }
        if (!whole) {
            return Condition.DAMAGED;
        }
        return state == LedgerFormat.NO_NAME ? Condition.NAMELESS : Condition.NAMED;
    }

    Optional<Sealed> sealed(int block) {
        long entry = format.entry(block);
        long sequence = words.getAcquire(entry + LedgerFormat.SEQUENCE);
        if (condition(block) != Condition.NAMED) {
            return Optional.empty();
        }
        List<KvDigest> digests = new ArrayList<>(format.layers());
        for (int layer = 0; layer < format.layers(); layer++) {
            digests.add(digest(format.digest(entry, layer)));
        }
        BlockHash parent = words.get(entry + LedgerFormat.STATE) == LedgerFormat.CHAINED
                ? hash(entry + LedgerFormat.PARENT)
                : null;
        Sealed sealed = new Sealed(block, sequence, parent, hash(entry + LedgerFormat.NAME), digests);
        return still(sealed) ? Optional.of(sealed) : Optional.empty();
    }

    /** True while the block has kept that name since it was read. */
    boolean still(Sealed sealed) {
        words.readFence();
        return words.getAcquire(format.entry(sealed.block) + LedgerFormat.SEQUENCE) == sealed.sequence;
    }

    /** One layer's digest of a named block. */
    Optional<KvDigest> digest(int block, int layer) {
        long entry = format.entry(block);
        long sequence = words.getAcquire(entry + LedgerFormat.SEQUENCE);
        boolean named = (sequence & 1) == 0 && words.get(entry + LedgerFormat.STATE) != LedgerFormat.NO_NAME;
        KvDigest digest = digest(format.digest(entry, layer));
        words.readFence();
        return named && words.get(entry + LedgerFormat.SEQUENCE) == sequence ? Optional.of(digest) : Optional.empty();
    }

    /** The newest whole record of a block. */
    Optional<Open> open(int block) {
        Optional<Open> zero = open(block, 0);
        Optional<Open> one = open(block, 1);
        if (zero.isEmpty() || one.isEmpty()) {
            return zero.isEmpty() ? one : zero;
        }
        return zero.get().version > one.get().version ? zero : one;
    }

    /** True while a record of the block says that it begins with these tokens after that parent. */
    boolean still(Open open, int rows) {
        words.readFence();
        return open(open.block)
                .filter(now -> Objects.equals(now.parent, open.parent) && now.common(open.tokens, 0) >= rows)
                .isPresent();
    }

    private Optional<Open> open(int block, int copy) {
        long record = format.record(block, copy);
        long version = words.getAcquire(record + LedgerFormat.VERSION);
        long rowsWord = words.get(record + LedgerFormat.ROWS);
        long rows = rowsWord & ~LedgerFormat.HAS_PARENT;
        if (version == 0 || rows < 1 || rows > format.blockTokens()) {
            return Optional.empty();
        }
        int[] tokens = new int[(int) rows];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = (int) (words.get(format.tokens(record, i / 2)) >>> (32 * (i % 2)));
        }
        List<KvDigest> digests = new ArrayList<>(format.layers());
        for (int layer = 0; layer < format.layers(); layer++) {
            digests.add(digest(format.recordDigest(record, layer)));
        }
        BlockHash parent = (rowsWord & LedgerFormat.HAS_PARENT) == 0 ? null : hash(record + LedgerFormat.RECORD_PARENT);
        boolean whole = words.get(record + LedgerFormat.RECORD_CHECKSUM) == recordChecksum(block, record, version);
        words.readFence();
        return whole && words.get(record + LedgerFormat.VERSION) == version
                ? Optional.of(new Open(block, version, parent, tokens, digests))
                : Optional.empty();
    }

    long checksum(int block) {
        long entry = format.entry(block);
        LedgerChecksum sum = new LedgerChecksum(block);
        for (long at = entry + LedgerFormat.NAME; at < entry + LedgerFormat.CHECKSUM; at += 8) {
            sum.add(words.get(at));
        }
        for (long at = format.digest(entry, 0); at < format.digest(entry, format.layers()); at += 8) {
            sum.add(words.get(at));
        }
        return sum.value();
    }

    long recordChecksum(int block, long record, long version) {
        LedgerChecksum sum = new LedgerChecksum(block).add(version);
        for (long at = record + LedgerFormat.ROWS; at < record + LedgerFormat.RECORD_CHECKSUM; at += 8) {
            sum.add(words.get(at));
        }
        for (long at = record + LedgerFormat.RECORD_DIGESTS; at < format.tokens(record, format.tokenWords()); at += 8) {
            sum.add(words.get(at));
        }
        return sum.value();
    }

    private BlockHash hash(long at) {
        return new BlockHash(words.get(at), words.get(at + 8));
    }

    KvDigest digest(long at) {
        return new KvDigest(words.get(at), words.get(at + 8));
    }
}
