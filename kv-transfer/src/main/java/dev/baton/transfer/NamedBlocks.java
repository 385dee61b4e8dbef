package dev.baton.transfer;

import dev.baton.kv.BlockHash;
import dev.baton.kv.KvDigest;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** The full blocks of this worker's pool, by their names. Any thread; no call blocks. */
public interface NamedBlocks {
    /** None can be had. */
    NamedBlocks NONE = names -> CompletableFuture.completedFuture(Held.NOTHING);

    /** Holds the longest run of the names, from the first, that is here: these blocks are not written to until they are released. */
    CompletableFuture<Held> hold(List<BlockHash> names);

    /** Blocks that stay as they are. */
    interface Held {
        /** No blocks. */
        Held NOTHING = new Held() {
            @Override
            public int[] blocks() {
                return new int[0];
            }

            @Override
            public Optional<KvDigest> digest(int block, int layer) {
                return Optional.empty();
            }

            @Override
            public void letGo() {}
        };

        /** In the order of their names. */
        int[] blocks();

        /** What was stored beside the block when it was made; empty where nothing was. Not after they were let go. */
        Optional<KvDigest> digest(int block, int layer);

        /** Once. */
        void letGo();
    }
}
