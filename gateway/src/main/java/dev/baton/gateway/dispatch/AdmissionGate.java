package dev.baton.gateway.dispatch;

import dev.baton.control.GenerationRequest;
import dev.baton.control.admission.Admission;
import dev.baton.control.admission.InFlight;
import java.time.Clock;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Lets requests in as {@link Admission} says, counts them, and closes for a stop. Any thread. */
final class AdmissionGate {
    private final InFlight inFlight;
    private final Clock clock;

    AdmissionGate(Admission admission, Clock clock) {
        this.inFlight = new InFlight(admission);
        this.clock = clock;
    }

    /**
     * Null when the request is let in and counted: then {@link #left} must follow.
     *
     * @param maxContext of the live workers, 0 when none lives
     */
    synchronized @Nullable Rejection admit(GenerationRequest request, int maxContext) {
        Admission.Request asked =
                new Admission.Request(request.prompt().length, request.maxTokens(), request.deadline());
        return switch (inFlight.enter(asked, maxContext, clock.instant())) {
            case Admission.Admitted _ -> null;
            case Admission.Closed() ->
                new Rejection(
                        Rejection.Reason.SHUTTING_DOWN,
                        "this gateway is shutting down: send the request again",
                        Duration.ofSeconds(1));
            case Admission.NoWorkers() ->
                new Rejection(
                        Rejection.Reason.NO_WORKERS, "no live decode worker serves the model " + request.model(), null);
            case Admission.TooLate() ->
                new Rejection(Rejection.Reason.DEADLINE_EXCEEDED, "the deadline had passed on arrival", null);
            case Admission.TooLong(int context) ->
                new Rejection(
                        Rejection.Reason.CONTEXT_LENGTH_EXCEEDED,
                        "prompt and answer do not fit the context of the live workers",
                        null,
                        context);
            case Admission.Overloaded(Duration retryAfter) ->
                new Rejection(
                        Rejection.Reason.SERVER_OVERLOADED,
                        "too many requests are running (baton.dispatch.max-in-flight)",
                        retryAfter);
        };
    }

    /** A request that was let in has ended. */
    synchronized void left() {
        inFlight.left(clock.instant());
        notifyAll();
    }

    synchronized int running() {
        return inFlight.count();
    }

    synchronized void close() {
        inFlight.close();
    }

    /** True when all have left within the limit. */
    synchronized boolean awaitEmpty(Duration limit) throws InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        while (inFlight.count() > 0) {
            long left = (end - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                return false;
            }
            wait(left);
        }
        return true;
    }
}
