package dev.baton.transfer;

import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.KvTransportKind;
import java.time.Duration;

/** The end of a transfer out of this worker. After each, its blocks are not read for it any more. */
public sealed interface SendOutcome {
    /**
     * The receiver has it all.
     *
     * @param duration first announcement to acknowledgement
     * @param exposed of that, after compute had ended
     */
    record Acknowledged(KvTransportKind transport, long bytes, Duration duration, Duration exposed)
            implements SendOutcome {}

    /** It failed, was cancelled, or was not asked for in time: see the code. */
    record Failed(Failure failure) implements SendOutcome {}
}
