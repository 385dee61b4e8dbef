package dev.baton.transfer.pool;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * The folder in which the pools of a host lie: {@code baton-kv-ID.pool}, and {@code baton-kv-ID@2.pool} for a worker whose
 * earlier life still holds the first, frozen say. Beside each a lock file while its worker lives. To take or probe
 * those locks, a process holds the folder's own lock, so that a probe is not taken for a living worker.
 */
record PoolFolder(Path path) {
    /** Pools that one worker id may have here. */
    static final int SLOTS = 2;

    private static final Logger LOG = System.getLogger(PoolFolder.class.getName());
    private static final String PREFIX = "baton-kv-";
    private static final String POOL = ".pool";
    private static final String LOCK = ".lock";
    private static final String FOLDER_LOCK = "baton-kv.lock";
    private static final Duration POLL = Duration.ofMillis(5);

    /** The pool file of a worker: slot 1 or 2. */
    Path pool(String workerId, int slot) {
        // No worker's id has an '@'.
        return path.resolve(PREFIX + workerId + (slot == 1 ? "" : "@" + slot) + POOL);
    }

    static Path lockOf(Path pool) {
        String name = pool.getFileName().toString();
        return pool.resolveSibling(name.substring(0, name.length() - POOL.length()) + LOCK);
    }

    /** All pool files, readable or not, of any version. */
    List<Path> pools() throws IOException {
        return list(PREFIX + "*" + POOL);
    }

    private List<Path> list(String pattern) throws IOException {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(path, pattern)) {
            stream.forEach(files::add);
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return files;
    }

    /** The folder's lock, or empty when somebody holds it for about as long as that. */
    Optional<PoolLock> lock(Duration patience) throws IOException {
        Optional<PoolLock> lock = PoolLock.tryAcquire(path.resolve(FOLDER_LOCK));
        for (long tries = patience.dividedBy(POLL); lock.isEmpty() && tries > 0; tries--) {
            LockSupport.parkNanos(POLL.toNanos());
            lock = PoolLock.tryAcquire(path.resolve(FOLDER_LOCK));
        }
        return lock;
    }

    /** The lock of a pool, or empty when a living process holds it or it is another user's. */
    static Optional<PoolLock> probe(Path pool) {
        try {
            return PoolLock.tryAcquire(lockOf(pool));
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "cannot probe the lock of {0}: {1}", pool, e.getMessage());
            return Optional.empty();
        }
    }

    /** True when two files belong to one user, and the first is no link. */
    static boolean sameOwner(Path file, Path other) throws IOException {
        return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                && Files.getOwner(file, LinkOption.NOFOLLOW_LINKS)
                        .equals(Files.getOwner(other, LinkOption.NOFOLLOW_LINKS));
    }

    /**
     * Removes pools that no living process holds, and their locks.
     *
     * @return bytes freed
     */
    long removeDead() throws IOException {
        long freed = 0;
        for (Path pool : pools()) {
            Optional<PoolLock> lock = probe(pool);
            if (lock.isPresent()) {
                freed += remove(pool);
                lock.get().close();
            }
        }
        for (Path file : list(PREFIX + "*" + LOCK)) {
            // Without a pool; closing a lock deletes its file.
            Optional<PoolLock> lock =
                    probe(file.resolveSibling(file.getFileName().toString().replaceFirst("\\.lock$", POOL)));
            if (lock.isPresent()) {
                lock.get().close();
            }
        }
        return freed;
    }

    /** Removes a pool whose lock the caller holds; returns its bytes. */
    static long remove(Path pool) throws IOException {
        long bytes = Files.exists(pool) ? Files.size(pool) : 0;
        return Files.deleteIfExists(pool) ? bytes : 0;
    }
}
