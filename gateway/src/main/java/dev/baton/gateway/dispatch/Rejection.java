package dev.baton.gateway.dispatch;

import dev.baton.control.admission.Admission;
import dev.baton.control.admission.Overload;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Why a request was not let in. Nothing of it has run.
 *
 * @param retryAfter when a retry is likely to succeed; null when a retry cannot help or nothing is known
 * @param maxContext tokens that the live workers can hold, when that is the reason; else 0
 */
public record Rejection(
        Reason reason, String message, @Nullable Duration retryAfter, int maxContext) {
    public Rejection(Reason reason, String message, @Nullable Duration retryAfter) {
        this(reason, message, retryAfter, 0);
    }

    /** What the refusal means to the client. */
    static Rejection of(Admission.Refused refused) {
        return switch (refused) {
            case Admission.Closed() ->
                new Rejection(
                        Reason.SHUTTING_DOWN,
                        "this gateway is shutting down: send the request again",
                        Duration.ofSeconds(1));
            case Admission.TooLate() ->
                new Rejection(Reason.DEADLINE_EXCEEDED, "the deadline had passed on arrival", null);
            case Admission.TooLong(int context) ->
                new Rejection(
                        Reason.CONTEXT_LENGTH_EXCEEDED,
                        "prompt and answer do not fit the context of the live workers",
                        null,
                        context);
            case Admission.Overloaded(Duration retryAfter) ->
                new Rejection(
                        Reason.SERVER_OVERLOADED,
                        "too many requests are running (baton.dispatch.max-in-flight)",
                        retryAfter);
        };
    }

    /** Sent away by what is predicted. */
    static Rejection of(Overload.Later later, Duration patience) {
        return new Rejection(
                Reason.SERVER_OVERLOADED,
                "the first token would come in about %s, and this request waits %s for it (its own timeout, or baton.dispatch.patience); %s"
                        .formatted(
                                seconds(later.ttft()),
                                seconds(patience),
                                later.place() == null
                                        ? "come again after Retry-After"
                                        : "come again after Retry-After, when a place is kept for it"),
                later.retryAfter());
    }

    private static String seconds(Duration time) {
        return "%.1f s".formatted(time.toMillis() / 1e3);
    }

    /** The edge maps each to a status and a code. */
    public enum Reason {
        /** Prompt plus wanted tokens exceed the context: 400 {@code context_length_exceeded}. */
        CONTEXT_LENGTH_EXCEEDED,
        /** The deadline had passed already: 408 {@code deadline_exceeded}. */
        DEADLINE_EXCEEDED,
        /** Too many requests in flight, or the first token would come too late: 429 {@code server_overloaded} with {@code retryAfter}. */
        SERVER_OVERLOADED,
        /** No live worker serves the model, and none came in time (baton.limits.without-workers): 503 {@code no_workers}. */
        NO_WORKERS,
        /** Redis or Kafka cannot be reached: 503. */
        STATE_UNAVAILABLE,
        /** This gateway is going down: 503. */
        SHUTTING_DOWN
    }
}
