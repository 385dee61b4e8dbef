package dev.baton.cluster.lanes;

import org.jspecify.annotations.Nullable;

/** Kafka or a lane is not as it must be; the message names the setting. */
public final class LaneException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    LaneException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
