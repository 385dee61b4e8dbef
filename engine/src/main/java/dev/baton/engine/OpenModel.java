package dev.baton.engine;

import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;

/** Weights in memory, ready to run over any pool of the right layout. One thread; owns native memory until closed. */
public interface OpenModel extends AutoCloseable {
    /** Layout of this model's KV in a pool of that many blocks. */
    KvLayout layout(int blocks);

    /** Shape over a pool of that many blocks. */
    ModelShape shape(int blocks);

    /** A runner over the region, whose layout must be {@link #layout} of its own number of blocks. Close it first. */
    ModelRunner bind(KvRegion region);

    @Override
    void close();
}
