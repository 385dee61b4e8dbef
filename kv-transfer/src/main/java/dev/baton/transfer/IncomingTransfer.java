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
    private final TicketRequest request;
    private final long deadline;
    private final int blockTokens;
    private final int[] blocks;
    private final int[] receivedBlocks;
    private final CompletableFuture<ReceiveOutcome> completion = new CompletableFuture<>();
    private final CompletableFuture<Void> quiescent = new CompletableFuture<>();

    private @Nullable ReceiverSession session;
    private long id;
    private boolean ended;
    private boolean writing;

    // Of the session's reading thread.
    private long bytes;
    private long firstNanos;

    IncomingTransfer(TicketRequest request, KvLayout layout, long deadline) {
        this.request = request;
        this.deadline = deadline;
        this.blockTokens = layout.blockTokens();
        this.blocks = request.blocks();
        this.receivedBlocks = new int[layout.layers()];
    }

    public TicketRequest request() {
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

    void arrive(ReceiveOutcome.Arrived outcome) {
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

    /** Tokens that count in a block of the ticket: all but in the last. */
    int tokens(int index) {
        return Math.min(blockTokens, request.tokens() - index * blockTokens);
    }

    int blockCount() {
        return blocks.length;
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
            if (count != blocks.length) {
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
