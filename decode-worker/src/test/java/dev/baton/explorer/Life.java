package dev.baton.explorer;

import dev.baton.cluster.SteadyClock;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import java.util.concurrent.Executor;

/** A process from its start to its end. It may stand still as a whole, or one of its threads may. */
public final class Life {
    private static final long HOP = 2_000;

    private final String name;
    private final Timeline time;
    private final Random random;
    private final Notes notes;
    private final Deque<Runnable> held = new ArrayDeque<>();
    private final SteadyClock clock;
    private Duration hostAhead;
    private boolean frozen;
    private boolean ended;

    Life(String name, Timeline time, Random random, Notes notes) {
        this.name = name;
        this.time = time;
        this.random = random;
        this.notes = notes;
        this.hostAhead = Duration.ofMillis(random.nextInt(600_000) - 300_000);
        this.clock = new SteadyClock(this::host, time::now);
    }

    /** The host's clock, which may be stepped: what reads it sees that. */
    private Instant host() {
        return time.wall().plus(hostAhead);
    }

    /** As {@link SteadyClock#system} of a process. */
    public Clock clock() {
        return clock;
    }

    public long now() {
        return time.now();
    }

    public String name() {
        return name;
    }

    public Random random() {
        return random;
    }

    public boolean ended() {
        return ended;
    }

    public boolean frozen() {
        return frozen;
    }

    public Notes notes() {
        return notes;
    }

    void stepClock(Duration by) {
        hostAhead = hostAhead.plus(by);
    }

    void kill() {
        ended = true;
        held.clear();
    }

    void freeze() {
        frozen = true;
    }

    void wake() {
        frozen = false;
        for (int all = held.size(); all > 0 && !held.isEmpty(); all--) {
            Runnable task = held.poll();
            time.after(0, () -> run(task));
        }
    }

    public Track thread(String of) {
        return new Track(of);
    }

    private void run(Runnable task) {
        if (ended) {
            return;
        }
        if (frozen) {
            held.add(task);
            return;
        }
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            notes.wrong(name + " has thrown: " + e, e);
        }
    }

    /** One thread of the process: runs its tasks in order. */
    public final class Track implements Executor {
        private final String of;
        private final Deque<Runnable> waiting = new ArrayDeque<>();
        private boolean hung;

        private Track(String of) {
            this.of = of;
        }

        @Override
        public void execute(Runnable task) {
            after(HOP, task);
        }

        public void later(Duration delay, Runnable task) {
            after(delay.toNanos(), task);
        }

        public void after(long nanos, Runnable task) {
            time.after(nanos, () -> Life.this.run(() -> turn(task)));
        }

        public void every(Duration period, Runnable task) {
            later(period, () -> {
                task.run();
                every(period, task);
            });
        }

        private void turn(Runnable task) {
            if (hung) {
                waiting.add(task);
            } else {
                task.run();
            }
        }

        void hang() {
            hung = true;
            notes.add("%s: %s hangs", name, of);
        }

        void goOn() {
            hung = false;
            while (!waiting.isEmpty()) {
                execute(waiting.poll());
            }
        }

        public boolean hung() {
            return hung;
        }
    }
}
