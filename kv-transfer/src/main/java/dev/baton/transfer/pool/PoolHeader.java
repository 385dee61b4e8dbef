package dev.baton.transfer.pool;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.baton.protocol.v1.KvPoolDescription;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The start of a pool file, little-endian: fixed numbers, the owner's description, then a region kept for the journal
 * from which a pool will be adopted, then the KV bytes.
 *
 * <pre>
 *  0  magic "BATONKVP"     8  version          12  reserved
 * 16  bytes of the file   24  first KV byte    32  KV bytes
 * 40  first journal byte  48  journal bytes    56  journal version, 0 = none written   60  description bytes
 * 64  KvPoolDescription
 * </pre>
 */
record PoolHeader(PoolIdentity identity, long journalBytes) {
    static final int VERSION = 1;
    static final int FIXED_BYTES = 4096;
    private static final long MAGIC = MemorySegment.ofArray("BATONKVP".getBytes(StandardCharsets.US_ASCII))
            .get(u64(), 0);
    private static final int DESCRIPTION_AT = 64;
    private static final long PAGE = 4096;

    /** Room for a request table and, of each block, its owner and one digest per layer. */
    static PoolHeader of(PoolIdentity identity) {
        long perBlock = 16 + 8L * identity.layout().layers();
        long journal = (1 << 20) + perBlock * identity.layout().blocks();
        return new PoolHeader(identity, Math.ceilDiv(journal, PAGE) * PAGE);
    }

    long kvOffset() {
        return FIXED_BYTES + journalBytes;
    }

    long fileBytes() {
        return kvOffset() + identity.layout().bytes();
    }

    void write(MemorySegment file) {
        byte[] description = identity.describe().toByteArray();
        if (description.length > FIXED_BYTES - DESCRIPTION_AT) {
            throw new IllegalArgumentException("pool description of %d bytes".formatted(description.length));
        }
        file.set(u32(), 8, VERSION);
        file.set(u64(), 16, fileBytes());
        file.set(u64(), 24, kvOffset());
        file.set(u64(), 32, identity.layout().bytes());
        file.set(u64(), 40, FIXED_BYTES);
        file.set(u64(), 48, journalBytes);
        file.set(u32(), 56, 0);
        file.set(u32(), 60, description.length);
        MemorySegment.copy(description, 0, file, ValueLayout.JAVA_BYTE, DESCRIPTION_AT, description.length);
        file.set(u64(), 0, MAGIC);
    }

    /** @param file the first {@link #FIXED_BYTES} of a pool file, or more */
    static PoolHeader read(MemorySegment file) throws IOException {
        if (file.byteSize() < FIXED_BYTES || file.get(u64(), 0) != MAGIC) {
            throw new IOException("not a pool file");
        }
        if (file.get(u32(), 8) != VERSION) {
            throw new IOException(
                    "pool file of version %d, this Baton reads %d".formatted(file.get(u32(), 8), VERSION));
        }
        int length = file.get(u32(), 60);
        if (length < 0 || length > FIXED_BYTES - DESCRIPTION_AT) {
            throw new IOException("pool file with a description of %d bytes".formatted(length));
        }
        PoolHeader header;
        try {
            byte[] description = file.asSlice(DESCRIPTION_AT, length).toArray(ValueLayout.JAVA_BYTE);
            header = new PoolHeader(PoolIdentity.of(KvPoolDescription.parseFrom(description)), file.get(u64(), 48));
        } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
            throw new IOException("pool file with an unreadable description", e);
        }
        if (header.journalBytes < 0
                || file.get(u64(), 24) != header.kvOffset()
                || file.get(u64(), 32) != header.identity.layout().bytes()
                || file.get(u64(), 16) != header.fileBytes()) {
            throw new IOException("pool file whose sizes do not fit its layout");
        }
        return header;
    }

    private static ValueLayout.OfInt u32() {
        return ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    }

    private static ValueLayout.OfLong u64() {
        return ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    }
}
