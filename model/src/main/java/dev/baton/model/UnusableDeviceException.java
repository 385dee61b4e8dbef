package dev.baton.model;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A device was asked for that this process cannot compute on; the message says what was found and what is needed. */
public final class UnusableDeviceException extends IOException {
    private static final long serialVersionUID = 1;

    public UnusableDeviceException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
