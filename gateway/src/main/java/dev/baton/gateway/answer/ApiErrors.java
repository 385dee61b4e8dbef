package dev.baton.gateway.answer;

import dev.baton.control.GenerationRequest;
import dev.baton.gateway.dispatch.Rejection;
import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.sse.ChunkTemplates.Shape;
import dev.baton.protocol.v1.Failure;
import java.time.Duration;

/** The error that the client gets for a rejection or a failure of the serving side. */
final class ApiErrors {
    private static final Duration SOON = Duration.ofSeconds(1);

    private ApiErrors() {}

    static ApiError of(Rejection rejection, GenerationRequest request, Shape shape) {
        return switch (rejection.reason()) {
            case CONTEXT_LENGTH_EXCEEDED ->
                ApiError.contextLengthExceeded(
                        rejection.maxContext(),
                        request.prompt().length,
                        request.stopping().getMaxTokens(),
                        shape.promptParam());
            case DEADLINE_EXCEEDED -> ApiError.deadlineExceeded();
            case SERVER_OVERLOADED ->
                ApiError.overloaded(
                        rejection.message(), rejection.retryAfter() == null ? SOON : rejection.retryAfter());
            case NO_WORKERS -> ApiError.unavailable(rejection.message(), "no_workers", rejection.retryAfter());
            case STATE_UNAVAILABLE ->
                ApiError.unavailable(rejection.message(), "state_unavailable", rejection.retryAfter());
            case SHUTTING_DOWN -> ApiError.unavailable(rejection.message(), "shutting_down", SOON);
        };
    }

    static ApiError of(Failure failure) {
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
                    KV_NOT_FOUND,
                    UNRECOGNIZED ->
                ApiError.internal(
                        "The answer could not be finished (" + failure.getCode() + "): " + failure.getMessage());
        };
    }
}
