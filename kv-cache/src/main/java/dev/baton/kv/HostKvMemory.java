package dev.baton.kv;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Objects;

/** KV in this host's memory: a mapped file or plain memory, which Java reads and writes by address. */
public record HostKvMemory(KvRegion region) implements KvMemory {
    @Override
    public KvLayout layout() {
        return region.layout();
    }

    @Override
    public KvDigest digest(int layer, int block, int from, int to) {
        Objects.checkFromToIndex(from, to, layout().blockTokens());
        MemorySegment bytes = region.layerBlock(layer, block);
        if (to - from == layout().blockTokens()) {
            return new KvDigest(KvDigest.of(bytes), 0);
        }
        LayerGroup group = layout().group(layer);
        long sum = 0;
        long at = 0;
        for (int dim : new int[] {group.keyDim(), group.valueDim()}) {
            int row = dim * layout().dtype().bytes();
            for (int head = 0; head < group.kvHeads(); head++) {
                sum += words(bytes, at + (long) from * row, at + (long) to * row);
                at += (long) row * layout().blockTokens();
            }
        }
        return new KvDigest(sum, 0);
    }

    /** The part of the block's digest that these bytes have. */
    private static long words(MemorySegment block, long from, long to) {
        long sum = 0;
        for (long at = from; at < to; at += 4) {
            long word = block.get(ValueLayout.JAVA_INT_UNALIGNED, at) & 0xffff_ffffL;
            sum += word * (2 * (at / 8) + 1) << (8 * (at % 8));
        }
        return sum;
    }

    @Override
    public KvDigest copyFrom(KvMemory source, int layer, int sourceBlock, int block, int rows) {
        Objects.checkFromToIndex(0, rows, layout().blockTokens());
        if (!(source instanceof HostKvMemory(KvRegion from)) || !layout().compatibleWith(from.layout())) {
            throw new IllegalArgumentException("no way from %s into %s".formatted(source, this));
        }
        long whole = KvDigest.copy(from.layerBlock(layer, sourceBlock), region.layerBlock(layer, block));
        return rows == layout().blockTokens() ? new KvDigest(whole, 0) : digest(layer, block, 0, rows);
    }

    @Override
    public void read(int layer, int block, ByteBuffer into) {
        requireWhole(layer, into);
        into.put(region.layerBlock(layer, block).asByteBuffer());
    }

    @Override
    public void write(int layer, int block, ByteBuffer from) {
        requireWhole(layer, from);
        region.layerBlock(layer, block).asByteBuffer().put(from);
    }

    private void requireWhole(int layer, ByteBuffer buffer) {
        if (buffer.remaining() != layout().layerBlockBytes(layer)) {
            throw new IllegalArgumentException("buffer of %d bytes for layer %d of a block, which has %d"
                    .formatted(buffer.remaining(), layer, layout().layerBlockBytes(layer)));
        }
    }
}
