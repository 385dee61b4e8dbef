package dev.baton.control.admission;

import java.time.Duration;
import java.time.Instant;

/** The requests under way of one gateway: lets in as {@link Admission} says, counts, and closes. Not thread-safe. */
public final class InFlight {
    private static final Duration DRAIN_WINDOW = Duration.ofSeconds(10);

    private final Admission admission;
    private final DrainRate drain = new DrainRate(DRAIN_WINDOW);
    private int count;
    private boolean closed;

    public InFlight(Admission admission) {
        this.admission = admission;
    }

    /**
     * Counts the request when the answer is {@link Admission.Admitted}; then {@link #left} must follow.
     *
     * @param maxContext of the live workers, 0 when none lives
     */
    public Admission.Decision enter(Admission.Request request, int maxContext, Instant now) {
        if (closed) {
            return new Admission.Closed();
        }
        Admission.Decision decision = admission.decide(request, new Admission.Situation(maxContext, count, drain), now);
        if (decision instanceof Admission.Admitted) {
            count++;
        }
        return decision;
    }

    /** A request that was counted has ended. */
    public void left(Instant now) {
        count--;
        drain.ended(now);
    }

    public int count() {
        return count;
    }

    /** Lets nothing in any more. */
    public void close() {
        closed = true;
    }
}
