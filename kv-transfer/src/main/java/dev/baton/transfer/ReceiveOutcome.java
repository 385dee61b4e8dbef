package dev.baton.transfer;

import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.KvTransportKind;
import java.time.Duration;

/** How a transfer into this worker ended. */
public sealed interface ReceiveOutcome {
    /**
     * Every layer of every block is in place and its digest agrees.
     *
     * @param firstToken what prefill sampled after the prompt
     * @param duration first announcement to last byte
     * @param computeEndedMicros since the epoch, on the sender's clock
     */
    record Arrived(int firstToken, KvTransportKind transport, long bytes, Duration duration, long computeEndedMicros)
            implements ReceiveOutcome {}

    /** The blocks hold nothing of use. They may be reused once {@link IncomingTransfer#quiescent()} is done. */
    record Failed(Failure failure) implements ReceiveOutcome {}
}
