package dev.baton.transfer;

import dev.baton.protocol.v1.Failure;

/** Makes failures as values. */
final class Failures {
    private Failures() {}

    static Failure of(Failure.Code code, String message) {
        return Failure.newBuilder().setCode(code).setMessage(message).build();
    }
}
