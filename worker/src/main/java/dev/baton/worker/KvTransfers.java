package dev.baton.worker;

import dev.baton.transfer.KvReceiver;
import dev.baton.transfer.KvSender;
import dev.baton.transfer.TransferListener;
import dev.baton.transfer.TransferSettings;
import dev.baton.transfer.pool.SharedPool;
import dev.baton.transfer.session.TimeSource;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * Opens this worker's ends of KV transfers.
 *
 * @param arriveWithin a receiver that has not got all KV this long after it asked gives up
 */
public record KvTransfers(TransferSettings settings, TransferListener listener, Duration arriveWithin) {
    /** Listens for other workers that fetch KV from this pool. */
    public KvSender sender(SharedPool pool, InetSocketAddress bind) throws IOException {
        return new KvSender(pool, bind, settings, listener, TimeSource.system()).start();
    }

    /** Fetches KV of other workers into this pool. */
    public KvReceiver receiver(SharedPool pool) {
        return new KvReceiver(pool, settings, listener, TimeSource.system());
    }
}
