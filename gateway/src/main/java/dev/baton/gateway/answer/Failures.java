package dev.baton.gateway.answer;

import dev.baton.gateway.dispatch.Refusal;
import dev.baton.gateway.error.ApiError;
import dev.baton.protocol.v1.Failure;
import java.time.Duration;

/** What a refusal or a failure of the serving side means to the client. */
final class Failures {
    private static final Duration SOON = Duration.ofSeconds(1);

    private Failures() {}

    static ApiError error(Refusal refusal) {
        return switch (refusal.reason()) {
            case CONTEXT_LENGTH_EXCEEDED -> ApiError.contextLengthExceeded(refusal.message(), "messages");
            case DEADLINE_EXCEEDED -> ApiError.deadlineExceeded();
            case SERVER_OVERLOADED ->
                ApiError.overloaded(refusal.message(), refusal.retryAfter() == null ? SOON : refusal.retryAfter());
            case NO_WORKERS -> ApiError.unavailable(refusal.message(), "no_workers", refusal.retryAfter());
            case STATE_UNAVAILABLE ->
                ApiError.unavailable(refusal.message(), "state_unavailable", refusal.retryAfter());
            case SHUTTING_DOWN -> ApiError.unavailable(refusal.message(), "shutting_down", SOON);
        };
    }

    static ApiError error(Failure failure) {
        return switch (failure.getCode()) {
            case DEADLINE_EXCEEDED -> ApiError.deadlineExceeded();
            case NO_CAPACITY -> ApiError.unavailable(failure.getMessage(), "no_workers", SOON);
            case SHUTTING_DOWN -> ApiError.unavailable(failure.getMessage(), "shutting_down", SOON);
            case BAD_REQUEST -> ApiError.badRequest(null, failure.getMessage());
            case CODE_UNSPECIFIED,
                    CANCELLED,
                    SUPERSEDED,
                    MODEL_MISMATCH,
                    TRANSFER_FAILED,
                    ENGINE_FAILED,
                    UNKNOWN_REQUEST,
                    UNRECOGNIZED ->
                ApiError.internal(
                        "The answer could not be finished (" + failure.getCode() + "): " + failure.getMessage());
        };
    }
}
