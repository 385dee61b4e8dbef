package dev.baton.worker;

import dev.baton.cluster.directory.RedisKvDirectory;
import dev.baton.kv.BlockHash;
import dev.baton.protocol.v1.WorkerRef;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Names this worker in the Redis directory as holder of the full blocks that its engine caches, under a lease. Entries of
 * blocks given up earlier end with their lease: a fetch asks the holder, so a stale one costs a question. Losing Redis
 * costs cache hits and nothing else.
 */
final class PrefixAdvertiser {
    private static final Logger LOG = LoggerFactory.getLogger(PrefixAdvertiser.class);

    private final RedisKvDirectory directory;
    private final WorkerRef holder;

    PrefixAdvertiser(RedisKvDirectory directory, WorkerRef holder) {
        this.directory = directory;
        this.holder = holder;
    }

    /** Engine thread: hands over and returns. */
    void cached(List<BlockHash> chain) {
        List<BlockHash> blocks = List.copyOf(chain);
        Thread.ofVirtual()
                .name("directory")
                .start(() -> directory.register(blocks, holder).exceptionally(error -> {
                    LOG.debug("{} cached blocks are not listed: {}", blocks.size(), error.toString());
                    return 0L;
                }));
    }
}
