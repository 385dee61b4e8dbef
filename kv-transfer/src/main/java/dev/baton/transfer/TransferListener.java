package dev.baton.transfer;

import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.KvTransportKind;
import java.time.Duration;

/** Hears of transfers for metrics, on session threads: return at once. */
public interface TransferListener {
    /** Hears nothing. */
    TransferListener NONE = new TransferListener() {};

    /** A transfer out of this worker was acknowledged. */
    default void sent(KvTransportKind transport, long bytes, Duration duration, Duration exposed) {}

    /** A transfer into this worker arrived whole. */
    default void received(KvTransportKind transport, long bytes, Duration duration) {}

    /** A transfer in either direction ended without arriving. */
    default void failed(Failure failure) {}

    default void sessionOpened(String peer) {}

    default void sessionClosed(String peer) {}
}
