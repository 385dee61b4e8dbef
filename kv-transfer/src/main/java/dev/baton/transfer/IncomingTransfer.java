package dev.baton.transfer;

import dev.baton.kv.KvDigest;
import dev.baton.kv.KvDigester;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.KvLayerDone;
import dev.baton.transfer.pool.PeerPool;
import dev.baton.transfer.session.MessageChannel;
import dev.baton.transfer.session.SessionRefused;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One ticket from its request until its KV is in place or given up: what of it may be announced, how the bytes come into
 * its blocks, and how it ends. No call blocks, but for the intake's on the session's reading thread; futures complete on
 * session threads, or on the caller's when it cancels.
 */
public final class IncomingTransfer {
    private static final int UNKNOWN = -1;

    private final KvRequest request;
    private final long deadline;
    private final int blockTokens;
    private final int[] blocks;
    private final int[] receivedBlocks;
    private final CompletableFuture<ReceiveOutcome> completion = new CompletableFuture<>();
    private final CompletableFuture<Void> quiescent = new CompletableFuture<>();

    /** Blocks that the source has; of blocks by name not known before it has said so. */
    private int expected;

    private @Nullable ReceiverSession session;
    private long id;
    private boolean ended;
    private boolean writing;

    // Of the session's reading thread, as is what is expected.
    private long bytes;
    private long firstNanos;

    IncomingTransfer(KvRequest request, KvLayout layout, long deadline) {
        this.request = request;
        this.deadline = deadline;
        this.blockTokens = layout.blockTokens();
        this.blocks = request.blocks();
        this.receivedBlocks = new int[layout.layers()];
        this.expected = switch (request) {
            case TicketRequest ticket -> blocks.length;
            case FetchRequest named -> UNKNOWN;
        };
    }

    public KvRequest request() {
        return request;
    }

    /** Whether it arrived. A failure is known at once, also while a last write into the blocks is being ended. */
    public CompletableFuture<ReceiveOutcome> completion() {
        return completion;
    }

    /** Done when nothing writes into the reserved blocks any more, however it ended: they may be used or freed. */
    public CompletableFuture<Void> quiescent() {
        return quiescent;
    }

    /** Gives up. The sender is told, late bytes are dropped. */
    public void cancel() {
        fail(Failures.of(Failure.Code.CANCELLED, "the receiver cancelled the transfer"), true);
    }

    void bind(ReceiverSession owner, long ticket) {
        synchronized (this) {
            session = owner;
            id = ticket;
        }
    }

    /** Ends it as failed; {@code tell} when the sender does not know yet. */
    void fail(Failure failure, boolean tell) {
        ReceiverSession told;
        boolean still;
        long ticket;
        synchronized (this) {
            if (ended) {
                return;
            }
            ended = true;
            told = session;
            ticket = id;
            still = writing;
        }
        if (tell && told != null) {
            told.abandon(ticket, failure);
        }
        completion.complete(new ReceiveOutcome.Failed(failure));
        if (!still) {
            quiescent.complete(null);
        }
    }

    /** Takes leave to write into the blocks; false when it has ended. Every true is followed by {@link #endWrite}. */
    private synchronized boolean beginWrite() {
        if (!ended) {
            writing = true;
        }
        return !ended;
    }

    private void endWrite() {
        boolean last;
        synchronized (this) {
            writing = false;
            last = ended;
        }
        if (last) {
            quiescent.complete(null);
        }
    }

    void arrive(ReceiveOutcome outcome) {
        synchronized (this) {
            if (ended) {
                return;
            }
            ended = true;
        }
        quiescent.complete(null);
        completion.complete(outcome);
    }

    synchronized boolean hasEnded() {
        return ended;
    }

    boolean isLate(long now) {
        return now - deadline > 0;
    }

    private int block(int index) {
        return blocks[index];
    }

    /** Tokens that count in a block: all but in the last of a sequence. */
    private int tokens(int index) {
        return switch (request) {
            case TicketRequest ticket -> Math.min(blockTokens, ticket.tokens() - index * blockTokens);
            case FetchRequest named -> blockTokens;
        };
    }

    /** Blocks that may be announced: none before it is known how many the source has. */
    int blockCount() {
        return Math.max(expected, 0);
    }

    /** The source says once how many of the named blocks it has. False when it may not say so. */
    boolean found(int count) {
        if (expected != UNKNOWN || count < 0 || count > blocks.length) {
            return false;
        }
        expected = count;
        return true;
    }

    private int received(int layer) {
        return receivedBlocks[layer];
    }

    void receive(int layer, int count, long size, long now) {
        if (bytes == 0) {
            firstNanos = now;
        }
        receivedBlocks[layer] += count;
        bytes += size;
    }

    boolean isWhole() {
        for (int count : receivedBlocks) {
            if (count != expected) {
                return false;
            }
        }
        return true;
    }

    long bytes() {
        return bytes;
    }

    long firstNanos() {
        return firstNanos;
    }

