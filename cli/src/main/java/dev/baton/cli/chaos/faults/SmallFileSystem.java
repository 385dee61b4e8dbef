package dev.baton.cli.chaos.faults;

import static dev.baton.cli.chaos.faults.Proof.applied;

import dev.baton.cli.host.CliException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A folder that is a file system of its own, in memory, so small that it can be filled. Root alone may make one. */
final class SmallFileSystem implements AutoCloseable {
    private static final String BALLAST = "chaos.ballast";
    private static final int PIECE = 1 << 20;

    private final Path folder;
    /** For a run that is told to end, as by Ctrl-C. */
    private final Thread atExit = new Thread(this::unmount, "unmount");

    private SmallFileSystem(Path folder) {
        this.folder = folder;
    }

    /**
     * Mounts one; what a run that was killed has left there goes first.
     *
     * @throws IOException when this process may not, or the system cannot
     */
    static SmallFileSystem mount(Path folder, int mebibytes) throws IOException {
        Files.createDirectories(folder);
        if (Files.readString(Path.of("/proc/mounts")).contains(" " + folder + " ")) {
            Command.run("umount", "-l", folder.toString());
        }
        Command mount = Command.run(
                "mount", "-t", "tmpfs", "-o", "mode=0700,size=" + mebibytes + "m", "baton-chaos", folder.toString());
        if (mount.status() != 0) {
            throw new IOException(mount.output());
        }
        SmallFileSystem mounted = new SmallFileSystem(folder);
        Runtime.getRuntime().addShutdownHook(mounted.atExit);
        return mounted;
    }

    Path folder() {
        return folder;
    }

    /** Leaves no byte free, and proves it. */
    void fill() {
        ByteBuffer zeros = ByteBuffer.allocateDirect(PIECE);
        try (FileChannel ballast = FileChannel.open(
                folder.resolve(BALLAST),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                StandardOpenOption.TRUNCATE_EXISTING)) {
            for (int piece = PIECE; piece > 0; ) {
                zeros.clear().limit(piece);
                try {
                    ballast.write(zeros);
                } catch (IOException e) {
                    piece /= 2;
                }
            }
        } catch (IOException e) {
            throw new CliException("fault not applied: " + folder + " cannot be filled: " + e.getMessage(), e);
        }
        applied(full(), folder + " still takes bytes");
    }

    private boolean full() {
        Path one = folder.resolve(BALLAST + ".more");
        try {
            Files.write(one, new byte[] {1});
            return false;
        } catch (IOException e) {
            return true;
        } finally {
            delete(one);
        }
    }

    void free() {
        delete(folder.resolve(BALLAST));
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            return; // The process ends: the hook unmounts.
        }
        unmount();
    }

    private void unmount() {
        try {
            // Lazily: a process that is about to end may have a file open there.
            Command.run("umount", "-l", folder.toString());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot unmount " + folder, e);
        }
    }
}
