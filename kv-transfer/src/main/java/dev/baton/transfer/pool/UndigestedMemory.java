package dev.baton.transfer.pool;

import dev.baton.kv.KvDigest;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvMemory;
import java.nio.ByteBuffer;

/** A pool's bytes of which nobody reads one for a digest: all digests are zero. */
record UndigestedMemory(KvMemory bytes) implements KvMemory {
    @Override
    public KvLayout layout() {
        return bytes.layout();
    }

    @Override
    public KvDigest digest(int layer, int block, int from, int to) {
        return KvDigest.ZERO;
    }

    @Override
    public KvDigest copyFrom(KvMemory source, int layer, int sourceBlock, int block, int rows) {
        bytes.copyFrom(source, layer, sourceBlock, block, rows);
        return KvDigest.ZERO;
    }

    @Override
    public void read(int layer, int block, ByteBuffer into) {
        bytes.read(layer, block, into);
    }

    @Override
    public void write(int layer, int block, ByteBuffer from) {
        bytes.write(layer, block, from);
    }
}
