package dev.baton.transfer.session;

import dev.baton.protocol.v1.Failure;
import java.io.IOException;

/** A peer or its message is not acceptable, with the reason as it goes over the wire. */
public final class SessionRefused extends IOException {
    private final transient Failure failure;

    public SessionRefused(Failure.Code code, String message) {
        this(Failure.newBuilder().setCode(code).setMessage(message).build());
    }

    public SessionRefused(Failure failure) {
        super(failure.getMessage());
        this.failure = failure;
    }

    public Failure failure() {
        return failure;
    }
}
