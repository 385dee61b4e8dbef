package dev.baton.transfer;

import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.KvTransportKind;
import java.time.Duration;

/** How a transfer into this worker ended. */
public sealed interface ReceiveOutcome {
    /**
     * Of a ticket: every layer of every block is in place and its digest agrees.
     *
     * @param firstToken what prefill sampled after the prompt
     * @param duration first announcement to last byte
     * @param computeEndedMicros since the epoch, on the sender's clock
     */
    record Arrived(int firstToken, KvTransportKind transport, long bytes, Duration duration, long computeEndedMicros)
            implements ReceiveOutcome {}

    /**
     * Of blocks by name, the first {@code blocks} are in place and their digests agree. The source does not have the others.
     *
     * @param duration first announcement to last byte
     */
    record Found(int blocks, KvTransportKind transport, long bytes, Duration duration) implements ReceiveOutcome {}

    /** The blocks hold nothing of use. They may be reused once {@link IncomingTransfer#quiescent()} is done. */
    record Failed(Failure failure) implements ReceiveOutcome {}
}