    /**
     * Everything in an announcement that indexes our memory or the peer's is checked against the ticket and the layouts
     * before a byte is taken.
     *
     * @param peerBlocks blocks of the sender's pool
     * @param pushed whether the bytes follow the message
     * @param digests whether each block comes with its digest
     */
    record AnnouncementCheck(PeerAddress address, KvLayout layout, int peerBlocks, boolean pushed, boolean digests) {
        /** @return bytes announced, at most {@code allowed} */
        long bytes(@Nullable IncomingTransfer inbound, KvLayerDone done, long allowed) throws SessionRefused {
            int count = done.getSourceBlocksCount();
            int layer = layer(done);
            if (inbound == null || layer < 0 || layer >= layout.layers() || count == 0) {
                throw violation("layer %d, %d blocks, ticket %d".formatted(layer, count, done.getTicket()));
            }
            if (done.getFromBlock() != inbound.received(layer) || count > inbound.blockCount() - done.getFromBlock()) {
                throw violation("blocks %d + %d of layer %d after %d of %d"
                        .formatted(done.getFromBlock(), count, layer, inbound.received(layer), inbound.blockCount()));
            }
            long bytes = layout.layerBlockBytes(layer) * count;
            if (bytes > allowed || done.getPayloadBytes() != (pushed ? bytes : 0)) {
                throw violation("%d bytes with a credit of %d, payload of %d"
                        .formatted(bytes, allowed, done.getPayloadBytes()));
            }
            if (done.getDigestsCount() != (digests ? 2 * count : 0)) {
                throw violation("%d sums of digests for %d blocks".formatted(done.getDigestsCount(), count));
            }
            for (int i = 0; i < count; i++) {
                if (done.getSourceBlocks(i) < 0 || done.getSourceBlocks(i) >= peerBlocks) {
                    throw violation("source block %d of %d".formatted(done.getSourceBlocks(i), peerBlocks));
                }
            }
            return bytes;
        }

        /** The announced layer as our layout counts it; the wire counts from the model's first. */
        int layer(KvLayerDone done) {
            return done.getLayer() - layout.firstLayer();
        }

        SessionRefused violation(String what) {
            return new SessionRefused(
                    Failure.Code.TRANSFER_FAILED, "KV sender %s broke the protocol: %s".formatted(address, what));
        }
    }

    /**
     * Brings the bytes of one announcement into reserved blocks. An intake writes only between {@code beginWrite} and
     * {@code endWrite} of the inbound, in steps short enough that a cancel is soon heard; what an ended inbound was sent is
     * dropped.
     */
    sealed interface LayerIntake {
        /**
         * @param layer that is announced, as our layout counts it
         * @return false when the bytes are not those that the sender digested
         */
        boolean take(IncomingTransfer inbound, int layer, KvLayerDone done) throws IOException;

        /** What the sender made of one of the blocks. */
        private static KvDigest announced(KvLayerDone done, int index) {
            return new KvDigest(done.getDigests(2 * index), done.getDigests(2 * index + 1));
        }

        /**
         * Copies from the sender's pool.
         *
         * @param digester null when blocks come without digests
         */
        record SharedMemory(
                PeerPool peer, KvRegion own, @Nullable KvDigester digester) implements LayerIntake {
            @Override
            public boolean take(IncomingTransfer inbound, int layer, KvLayerDone done) {
                boolean same = true;
                for (int i = 0; same && i < done.getSourceBlocksCount() && inbound.beginWrite(); i++) {
                    try {
                        MemorySegment from = peer.region().layerBlock(layer, done.getSourceBlocks(i));
                        int index = done.getFromBlock() + i;
                        MemorySegment to = own.layerBlock(layer, inbound.block(index));
                        if (digester == null) {
                            MemorySegment.copy(from, 0, to, 0, to.byteSize());
                        } else {
                            same = digester.copy(layer, from, to, inbound.tokens(index))
                                    .equals(announced(done, i));
                        }
                    } finally {
                        inbound.endWrite();
                    }
                }
                return same;
            }
        }

        /**
         * Reads what follows on the session.
         *
         * @param digester null when blocks come without digests
         */
        record Tcp(
                MessageChannel channel,
                KvRegion own,
                @Nullable KvDigester digester,
                ByteBuffer scratch) implements LayerIntake {
            private static final int SCRATCH_BYTES = 64 << 10;

            Tcp(MessageChannel channel, KvRegion own, @Nullable KvDigester digester) {
                this(channel, own, digester, ByteBuffer.allocateDirect(SCRATCH_BYTES));
            }

            @Override
            public boolean take(IncomingTransfer inbound, int layer, KvLayerDone done) throws IOException {
                boolean same = true;
                for (int i = 0; i < done.getSourceBlocksCount(); i++) {
                    int index = done.getFromBlock() + i;
                    MemorySegment block = own.layerBlock(layer, inbound.block(index));
                    ByteBuffer to = block.asByteBuffer();
                    while (to.hasRemaining() && inbound.beginWrite()) {
                        try {
                            channel.read(to);
                        } finally {
                            inbound.endWrite();
                        }
                    }
                    if (to.hasRemaining()) {
                        drop(to.remaining());
                    } else if (digester != null && same) {
                        same = digester.of(layer, block, inbound.tokens(index)).equals(announced(done, i));
                    }
                }
                return same;
            }

            private void drop(int bytes) throws IOException {
                for (int left = bytes; left > 0; ) {
                    left -= channel.read(scratch.clear().limit(Math.min(left, scratch.capacity())));
                }
            }
        }
    }
}
