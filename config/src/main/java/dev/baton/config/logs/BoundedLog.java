package dev.baton.config.logs;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * Takes log lines without ever waiting: they stand in a queue that a thread of its own writes. Where that stalls, as a pipe does
 * that nobody reads, or a full disk, the queue fills: from three quarters on, lines below WARN are dropped, and when it is full all
 * are. The number is counted, and said in the log once it goes on.
 */
final class BoundedLog extends UnsynchronizedAppenderBase<ILoggingEvent> {
    private static final Duration END_LIMIT = Duration.ofSeconds(2);
    private static final long POLL_MILLIS = 100;
    /** Of all logs of this process. */
    private static final LongAdder DROPPED = new LongAdder();

    private final Appender<ILoggingEvent> to;
    private final ArrayBlockingQueue<ILoggingEvent> queue;
    private final int reserve;
    private final LongAdder dropped = new LongAdder();
    private final Logger own;
    private final Thread writer;
    private long told;
    private volatile boolean ending;

    /** @param lines that may wait */
    BoundedLog(LoggerContext logs, Appender<ILoggingEvent> to, int lines) {
        this.own = logs.getLogger(BoundedLog.class);
        this.to = to;
        this.queue = new ArrayBlockingQueue<>(lines);
        this.reserve = lines / 4;
        this.writer = Thread.ofPlatform().name("log").daemon(true).unstarted(this::write);
        setName(to.getName());
        setContext(logs);
    }

    /** Lines that this process has dropped. Any thread. */
    static long dropped() {
        return DROPPED.sum();
    }

    @Override
    public void start() {
        super.start();
        writer.start();
    }

    @Override
    protected void append(ILoggingEvent event) {
        boolean matters = event.getLevel().isGreaterOrEqual(Level.WARN);
        if (!matters && queue.remainingCapacity() <= reserve) {
            drop();
            return;
        }
        event.prepareForDeferredProcessing();
        if (!queue.offer(event)) {
            drop();
        }
    }

    private void drop() {
        dropped.increment();
        DROPPED.increment();
    }

    private void write() {
        try {
            while (!ending || !queue.isEmpty()) {
                ILoggingEvent next = queue.poll(POLL_MILLIS, TimeUnit.MILLISECONDS);
                if (next != null) {
                    write(next);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Nothing that one line does to an encoder ends the log: there is only this thread. */
    private void write(ILoggingEvent line) {
        try {
            to.doAppend(line);
            tellDropped();
        } catch (Throwable e) {
            addError("a log line could not be written", e);
        }
    }

    private void tellDropped() {
        long now = dropped.sum();
        if (now == told || queue.remainingCapacity() <= reserve) {
            return;
        }
        String line = (now - told) + " log lines were dropped: this process's output was not taken";
        told = now;
        to.doAppend(new LoggingEvent(BoundedLog.class.getName(), own, Level.WARN, line, null, null));
    }

    /** Writes what waits, for a moment at most. */
    @Override
    public void stop() {
        if (!isStarted()) {
            return;
        }
        super.stop();
        ending = true;
        boolean written = false;
        try {
            written = writer.join(END_LIMIT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (written) {
            to.stop(); // One that hangs would hang this thread too.
        }
    }
}
