package dev.baton.worker;

import dev.baton.cluster.directory.RedisKvDirectory;
import dev.baton.kv.BlockHash;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the Redis directory true about this worker: lists the full blocks that its engine caches, renews them within their
 * lease, and removes those that are given up. What Redis does not take is counted; an entry that could not be renewed or
 * removed ends with its lease. Losing Redis costs cache hits and nothing else.
 *
 * <p>The engine's thread says what changes; a thread of this class tells Redis.
 */
final class PrefixAdvertiser implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PrefixAdvertiser.class);
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);

    private final RedisKvDirectory directory;
    private final WorkerRef holder;
    private final WorkerMetrics metrics;
    private final Duration renewEvery;
    private final Thread thread;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    /** Name of each block to the name of its chain's first block. Guarded by the lock, as are the two after it. */
    private final Map<BlockHash, BlockHash> held = new HashMap<>();

    private Map<BlockHash, BlockHash> added = new LinkedHashMap<>();
    private Map<BlockHash, BlockHash> removed = new LinkedHashMap<>();
    private boolean closed;

    PrefixAdvertiser(RedisKvDirectory directory, WorkerRef holder, WorkerMetrics metrics) {
        this.directory = directory;
        this.holder = holder;
        this.metrics = metrics;
        this.renewEvery = directory.lease().dividedBy(3);
        this.thread = Thread.ofPlatform().name("kv-directory").daemon().unstarted(this::run);
    }

    void start() {
        metrics.listedBlocks(this::listed);
        thread.start();
    }

    /** Blocks that are listed, or about to be. */
    int listed() {
        lock.lock();
        try {
            return held.size();
        } finally {
            lock.unlock();
        }
    }

    /** Engine thread: these blocks, a whole chain from its first one, can be found. */
    void cached(List<BlockHash> chain) {
        lock.lock();
        try {
            BlockHash first = chain.getFirst();
            for (BlockHash name : chain) {
                if (held.put(name, first) == null) {
                    added.put(name, first);
                    removed.remove(name);
                }
            }
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Engine thread: these blocks are here no more. */
    void evicted(List<BlockHash> names) {
        lock.lock();
        try {
            for (BlockHash name : names) {
                BlockHash first = held.remove(name);
                if (first != null) {
                    added.remove(name);
                    removed.put(name, first);
                }
            }
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        long renewAt = System.nanoTime() + renewEvery.toNanos();
        while (true) {
            Map<BlockHash, BlockHash> toAdd;
            Map<BlockHash, BlockHash> toRemove;
            lock.lock();
            try {
                while (!closed && added.isEmpty() && removed.isEmpty() && renewAt - System.nanoTime() > 0) {
                    long left = changed.awaitNanos(renewAt - System.nanoTime());
                    if (left <= 0) {
                        break;
                    }
                }
                if (closed) {
                    return;
                }
                toAdd = added;
                toRemove = removed;
                added = new LinkedHashMap<>();
                removed = new LinkedHashMap<>();
                if (renewAt - System.nanoTime() <= 0) {
                    renewAt = System.nanoTime() + renewEvery.toNanos();
                    toAdd = new LinkedHashMap<>(held);
                }
            } catch (InterruptedException e) {
                return;
            } finally {
                lock.unlock();
            }
            byChain(toRemove)
                    .forEach((first, blocks) -> tell("remove", directory.remove(first, blocks, holder), blocks));
            byChain(toAdd)
                    .forEach((first, blocks) -> tell("register", directory.register(first, blocks, holder), blocks));
        }
    }

    private void tell(String operation, CompletionStage<Long> call, List<BlockHash> blocks) {
        try {
            call.toCompletableFuture().join();
        } catch (CompletionException e) {
            metrics.directoryFailed(operation, blocks.size());
            LOG.debug("Redis did not {} {} cached blocks: {}", operation, blocks.size(), String.valueOf(e.getCause()));
        }
    }

    /** Blocks by the first of their chain. */
    private static Map<BlockHash, List<BlockHash>> byChain(Map<BlockHash, BlockHash> blocks) {
        Map<BlockHash, List<BlockHash>> chains = new LinkedHashMap<>();
        blocks.forEach((name, first) ->
                chains.computeIfAbsent(first, chain -> new ArrayList<>()).add(name));
        return chains;
    }

    /** Removes what is listed, within a bound; what Redis does not take ends with its lease. */
    @Override
    public void close() {
        Map<BlockHash, BlockHash> last;
        lock.lock();
        try {
            closed = true;
            last = new HashMap<>(held);
            held.clear();
            changed.signal();
        } finally {
            lock.unlock();
        }
        List<CompletionStage<Long>> calls = new ArrayList<>();
        byChain(last).forEach((first, blocks) -> calls.add(directory.remove(first, blocks, holder)));
        long end = System.nanoTime() + LAST_WORDS.toNanos();
        for (CompletionStage<Long> call : calls) {
            try {
                call.toCompletableFuture().get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            } catch (ExecutionException | TimeoutException e) {
                metrics.directoryFailed("remove", 1);
            }
        }
    }
}
