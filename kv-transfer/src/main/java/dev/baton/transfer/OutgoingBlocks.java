package dev.baton.transfer;

import dev.baton.kv.KvDigest;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.KvTransportKind;
import dev.baton.transfer.NamedBlocks.Held;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Blocks by name on their way to the peer that asked for them. They are held from the answer to the acknowledgement, at most
 * for the time that a ticket may take. Their stored digests go with them, so that a bit that changed here is seen there.
 */
final class OutgoingBlocks extends OutgoingTransfer {
    private final TransferListener listener;
    private final long started;
    private final int[] announced;
    private @Nullable Held held;
    private boolean foundTold;
    private boolean allTold;
    private boolean ended;
    private long bytes;

    OutgoingBlocks(SessionContext context) {
        super(context.layout(), context.time());
        this.listener = context.listener();
        this.started = time.nanos();
        this.announced = new int[layout.layers()];
    }

    /** The blocks, or none, once they are known. */
    void take(Held blocks) {
        boolean late;
        synchronized (this) {
            late = ended;
            held = blocks;
        }
        if (late) {
            blocks.letGo();
        }
    }

    @Override
    synchronized @Nullable Announcement next(OpenTicket of, long credit) {
        Held blocks = held;
        if (ended || blocks == null) {
            return null;
        }
        int count = blocks.blocks().length;
        if (!foundTold) {
            foundTold = true;
            allTold = count == 0;
            return new Announcement.Found(count);
        }
        for (int layer = 0; layer < announced.length; layer++) {
            if (announced[layer] < count) {
                return piece(blocks, layer, count - announced[layer], credit);
            }
        }
        if (!allTold) {
            allTold = true;
            return new Announcement.All(0, 0);
        }
        return null;
    }

    private @Nullable Announcement piece(Held blocks, int layer, int left, long credit) {
        int count = fitting(layer, left, credit);
        if (count == 0) {
            return null;
        }
        int from = announced[layer];
        int[] source = Arrays.copyOfRange(blocks.blocks(), from, from + count);
        List<KvDigest> stored = new ArrayList<>();
        for (int block : source) {
            Optional<KvDigest> digest = blocks.digest(block, layer);
            digest.ifPresent(stored::add);
        }
        announced[layer] += count;
        bytes += count * layout.layerBlockBytes(layer);
        return new Announcement.Layer(layer, from, source, stored.size() == count ? stored : List.of());
    }

    @Override
    int tokens(int index) {
        return layout.blockTokens();
    }

    @Override
    boolean acknowledged(OpenTicket of, KvTransportKind transport) {
        long sent;
        synchronized (this) {
            if (ended) {
                return true;
            }
            if (!allTold) {
                return false;
            }
            sent = bytes;
        }
        if (end() && sent > 0) {
            Duration duration = Duration.ofNanos(time.nanos() - started);
            listener.sent(transport, sent, duration, duration);
        }
        return true;
    }

    @Override
    void lost(OpenTicket of, Failure failure) {
        if (end()) {
            listener.failed(failure);
        }
    }

    /** Why the peer is refused the rest, when it has taken too long; else null. */
    @Nullable
    Failure expire(long now, Duration wait) {
        if (now - started <= wait.toNanos() || !end()) {
            return null;
        }
        Failure late = Failures.of(
                Failure.Code.DEADLINE_EXCEEDED, "the blocks were not taken within %d ms".formatted(wait.toMillis()));
        listener.failed(late);
        return late;
    }

    private boolean end() {
        Held blocks;
        synchronized (this) {
            if (ended) {
                return false;
            }
            ended = true;
            blocks = held;
        }
        if (blocks != null) {
            blocks.letGo();
        }
        return true;
    }
}
