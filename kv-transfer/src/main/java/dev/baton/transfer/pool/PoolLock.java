package dev.baton.transfer.pool;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A lock that lives as long as its process. It is a file of its own that nothing else opens: a POSIX lock is dropped
 * when any channel of the process on the same file is closed, which is also why locks of this process are remembered
 * and never probed.
 */
final class PoolLock implements AutoCloseable {
    private static final Set<Path> HELD_HERE = new HashSet<>();
    private static final int TRIES = 100;

    private final Path file;
    private final FileChannel channel;

    private PoolLock(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /** The lock, or empty when a living process holds it. */
    static Optional<PoolLock> tryAcquire(Path file) throws IOException {
        synchronized (HELD_HERE) {
            if (HELD_HERE.contains(file)) {
                return Optional.empty();
            }
            for (int attempt = 0; attempt < TRIES; attempt++) {
                FileChannel channel = FileChannel.open(
                        file,
                        Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
                @Nullable Object opened = keyOf(file);
                @Nullable FileLock lock = channel.tryLock();
                if (lock == null) {
                    channel.close();
                    return Optional.empty();
                }
                // A cleaner may have deleted the file between open and lock: such a lock guards nothing.
                if (opened != null && opened.equals(keyOf(file))) {
                    HELD_HERE.add(file);
                    return Optional.of(new PoolLock(file, channel));
                }
                channel.close();
            }
            throw new IOException("cannot hold lock file " + file + ": it keeps being deleted");
        }
    }

    private static @Nullable Object keyOf(Path file) throws IOException {
        return Files.exists(file)
                ? Files.readAttributes(file, BasicFileAttributes.class).fileKey()
                : null;
    }

    @Override
    public void close() throws IOException {
        synchronized (HELD_HERE) {
            Files.deleteIfExists(file);
            channel.close();
            HELD_HERE.remove(file);
        }
    }
}
