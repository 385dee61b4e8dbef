package dev.baton.gateway.error;

/** Carries an {@link ApiError} up to the one place that writes it. Made without a stack trace: it is an answer, not a bug. */
public final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient ApiError error;

    public ApiException(ApiError error) {
        super(error.message(), null, false, false);
        this.error = error;
    }

    public ApiError error() {
        return error;
    }
}
