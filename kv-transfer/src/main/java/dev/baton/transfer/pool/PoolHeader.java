package dev.baton.transfer.pool;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.baton.protocol.v1.KvPoolDescription;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The start of a pool file, little-endian: fixed numbers and the owner's description. The block table follows, of which
 * {@link LedgerFormat} tells, then the KV bytes.
 *
 * <pre>
 *  0  magic "BATONKVP"     8  version 3          12  description bytes
 * 16  bytes of the file   24  first table byte   32  table bytes
 * 40  first KV byte       48  KV bytes           56  generation: grows each time a worker takes the pool over
 * 64  turn                72  checksum of bytes 8 to 56, 64 to 72 and the description
 * 80  KvPoolDescription
 * </pre>
 *
 * <p>Version 1 had no block table, and the epoch of its worker in its file's name. Version 2 said nothing of turned keys,
 * heads and scales. Both are refused.
 *
 * @param generation lives of the pool, 1 for the first
 * @param turn of the pools of one worker, the one with the highest was taken last
 */
record PoolHeader(PoolIdentity identity, long generation, long turn) {
    static final int VERSION = 3;
    static final int FIXED_BYTES = 4096;
    private static final long MAGIC = MemorySegment.ofArray("BATONKVP".getBytes(StandardCharsets.US_ASCII))
            .get(u64(), 0);
    private static final int GENERATION_AT = 56;
    private static final int TURN_AT = 64;
    private static final int CHECKSUM_AT = 72;
    private static final int DESCRIPTION_AT = 80;
    private static final long PAGE = 4096;
    private static final VarHandle ALIGNED = LedgerWords.WORD.varHandle();

    /** A pool's next life, under a new owner. */
    PoolHeader takenOver(PoolIdentity by, long nextTurn) {
        return new PoolHeader(by, generation + 1, nextTurn);
    }

    LedgerFormat table() {
        return LedgerFormat.of(identity.layout());
    }

    long kvOffset() {
        return FIXED_BYTES + Math.ceilDiv(table().bytes(), PAGE) * PAGE;
    }

    long fileBytes() {
        return kvOffset() + identity.layout().bytes();
    }

    /**
     * Into a file of zeros, or over the header of an earlier life. The generation comes first: a reader that reads it again
     * after this sees that the pool has changed hands.
     */
    void write(MemorySegment file) {
        byte[] description = identity.describe().toByteArray();
        if (description.length > FIXED_BYTES - DESCRIPTION_AT) {
            throw new IllegalArgumentException("pool description of %d bytes".formatted(description.length));
        }
        ALIGNED.setVolatile(file, (long) GENERATION_AT, generation);
        VarHandle.fullFence();
        file.set(u32(), 8, VERSION);
        file.set(u32(), 12, description.length);
        file.set(u64(), 16, fileBytes());
        file.set(u64(), 24, FIXED_BYTES);
        file.set(u64(), 32, table().bytes());
        file.set(u64(), 40, kvOffset());
        file.set(u64(), 48, identity.layout().bytes());
        file.set(u64(), TURN_AT, turn);
        MemorySegment.copy(description, 0, file, ValueLayout.JAVA_BYTE, DESCRIPTION_AT, description.length);
        file.set(u64(), CHECKSUM_AT, checksum(file, description.length));
        ALIGNED.setRelease(file, 0L, MAGIC);
    }

    /** @param file a mapping that starts with a header */
    static long generation(MemorySegment file) {
        VarHandle.loadLoadFence();
        return (long) ALIGNED.getAcquire(file, (long) GENERATION_AT);
    }

    /**
     * @param file the first {@link #FIXED_BYTES} of a pool file, or more
     * @throws IOException says why it is no pool that can be read
     */
    static PoolHeader read(MemorySegment file) throws IOException {
        if (file.byteSize() < FIXED_BYTES || file.get(u64(), 0) != MAGIC) {
            throw new IOException("not a pool file");
        }
        if (file.get(u32(), 8) != VERSION) {
            throw new IOException(
                    "pool file of version %d, this Baton reads %d".formatted(file.get(u32(), 8), VERSION));
        }
        int length = file.get(u32(), 12);
        if (length < 0 || length > FIXED_BYTES - DESCRIPTION_AT) {
            throw new IOException("pool file with a description of %d bytes".formatted(length));
        }
        if (file.get(u64(), CHECKSUM_AT) != checksum(file, length)) {
            throw new IOException("pool file with a damaged header");
        }
        PoolHeader header;
        try {
            byte[] description = file.asSlice(DESCRIPTION_AT, length).toArray(ValueLayout.JAVA_BYTE);
            header = new PoolHeader(
                    PoolIdentity.of(KvPoolDescription.parseFrom(description)),
                    file.get(u64(), GENERATION_AT),
                    file.get(u64(), TURN_AT));
        } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
            throw new IOException("pool file with an unreadable description", e);
        }
        if (file.get(u64(), 24) != FIXED_BYTES
                || file.get(u64(), 32) != header.table().bytes()
                || file.get(u64(), 40) != header.kvOffset()
                || file.get(u64(), 48) != header.identity.layout().bytes()
                || file.get(u64(), 16) != header.fileBytes()) {
            throw new IOException("pool file whose sizes do not fit its layout");
        }
        return header;
    }

    private static long checksum(MemorySegment file, int descriptionBytes) {
        LedgerChecksum sum = new LedgerChecksum(0);
        for (int at = 8; at < GENERATION_AT; at += 8) {
            sum.add(file.get(u64(), at));
        }
        sum.add(file.get(u64(), TURN_AT));
        for (int at = 0; at < descriptionBytes; at++) {
            sum.add(file.get(ValueLayout.JAVA_BYTE, (long) DESCRIPTION_AT + at));
        }
        return sum.value();
    }

    private static ValueLayout.OfInt u32() {
        return ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    }

    private static ValueLayout.OfLong u64() {
        return ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    }
}
