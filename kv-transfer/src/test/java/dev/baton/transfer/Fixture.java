package dev.baton.transfer;

import dev.baton.kv.KvDtype;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import dev.baton.kv.LayerGroup;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.ClusterSecret;
import dev.baton.protocol.v1.KvTransportKind;
import dev.baton.transfer.pool.PoolIdentity;
import dev.baton.transfer.pool.SharedPool;
import dev.baton.transfer.session.SessionLimits;
import dev.baton.transfer.session.TimeSource;
import dev.baton.transfer.session.TransportChoice;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A small model's pools and settings with short deadlines, and known bytes to send. */
final class Fixture {
    static final String SECRET = "a secret of the test cluster";
    static final long FINGERPRINT = 0x1234_5678_9abc_def0L;
    static final String ARITHMETIC = "made up, BF16 KV";
    static final int BLOCK_TOKENS = 16;
    static final int FIRST_LAYER = 4;

    /** Of a rank that holds a few layers and heads of a model. */
    static final KvLayout LAYOUT = new KvLayout(
            List.of(new LayerGroup(FIRST_LAYER, 4, 6, 2, 64, 64, 0)), BLOCK_TOKENS, KvDtype.BF16, false, 64, 3, 8);

    static final Duration PATIENCE = Duration.ofSeconds(20);

    private Fixture() {}

    static PoolIdentity identity(String worker, long epoch) {
        return new PoolIdentity(worker, epoch, FINGERPRINT, ARITHMETIC, LAYOUT);
    }

    static SessionLimits limits(long creditBytes) {
        return new SessionLimits(
                Duration.ofSeconds(2),
                Duration.ofMillis(100),
                Duration.ofMillis(1500),
                Duration.ofMinutes(1),
                16,
                16,
                creditBytes);
    }

    static TransferSettings settings(KvTransportKind transport) {
        return settings(transport, SECRET, 1 << 20);
    }

    static TransferSettings settings(KvTransportKind transport, String secret, long creditBytes) {
        return new TransferSettings(
                new ClusterSecret(secret),
                null,
                "this machine",
                transport == KvTransportKind.TCP ? TransportChoice.TCP : TransportChoice.SHARED_MEMORY,
                true,
                Duration.ofSeconds(5),
                limits(creditBytes));
    }

    static KvSender sender(SharedPool pool, TransferSettings settings) throws IOException {
        return sender(pool, settings, NamedBlocks.NONE);
    }

    static KvSender sender(SharedPool pool, TransferSettings settings, NamedBlocks named) throws IOException {
        return new KvSender(
                        SessionContext.of(pool, settings, TransferListener.NONE, TimeSource.system()),
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        named)
                .start();
    }

    static KvReceiver receiver(SharedPool pool, TransferSettings settings) {
        return new KvReceiver(SessionContext.of(pool, settings, TransferListener.NONE, TimeSource.system()));
    }

    static SharedPool pool(Path folder, String worker, long epoch) throws IOException {
        return SharedPool.create(folder, identity(worker, epoch));
    }

    static AttemptKey key(String request) {
        return new AttemptKey(request, 1, 77);
    }

    /** Fills a whole pool with bytes that depend on the seed. */
    static void fill(KvRegion region, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (long at = 0; at < region.segment().byteSize(); at += 8) {
            region.segment().set(ValueLayout.JAVA_LONG, at, random.nextLong());
        }
    }

    static boolean sameBytes(KvRegion from, int[] source, KvRegion to, int[] target) {
        for (int layer = 0; layer < from.layout().layers(); layer++) {
            for (int i = 0; i < source.length; i++) {
                if (from.layerBlock(layer, source[i]).mismatch(to.layerBlock(layer, target[i])) != -1) {
                    return false;
                }
            }
        }
        return true;
    }

    static byte[] bytes(KvRegion region, int[] blocks) {
        MemorySegment all =
                MemorySegment.ofArray(new byte[Math.toIntExact(region.layout().blockBytes() * blocks.length)]);
        long at = 0;
        for (int layer = 0; layer < region.layout().layers(); layer++) {
            for (int block : blocks) {
                MemorySegment from = region.layerBlock(layer, block);
                MemorySegment.copy(from, 0, all, at, from.byteSize());
                at += from.byteSize();
            }
        }
        return all.toArray(ValueLayout.JAVA_BYTE);
    }

    static <T> T await(CompletableFuture<T> future) throws InterruptedException, ExecutionException, TimeoutException {
        return future.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    }
}
