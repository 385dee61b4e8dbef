package dev.baton.transfer;

import dev.baton.kv.KvDigester;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import dev.baton.transfer.pool.SharedPool;
import dev.baton.transfer.session.Handshake;
import dev.baton.transfer.session.TimeSource;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What all sessions of a worker share.
 *
 * @param region the worker's own pool, which lies in {@code folder}
 * @param digester null when blocks come without digests
 */
record SessionContext(
        KvRegion region,
        Path folder,
        Handshake handshake,
        @Nullable KvDigester digester,
        TransferSettings settings,
        TransferListener listener,
        TimeSource time) {
    static SessionContext of(SharedPool pool, TransferSettings settings, TransferListener listener, TimeSource time) {
        return new SessionContext(
                pool.region(),
                Objects.requireNonNull(pool.path().getParent()),
                new Handshake(pool, settings.secret(), settings.machine(), settings.transport(), settings.digests()),
                settings.digests() ? new KvDigester(pool.identity().layout()) : null,
                settings,
                listener,
                time);
    }

    KvLayout layout() {
        return region.layout();
    }

    /** Bytes in flight: at least two layer-blocks, so that a small setting slows but never stalls. */
    long creditWindow() {
        long largest = IntStream.range(0, layout().layers())
                .mapToLong(layout()::layerBlockBytes)
                .max()
                .orElseThrow();
        return Math.max(settings.limits().creditBytes(), 2 * largest);
    }
}
