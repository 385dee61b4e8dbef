package dev.baton.gateway.dispatch;

import dev.baton.control.admission.Admission;
import dev.baton.control.admission.DrainRate;
import java.time.Clock;
import java.time.Duration;

/** The door: lets requests in as {@link Admission} says, counts them, and closes for a stop. Any thread. */
final class AdmissionGate {
    private static final Duration DRAIN_WINDOW = Duration.ofSeconds(10);

    private final Admission admission;
    private final Clock clock;
    private final DrainRate drain = new DrainRate(DRAIN_WINDOW);
    private int running;
    private boolean closed;

    AdmissionGate(Admission admission, Clock clock) {
        this.admission = admission;
        this.clock = clock;
    }

    /** Counts the request in when the answer is {@link Admission.Admitted}: {@link #left} must follow. */
    synchronized Admission.Decision enter(Admission.Request request, int maxContext) {
        Admission.Decision decision =
                admission.decide(request, new Admission.Situation(maxContext, running, drain), clock.instant());
        if (decision instanceof Admission.Admitted) {
            running++;
        }
        return decision;
    }

    synchronized void left() {
        running--;
        drain.ended(clock.instant());
        notifyAll();
    }

    synchronized int running() {
        return running;
    }

    synchronized boolean closed() {
        return closed;
    }

    synchronized void close() {
        closed = true;
    }

    /** True when all have left within the limit. */
    synchronized boolean awaitEmpty(Duration limit) throws InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        while (running > 0) {
            long left = (end - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                return false;
            }
            wait(left);
        }
        return true;
    }
}
