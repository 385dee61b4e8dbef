package dev.baton.cluster.streams;

import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.Executor;
import java.util.random.RandomGenerator;

/** The one thread that owns a side's state, and what it goes by: time and chance. Both may be made up, for tests. */
interface StreamLoop extends Executor, AutoCloseable {
    void every(Duration period, Runnable task);

    void later(Duration delay, Runnable task);

    /** Monotonic. */
    long nanoTime();

    /** Steady: what the two sides tell each other. */
    InstantSource clock();

    RandomGenerator random();

    /** Ends after what was handed over before. */
    @Override
    void close();
}
