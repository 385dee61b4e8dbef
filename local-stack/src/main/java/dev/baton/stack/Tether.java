package dev.baton.stack;

import java.io.IOException;

/**
 * Ties a child's life to this process: a shell that waits for the end of a pipe which only this process holds open, and
 * then kills the child. Works however this process ends, kill -9 included. Closed once the child is gone.
 */
public final class Tether implements AutoCloseable {
    private final Process watcher;

    private Tether(Process watcher) {
        this.watcher = watcher;
    }

    public static Tether tie(ChildProcess child) throws IOException {
        return new Tether(watch(child.pid()));
    }

    static Process watch(long pid) throws IOException {
        ProcessBuilder builder = new ProcessBuilder("/bin/sh", "-c", "cat >/dev/null; kill -9 " + pid);
        builder.redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.DISCARD);
        return builder.start();
    }

    /** Unties without harm to the child. */
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
