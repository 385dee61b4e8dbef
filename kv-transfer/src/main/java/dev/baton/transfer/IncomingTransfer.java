package dev.baton.transfer;

import dev.baton.kv.KvLayout;
import dev.baton.protocol.v1.Failure;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One ticket from its request until its KV is in place or given up. No call blocks; futures complete on session
 * threads, or on the caller's when it cancels.
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
    synchronized boolean beginWrite() {
        if (!ended) {
            writing = true;
        }
        return !ended;
    }

    void endWrite() {
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

    int block(int index) {
        return blocks[index];
    }

    /** Tokens that count in a block: all but in the last of a sequence. */
    int tokens(int index) {
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

    int received(int layer) {
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
}
