package dev.baton.worker;

import dev.baton.transfer.KvExchange;
import dev.baton.transfer.NamedBlocks;
import dev.baton.transfer.TransferListener;
import dev.baton.transfer.TransferSettings;
import dev.baton.transfer.pool.SharedPool;
import dev.baton.transfer.session.TimeSource;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * Opens this worker's part in the exchange of KV.
 *
 * @param arriveWithin a receiver that has not got all KV of a prompt this long after it asked gives up
 * @param fetchWithin what of blocks by name has not come this long after they were asked for is computed
 */
public record KvTransfers(
        TransferSettings settings, TransferListener listener, Duration arriveWithin, Duration fetchWithin) {
    /** Serves the pool's blocks to other workers, and fetches theirs into it. */
    KvExchange open(SharedPool pool, InetSocketAddress bind, NamedBlocks named) throws IOException {
        return new KvExchange(pool, bind, settings, listener, TimeSource.system(), named);
    }
}
