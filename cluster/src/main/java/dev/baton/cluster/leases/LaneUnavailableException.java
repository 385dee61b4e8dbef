package dev.baton.cluster.leases;

/** A worker found no lane to read; the message says why and which setting helps. */
public final class LaneUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    LaneUnavailableException(String message) {
        super(message);
    }
}
