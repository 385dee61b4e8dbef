package dev.baton.worker;

import com.google.protobuf.Message;
import dev.baton.cluster.lanes.LaneConsumer;
import dev.baton.cluster.leases.LaneLease;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads one lane for as long as the worker takes work, on a thread of its own. A lease that is lost, or a consumer that
 * cannot be made, costs a pause and another lane; nothing but {@link #close} ends it.
 */
final class LaneKeeper<T extends Message> implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LaneKeeper.class);
    private static final Duration CHECK = Duration.ofSeconds(1);
    private static final Duration PAUSE = Duration.ofMillis(500);
    private static final Duration END_LIMIT = Duration.ofSeconds(6);

    private final Leases leases;
    private final Readers<T> readers;
    private final Thread thread;
    private volatile boolean closing;
    private volatile @Nullable LaneConsumer<T> consumer;
    private volatile int lane;

    /** Source of lanes. */
    interface Leases {
        /** Waits for a lane; throws when none is to be had. */
        LaneLease take() throws InterruptedException;
    }

    /** Begins to read a lane. */
    interface Readers<T extends Message> {
        LaneConsumer<T> open(LaneLease lease);
    }

    /** Holds a lane when it returns: without one a worker does not start. */
    LaneKeeper(Leases leases, Readers<T> readers) throws InterruptedException {
        this.leases = leases;
        this.readers = readers;
        LaneLease first = leases.take();
        lane = first.lane();
        thread = Thread.ofPlatform().name("lane-keeper").start(() -> keep(first));
    }

    /** The lane that it holds, or held last. */
    int lane() {
        return lane;
    }

    /** Of the consumer that reads now. */
    long polls() {
        LaneConsumer<T> now = consumer;
        return now == null ? 0 : now.polls();
    }

    boolean reading() {
        LaneConsumer<T> now = consumer;
        return now != null && now.reading();
    }

    private void keep(LaneLease first) {
        LaneLease held = first;
        try {
            while (held != null) {
                read(held);
                held = again();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            consumer = null;
        }
    }

    private void read(LaneLease held) throws InterruptedException {
        try (LaneLease lease = held;
                LaneConsumer<T> opened = readers.open(lease)) {
            lane = lease.lane();
            consumer = opened;
            while (!closing && !opened.awaitEnd(CHECK)) {
                // Interrupted by close.
            }
        } catch (RuntimeException | Error e) {
            consumer = null;
            LOG.error("Lane {} cannot be read (spring.kafka.*); another try follows", held.lane(), e);
            TimeUnit.NANOSECONDS.sleep(PAUSE.toNanos());
        } finally {
            consumer = null;
        }
    }

    private @Nullable LaneLease again() throws InterruptedException {
        while (!closing) {
            try {
                return leases.take();
            } catch (RuntimeException | Error e) {
                LOG.warn("No lane yet: {}", e.toString());
                TimeUnit.NANOSECONDS.sleep(PAUSE.toNanos());
            }
        }
        return null;
    }

    /** Stops reading and gives the lane back. */
    @Override
    public void close() {
        closing = true;
        thread.interrupt();
        try {
            if (!thread.join(END_LIMIT)) {
                LOG.warn("Lane {} has not been given back within {}", lane, END_LIMIT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
