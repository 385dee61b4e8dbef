package dev.baton.gateway.dispatch;

import java.time.Duration;
import java.util.Arrays;
import java.util.function.LongSupplier;

/**
 * Whether lately more struck requests than usual had to be computed again for the most part: then KV that dead workers leave
 * is not found, and recoveries cost what prompts cost. Any thread.
 */
final class RecomputeAlarm {
    private static final int SLOTS = 12;

    private final int most;
    private final Duration within;
    private final LongSupplier nanos;
    private final long began;
    private final long slotNanos;
    private final int[] counts = new int[SLOTS];
    private long slot;
    private boolean said;
    private long saidAt;

    /**
     * @param most more than these within the time are an alarm; 0 = there is none
     * @param nanos the monotonic clock
     */
    RecomputeAlarm(int most, Duration within, LongSupplier nanos) {
        this.most = most;
        this.within = within;
        this.nanos = nanos;
        this.began = nanos.getAsLong();
        this.slotNanos = Math.max(1, within.toNanos() / SLOTS);
    }

    Duration within() {
        return within;
    }

    /**
     * One more. Returns how many there were lately when the log is to say so, which is at most once within the time; else 0.
     */
    synchronized int recomputed() {
        roll();
        counts[(int) (slot % SLOTS)]++;
        long now = nanos.getAsLong();
        if (!raised() || said && now - saidAt < within.toNanos()) {
            return 0;
        }
        said = true;
        saidAt = now;
        return recent();
    }

    /** How many there were within the time, to a twelfth of it. */
    synchronized int recent() {
        roll();
        return Arrays.stream(counts).sum();
    }

    boolean raised() {
        return most > 0 && recent() > most;
    }

    private void roll() {
        long now = (nanos.getAsLong() - began) / slotNanos;
        for (long next = slot + 1; next <= Math.min(now, slot + SLOTS); next++) {
            counts[(int) (next % SLOTS)] = 0;
        }
        slot = now;
    }
}
