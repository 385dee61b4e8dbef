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
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Deletes the pools of dead workers some time after their locks were first seen free: until then a worker may come back
 * for its own, and others read what they need to go on for it. Every worker of the host runs this; the one that has the
 * folder's lock looks, so none waits for another. One daemon thread of its own.
 */
public final class OrphanPools implements AutoCloseable {
    /** Property that says how long an orphan stays. */
    public static final String KEEP_SETTING = "baton.kv.orphan-keep";

    private static final Logger LOG = System.getLogger(OrphanPools.class.getName());
    private static final Duration SHORTEST_ROUND = Duration.ofMillis(50);
    private static final Duration LONGEST_ROUND = Duration.ofSeconds(5);

    private final PoolFolder folder;
    private final Duration keep;
    private final Map<Life, Long> seen = new HashMap<>();
    private @Nullable ScheduledExecutorService rounds;

    /** One life of a pool: a worker that took it over and died again starts its time again. */
    private record Life(Path pool, Object fileKey, long generation) {}

    OrphanPools(Path folder, Duration keep) throws IOException {
        this.folder = new PoolFolder(folder.toRealPath());
        this.keep = keep;
    }

    /** Starts to look, several times within {@code keep}. */
    public static OrphanPools start(Path folder, Duration keep) throws IOException {
        OrphanPools orphans = new OrphanPools(folder, keep);
        long quarter = keep.dividedBy(4).toNanos();
        long round = Math.clamp(quarter, SHORTEST_ROUND.toNanos(), LONGEST_ROUND.toNanos());
        ScheduledExecutorService rounds = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("orphan-pools").factory());
        AtomicLong passed = new AtomicLong();
        var unused = rounds.scheduleWithFixedDelay(
                () -> orphans.sweep(passed.getAndAdd(round)), 0, round, TimeUnit.NANOSECONDS);
        orphans.rounds = rounds;
        return orphans;
    }

    /**
     * Deletes what has been an orphan for long enough.
     *
     * @param now nanoseconds on a time line that never goes back
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
        long generation;
        try {
            generation = PoolSlot.header(pool).generation();
        } catch (IOException e) {
            // Without an owner, of an older version say: it is deleted like the others.
            generation = 0;
        }
        return new Life(pool, key == null ? pool : key, generation);
    }

    @Override
    public void close() {
        if (rounds != null) {
            rounds.shutdown();
        }
    }
}
