package dev.baton.stack;

import java.io.IOException;

/**
 * Kills a child process when this process ends, even by kill -9: a shell waits for the end of a pipe that only this process
 * holds open, and then kills the child. Close it once the child is gone.
 */
public final class ParentDeathGuard implements AutoCloseable {
    private final Process watcher;

    private ParentDeathGuard(Process watcher) {
        this.watcher = watcher;
    }

    public static ParentDeathGuard guard(ChildProcess child) throws IOException {
        return new ParentDeathGuard(watch(child.pid()));
    }

    static Process watch(long pid) throws IOException {
        ProcessBuilder builder = new ProcessBuilder("/bin/sh", "-c", "cat >/dev/null; kill -9 " + pid);
        builder.redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.DISCARD);
        return builder.start();
    }

    /** Ends the guard and leaves the child alone. */
    @Override
    public void close() {
        // The shell first: once it is gone, the end of its cat has no consequence.
        watcher.destroyForcibly();
        try {
            watcher.waitFor();
            watcher.getOutputStream().close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            // The pipe's reader is gone, as intended.
        }
    }
}
