package dev.baton.cluster;

import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.function.LongSupplier;

/**
 * The time that decisions are made by: the host's time at the start of the process, and from then on what its monotonic
 * counter adds. A step of the host's clock moves no deadline and ends no limit. Clocks of two processes differ by what
 * their hosts' clocks differed at their starts; token streams measure that.
 */
public final class SteadyClock extends Clock {
    private static final SteadyClock SYSTEM = new SteadyClock(InstantSource.system(), System::nanoTime);

    private final Instant start;
    private final long startNanos;
    private final LongSupplier nanos;

    /**
     * @param host read once
     * @param nanos monotonic
     */
    public SteadyClock(InstantSource host, LongSupplier nanos) {
        this.start = host.instant();
        this.startNanos = nanos.getAsLong();
        this.nanos = nanos;
    }

    /** This process's own. */
    public static SteadyClock system() {
        return SYSTEM;
    }

    @Override
    public Instant instant() {
        return start.plusNanos(nanos.getAsLong() - startNanos);
    }

    @Override
    public ZoneId getZone() {
        return ZoneOffset.UTC;
    }

    /** Every zone is refused but UTC: these instants are for comparing, not for calendars. */
    @Override
    public Clock withZone(ZoneId zone) {
        if (zone.equals(ZoneOffset.UTC)) {
            return this;
        }
        throw new UnsupportedOperationException("a steady clock has no zone");
    }
}
