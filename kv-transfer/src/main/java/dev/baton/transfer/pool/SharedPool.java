package dev.baton.transfer.pool;

import dev.baton.kv.KvRegion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/**
 * The KV pool of this worker: one file, mapped for as long as the pool is open, mode 0600, every byte allocated. A lock
 * file beside it is held while the process lives. Closing unmaps and deletes both; a killed worker leaves them, until the
 * next pool is created in the folder or {@link #removeDead} is called.
 */
public final class SharedPool implements AutoCloseable {
    /** Property that says where pool files lie. */
    public static final String FOLDER_SETTING = "baton.kv.pool-folder";

    private static final Logger LOG = System.getLogger(SharedPool.class.getName());
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");
    private static final String PREFIX = "baton-kv-";
    private static final String POOL = ".pool";
    private static final String LOCK = ".lock";

    private final Path path;
    private final PoolLock lock;
    private final Arena arena;
    private final PoolIdentity identity;
    private final KvRegion region;
    private boolean closed;

    private SharedPool(Path path, PoolLock lock, Arena arena, PoolHeader header) throws IOException {
        this.path = path;
        this.lock = lock;
        this.arena = arena;
        this.identity = header.identity();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            MemorySegment file = channel.map(MapMode.READ_WRITE, 0, header.fileBytes(), arena);
            Posix.populate(file, true);
            header.write(file);
            this.region = new KvRegion(
                    identity.layout(),
                    file.asSlice(header.kvOffset(), identity.layout().bytes()));
        }
    }

    /** {@code /dev/shm} where it exists, else a folder for mapped files under the system's temporary folder. */
    public static Path defaultFolder() {
        return Files.isDirectory(SHARED_MEMORY) && Files.isWritable(SHARED_MEMORY)
                ? SHARED_MEMORY
                : Path.of(System.getProperty("java.io.tmpdir"), "baton-kv");
    }

    /**
     * Removes what dead workers left in the folder, then makes a pool.
     *
     * @throws IOException when the folder cannot take it; the message names the setting
     */
    public static SharedPool create(Path folder, PoolIdentity identity) throws IOException {
        Files.createDirectories(folder);
        Path home = folder.toRealPath();
        long freed = removeDeadIn(home);
        if (freed > 0) {
            LOG.log(Level.INFO, "freed {0} bytes in {1} that workers left that died", freed, home);
        }
        PoolHeader header = PoolHeader.of(identity);
        requireSpace(home, header.fileBytes());
        String name = "%s%s-%016x".formatted(PREFIX, identity.workerId(), identity.epoch());
        PoolLock lock = PoolLock.tryAcquire(home.resolve(name + LOCK))
                .orElseThrow(() -> new IOException(
                        "a pool of worker %s with epoch %016x is alive in %s: give each worker its own id"
                                .formatted(identity.workerId(), identity.epoch(), home)));
        Path path = home.resolve(name + POOL);
        Arena arena = Arena.ofShared();
        try {
            Files.createFile(path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            try {
                Posix.allocate(path, header.fileBytes());
            } catch (IOException e) {
                throw new IOException(tooSmall(home, header.fileBytes()), e);
            }
            return new SharedPool(path, lock, arena, header);
        } catch (IOException | RuntimeException e) {
            arena.close();
            Files.deleteIfExists(path);
            lock.close();
            throw e;
        }
    }

    private static void requireSpace(Path folder, long bytes) throws IOException {
        if (Files.getFileStore(folder).getUsableSpace() < bytes) {
            throw new IOException(tooSmall(folder, bytes));
        }
    }

    private static String tooSmall(Path folder, long bytes) throws IOException {
        return ("the KV pool needs %d MiB in %s, which has %d MiB free: free some, enlarge it (a container's shm_size),"
                        + " configure fewer KV blocks, or set %s to a folder with room")
                .formatted(
                        Math.ceilDiv(bytes, 1L << 20),
                        folder,
                        Files.getFileStore(folder).getUsableSpace() >> 20,
                        FOLDER_SETTING);
    }

    /**
     * Removes what killed workers left in the folder, where nothing else may ever start again to do so. Pools of living
     * workers and of other users stay.
     *
     * @return bytes freed
     */
    public static long removeDead(Path folder) {
        try {
            return Files.isDirectory(folder) ? removeDeadIn(folder.toRealPath()) : 0;
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cannot look for pools of dead workers in {0}: {1}", folder, e.getMessage());
            return 0;
        }
    }

    private static long removeDeadIn(Path folder) throws IOException {
        long freed = 0;
        try (DirectoryStream<Path> locks = Files.newDirectoryStream(folder, PREFIX + "*" + LOCK)) {
            for (Path file : locks) {
                Optional<PoolLock> lock;
                try {
                    lock = PoolLock.tryAcquire(file);
                } catch (IOException e) {
                    // Another user's: not ours to remove.
                    LOG.log(Level.DEBUG, "cannot probe {0}: {1}", file, e.getMessage());
                    continue;
                }
                if (lock.isPresent()) {
                    String name = file.getFileName().toString();
                    Path pool = folder.resolve(name.substring(0, name.length() - LOCK.length()) + POOL);
                    long bytes = Files.exists(pool) ? Files.size(pool) : 0;
                    if (Files.deleteIfExists(pool)) {
                        freed += bytes;
                        LOG.log(Level.DEBUG, "removed {0}, left by a worker that died", pool);
                    }
                    lock.get().close();
                }
            }
        }
        return freed;
    }

    public PoolIdentity identity() {
        return identity;
    }

    /** The KV bytes, valid until the pool is closed. */
    public KvRegion region() {
        return region;
    }

    public Path path() {
        return path;
    }

    /** Unmaps and deletes. Sessions and the engine must have let go of the region before. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            arena.close();
        } finally {
            try {
                Files.deleteIfExists(path);
                lock.close();
            } catch (IOException e) {
                throw new UncheckedIOException("cannot remove pool " + path, e);
            }
        }
    }
}
