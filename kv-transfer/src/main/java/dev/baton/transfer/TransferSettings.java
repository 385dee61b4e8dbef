package dev.baton.transfer;

import dev.baton.transfer.session.Secret;
import dev.baton.transfer.session.SessionLimits;
import dev.baton.transfer.session.TransportChoice;
import java.time.Duration;

/**
 * What a worker decides about its transfers.
 *
 * @param machine equal on workers that may share memory, see {@code Machine.id()}
 * @param digests whether each layer of each block is checked; alike on all workers
 * @param ticketWait how long a computed prompt waits for its ticket, and an announced one for its acknowledgement
 */
public record TransferSettings(
        Secret secret,
        String machine,
        TransportChoice transport,
        boolean digests,
        Duration ticketWait,
        SessionLimits limits) {
    public TransferSettings {
        if (ticketWait.toMillis() < 1) {
            throw new IllegalArgumentException("ticket wait of %s: at least 1 ms".formatted(ticketWait));
        }
    }

    /** Transport by the pair, digests on. */
    public static TransferSettings defaults(Secret secret, String machine) {
        return new TransferSettings(
                secret, machine, TransportChoice.AUTO, true, Duration.ofSeconds(30), SessionLimits.defaults());
    }
}
