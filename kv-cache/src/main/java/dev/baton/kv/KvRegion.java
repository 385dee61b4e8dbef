package dev.baton.kv;

import java.lang.foreign.MemorySegment;

/**
 * The KV bytes of one pool in this process: shared memory that is mapped, or plain memory in tests. Whoever created the
 * segment ends it, after every reader has let go.
 *
 * @param segment exactly {@code layout.bytes()} long, 64-byte aligned
 */
public record KvRegion(KvLayout layout, MemorySegment segment) {
    public KvRegion {
        if (segment.byteSize() != layout.bytes()) {
            throw new IllegalArgumentException(
                    "KV region of %d bytes for a layout of %d".formatted(segment.byteSize(), layout.bytes()));
        }
    }

    /** One layer of one block. */
    public MemorySegment layerBlock(int layer, int block) {
        return segment.asSlice(layout.offset(layer, block), layout.layerBlockBytes(layer));
    }
}
