package dev.baton.transfer;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/**
 * Accepts connections until its source is closed. When none can be accepted or served, since the process has too many files
 * open or no memory for a thread, it rests, longer and longer, says so once, and goes on.
 */
final class Acceptor implements Runnable {
    private static final Logger LOG = System.getLogger(Acceptor.class.getName());
    private static final Duration FIRST_REST = Duration.ofMillis(10);
    private static final Duration LONGEST_REST = Duration.ofSeconds(1);

    private final Source source;
    private final Server server;
    private Duration rest = Duration.ZERO;

    /** Where connections come from. */
    interface Source {
        /** Waits for one. */
        SocketChannel accept() throws IOException;
    }

    /** Takes a connection over, or throws and leaves it to be closed. */
    interface Server {
        void serve(SocketChannel connection) throws IOException;
    }

    Acceptor(Source source, Server server) {
        this.source = source;
        this.server = server;
    }

    @Override
    public void run() {
        while (!Thread.currentThread().isInterrupted()) {
            try {
                serve(source.accept());
                if (!rest.isZero()) {
                    rest = Duration.ZERO;
                    LOG.log(Level.INFO, "KV sessions are accepted again");
                }
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException | RuntimeException | OutOfMemoryError e) {
                failed(e);
            }
        }
    }

    private void serve(SocketChannel connection) throws IOException {
        try {
            server.serve(connection);
        } catch (IOException | RuntimeException | Error e) {
            connection.close();
            throw e;
        }
    }

    private void failed(Throwable why) {
        if (rest.isZero()) {
            rest = FIRST_REST;
            LOG.log(
                    Level.WARNING,
                    "no KV session can be accepted, trying again (open files: ulimit -n): {0}",
                    why.toString());
        } else {
            rest = rest.multipliedBy(2).compareTo(LONGEST_REST) < 0 ? rest.multipliedBy(2) : LONGEST_REST;
        }
        LockSupport.parkNanos(this, rest.toNanos());
    }
}
