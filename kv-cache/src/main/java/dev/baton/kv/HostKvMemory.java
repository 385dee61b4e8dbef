package dev.baton.kv;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;

/** KV in this host's memory: a mapped file or plain memory, which Java reads and writes by address. */
public record HostKvMemory(KvRegion region, KvDigester digester) implements KvMemory {
    public HostKvMemory(KvRegion region) {
        this(region, new KvDigester(region.layout()));
    }

    @Override
    public KvLayout layout() {
        return region.layout();
    }

    @Override
    public KvDigest digest(int layer, int block, int from, int to) {
        Objects.checkFromToIndex(from, to, layout().blockTokens());
        return digester.rows(layer, region.layerBlock(layer, block), from, to);
    }

    @Override
    public List<KvDigest> digests(int block, int from, int to) {
        return digester.ofBlock(region, block, from, to);
    }

    @Override
    public KvDigest copyFrom(KvMemory source, int layer, int sourceBlock, int block, int rows) {
        Objects.checkFromToIndex(0, rows, layout().blockTokens());
        if (!(source instanceof HostKvMemory other) || !layout().compatibleWith(other.layout())) {
            throw new IllegalArgumentException("no way from %s into %s".formatted(source, this));
        }
        return digester.copy(layer, other.region.layerBlock(layer, sourceBlock), region.layerBlock(layer, block), rows);
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
