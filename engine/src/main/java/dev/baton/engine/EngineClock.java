package dev.baton.engine;

import java.time.Clock;
import java.time.InstantSource;
import java.util.function.LongSupplier;

/**
 * The only time an engine knows.
 *
 * @param wall for deadlines, which come as epoch milliseconds
 * @param nanos monotonic, for durations
 */
public record EngineClock(InstantSource wall, LongSupplier nanos) {
    public static EngineClock system() {
        return new EngineClock(Clock.systemUTC(), System::nanoTime);
    }
}
