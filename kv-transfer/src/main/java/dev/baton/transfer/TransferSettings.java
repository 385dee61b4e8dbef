package dev.baton.transfer;

import dev.baton.protocol.ClusterSecret;
import dev.baton.transfer.session.SessionLimits;
import dev.baton.transfer.session.SessionTls;
import dev.baton.transfer.session.TransportChoice;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a worker decides about its transfers.
 *
 * @param tls of each session; null: none
 * @param machine equal on workers that may share memory, see {@code Machine.id()}
 * @param digests whether each layer of each block is checked; alike on all workers
 * @param ticketWait how long a computed prompt waits for its ticket, and an announced one for its acknowledgement
 */
public record TransferSettings(
        ClusterSecret secret,
        @Nullable SessionTls tls,
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
    public static TransferSettings defaults(ClusterSecret secret, String machine) {
        return new TransferSettings(
                secret, null, machine, TransportChoice.AUTO, true, Duration.ofSeconds(30), SessionLimits.defaults());
    }
}
