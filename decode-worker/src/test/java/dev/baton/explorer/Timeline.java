package dev.baton.explorer;

import java.time.Instant;
import java.util.PriorityQueue;

/** Virtual time, and what happens in it, in order. */
public final class Timeline {
    /** Any: no decision may depend on it. */
    static final Instant START = Instant.parse("2031-05-06T07:08:09Z");

    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private long now = 1_000_000_000L;
    private long planned;
    private long steps;

    private record Event(long at, long order, Runnable task) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            int byTime = Long.compare(at, other.at);
            return byTime != 0 ? byTime : Long.compare(order, other.order);
        }
    }

    /** Monotonic nanoseconds. */
    public long now() {
        return now;
    }

    /** Milliseconds since the start, for people. */
    double millis() {
        return (now - 1_000_000_000L) / 1e6;
    }

    /** Wall time of a host whose clock is right. */
    public Instant wall() {
        return START.plusNanos(now);
    }

    public void after(long nanos, Runnable task) {
        events.add(new Event(now + Math.max(0, nanos), planned++, task));
    }

    /** The next event. False when there is none before {@code limit}. */
    boolean step(long limit) {
        Event next = events.peek();
        if (next == null || next.at > limit) {
            now = limit;
            return false;
        }
        events.poll();
        now = next.at;
        steps++;
        next.task.run();
        return true;
    }

    long steps() {
        return steps;
    }
}
