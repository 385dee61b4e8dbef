package dev.baton.transfer.pool;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Deletes the pools of dead workers some time after it has seen that nobody holds them: until then a worker may come back
 * for its own, and others read what they need to go on for it. Every worker of the host runs this; the one that has the
 * folder's lock looks, so none waits for another. One daemon thread of its own.
 */
public final class OrphanPools implements AutoCloseable {
    /** Property that says how long an orphan stays. */
    public static final String KEEP_SETTING = "baton.kv.orphan-keep";

    private static final Logger LOG = System.getLogger(OrphanPools.class.getName());
    private static final Duration LONGEST_ROUND = Duration.ofSeconds(5);

    private final PoolFolder folder;
    private final Duration keep;
    private final Map<Life, Long> seen = new HashMap<>();
    private @Nullable Thread thread;
    private volatile boolean closed;

    /** One life of a pool: a worker that took it over and died again starts its time anew. */
    private record Life(Path pool, Object fileKey, long takenAt) {}

    OrphanPools(Path folder, Duration keep) throws IOException {
        this.folder = new PoolFolder(folder.toRealPath());
        this.keep = keep;
    }

    /** Starts to look, several times within {@code keep}. */
    public static OrphanPools start(Path folder, Duration keep) throws IOException {
        OrphanPools orphans = new OrphanPools(folder, keep);
        Duration round = keep.dividedBy(4).compareTo(LONGEST_ROUND) < 0 ? keep.dividedBy(4) : LONGEST_ROUND;
        long nanos = Math.max(Duration.ofMillis(50).toNanos(), round.toNanos());
        orphans.thread = Thread.ofPlatform().daemon().name("orphan-pools").start(() -> {
            while (!orphans.closed) {
                orphans.sweep(System.nanoTime());
                LockSupport.parkNanos(nanos);
            }
        });
        return orphans;
    }

    /**
     * Deletes what has been an orphan for long enough.
     *
     * @param now nanoseconds on a clock that never goes back
     * @return bytes freed
     */
    long sweep(long now) {
        try {
            Optional<PoolLock> alone = folder.lock(Duration.ZERO);
            if (alone.isEmpty()) {
                return 0;
            }
            try {
                return sweepAlone(now);
            } finally {
                alone.get().close();
            }
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cannot look for orphans in {0}: {1}", folder.path(), e.getMessage());
            return 0;
        }
    }

    private long sweepAlone(long now) throws IOException {
        long freed = 0;
        Set<Life> orphans = new HashSet<>();
        for (Path pool : folder.pools()) {
            Optional<PoolLock> lock = PoolFolder.probe(pool);
            if (lock.isEmpty()) {
                continue;
            }
            try {
                if (!Files.exists(pool)) {
                    continue;
                }
                Life life = life(pool);
                if (now - seen.computeIfAbsent(life, key -> now) >= keep.toNanos()) {
                    freed += PoolFolder.remove(pool);
                    LOG.log(Level.INFO, "deleted {0}: its worker died {1} ago and has not come back", pool, keep);
                } else {
                    orphans.add(life);
                }
            } finally {
                lock.get().close();
            }
        }
        seen.keySet().retainAll(orphans);
        return freed;
    }

    private static Life life(Path pool) throws IOException {
        Object key = Files.readAttributes(pool, BasicFileAttributes.class).fileKey();
        long takenAt;
        try {
            takenAt = PoolSlot.header(pool).takenAt();
        } catch (IOException e) {
            // Nobody's pool any more, of an older version say: it goes like the others.
            takenAt = 0;
        }
        return new Life(pool, key == null ? pool : key, takenAt);
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
    }
}
