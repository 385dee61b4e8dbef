package dev.baton.transfer.session;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** The only place this module reads a clock. */
public interface TimeSource {
    /** Monotonic nanoseconds, comparable within this process only. */
    long nanos();

    /** Microseconds since the epoch, on this machine's clock. */
    long epochMicros();

    static TimeSource system() {
        return SystemTime.INSTANCE;
    }

    /** The clocks of the JVM. */
    enum SystemTime implements TimeSource {
        INSTANCE;

        @Override
        public long nanos() {
            return System.nanoTime();
        }

        @Override
        public long epochMicros() {
            return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
        }
    }
}
