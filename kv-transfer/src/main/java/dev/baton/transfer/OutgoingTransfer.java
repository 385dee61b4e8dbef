package dev.baton.transfer;

import dev.baton.kv.KvDigest;
import dev.baton.kv.KvLayout;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.KvTransportKind;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.transfer.session.TimeSource;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** What a ticket brings out of this worker: a prompt that is being computed, or blocks by their names. */
public abstract sealed class OutgoingTransfer permits OutgoingTransfer.Prompt, OutgoingBlocks {
    /** Bytes of one announcement: large enough to cost nothing, small enough to overlap both sides' work. */
    static final long PIECE_BYTES = 4 << 20;

    final KvLayout layout;
    final TimeSource time;

    OutgoingTransfer(KvLayout layout, TimeSource time) {
        this.layout = layout;
        this.time = time;
    }

    /** The next thing to announce within the credit, or null. */
    abstract @Nullable Announcement next(OpenTicket ticket, long credit);

    /** Tokens that count in a block of the sequence. */
    abstract int tokens(int index);

    /** The peer has it all. False when it cannot: not all was announced. */
    abstract boolean acknowledged(OpenTicket ticket, KvTransportKind transport);

    /** The peer of the ticket gave up or died. */
    abstract void lost(OpenTicket ticket, Failure failure);

    /** How many of {@code ready} blocks of a layer one announcement may bring within the credit. */
    final int fitting(int layer, int ready, long credit) {
        long blockBytes = layout.layerBlockBytes(layer);
        return (int) Math.min(ready, Math.min(credit, Math.max(PIECE_BYTES, blockBytes)) / blockBytes);
    }

    /** A ticket on a session. Its calls do not block. */
    interface OpenTicket {
        void wake();

        void refuse(Failure failure);
    }

    /** What one message announces. */
    sealed interface Announcement {
        /** That many of the named blocks are here and will be announced. None: nothing follows. */
        record Found(int blocks) implements Announcement {}

        /**
         * Blocks of one layer.
         *
         * @param from indexes the ticket's blocks
         * @param source are ours
         * @param stored digests of the blocks that were made with them; none: they are made of the bytes as they are
         */
        record Layer(int layer, int from, int[] source, List<KvDigest> stored) implements Announcement {}

        /** All layers were announced. Of blocks by name both numbers are 0. */
        record All(int firstToken, long computeEndedMicros) implements Announcement {}
    }

    /**
     * One sequence on its way out, from its admission to prefill until the receiver has it. The worker reports progress from
     * the engine thread; a ticket may come before, during or after compute, and what is readable is announced in pieces as
     * soon as both are there. Whole blocks only, but for the last block of the sequence.
     *
     * <p>Holds a few integers per layer; no call blocks. The futures complete outside of the lock.
     */
    public static final class Prompt extends OutgoingTransfer implements AutoCloseable {
        private final AttemptKey key;
        private final int tokens;
        private final CompletableFuture<SendOutcome> completion = new CompletableFuture<>();
        private final CompletableFuture<RequestTags> asked = new CompletableFuture<>();

        private final int[] computedTokens;
        private final int[] announcedBlocks;
        private int[] blocks = {};
        private boolean completed;
        private int firstToken;
        private long computeEndedMicros;
        private long waitingSince;
        private boolean ended;

        private @Nullable OpenTicket taker;
        private int firstWanted;
        private long bytes;
        private long firstAnnounced;
        private boolean allAnnounced;

        Prompt(AttemptKey key, int tokens, KvLayout layout, TimeSource time) {
            super(layout, time);
            if (tokens < 1) {
                throw new IllegalArgumentException("nothing to send: %d tokens".formatted(tokens));
            }
            this.key = key;
            this.tokens = tokens;
            this.computedTokens = new int[layout.layers()];
            this.announcedBlocks = new int[layout.layers()];
        }

        public AttemptKey key() {
            return key;
        }

        /** All but in the last. */
        @Override
        int tokens(int index) {
            return Math.min(layout.blockTokens(), tokens - index * layout.blockTokens());
        }

        /** The blocks that hold, or will hold, all tokens in order; the first {@code cachedTokens} are readable now. */
        public void blocks(int[] ids, int cachedTokens) {
            synchronized (this) {
                if (ids.length < layout.blocksFor(tokens) || cachedTokens < 0 || cachedTokens > tokens) {
                    throw new IllegalArgumentException(
                            "%d blocks and %d cached tokens for %d tokens".formatted(ids.length, cachedTokens, tokens));
                }
                blocks = Arrays.copyOf(ids, layout.blocksFor(tokens));
                for (int layer = 0; layer < computedTokens.length; layer++) {
                    computedTokens[layer] = Math.max(computedTokens[layer], cachedTokens);
                }
            }
            signal();
        }

        /** One layer of tokens {@code [from, to)} is readable in the blocks. Tokens of a layer come in order. */
        public void layerComputed(int layer, int fromToken, int toToken) {
            synchronized (this) {
                if (fromToken > computedTokens[layer] || toToken > tokens || blocks.length == 0) {
                    throw new IllegalStateException("layer %d: tokens [%d, %d) computed of %d after %d, in %d blocks"
                            .formatted(layer, fromToken, toToken, tokens, computedTokens[layer], blocks.length));
                }
                computedTokens[layer] = Math.max(computedTokens[layer], toToken);
            }
            signal();
        }

        /** All layers of all tokens are readable, and this is what comes after them. */
        public void completed(int token, long endedMicros) {
            synchronized (this) {
                if (blocks.length == 0) {
                    throw new IllegalStateException("completed before its blocks were known");
                }
                Arrays.fill(computedTokens, tokens);
                completed = true;
                firstToken = token;
                computeEndedMicros = endedMicros;
                waitingSince = time.nanos();
            }
            signal();
        }

        /** Prefill gave up. The receiver is told. */
        public void failed(Failure failure) {
            end(new SendOutcome.Failed(failure), true);
        }

        /** Ends it when it has not ended: CANCELLED. */
        @Override
        public void close() {
            failed(Failures.of(Failure.Code.CANCELLED, "the sender let go of the request"));
        }

        /** Done when the blocks are no longer needed here. Completes on a session thread: hand over, do not work. */
        public CompletableFuture<SendOutcome> completion() {
            return completion;
        }

        /**
         * Done when the receiver has asked for it, and so has blocks for it, with its ticket's tags; or, with none, when it has
         * ended. Hand over, do not work.
         */
        public CompletableFuture<RequestTags> asked() {
            return asked;
        }

        /** Binds a ticket for the last {@code wantedBlocks} blocks of the sequence. A reason when it cannot be served. */
        @Nullable
        Failure attach(OpenTicket ticket, int wantedTokens, int wantedBlocks, RequestTags tags) {
            synchronized (this) {
                if (ended) {
                    return Failures.of(Failure.Code.SUPERSEDED, "the transfer has ended");
                }
                if (taker != null) {
                    return Failures.of(Failure.Code.BAD_REQUEST, "another ticket is being served");
                }
                if (wantedTokens != tokens || wantedBlocks < 1 || wantedBlocks > layout.blocksFor(tokens)) {
                    return Failures.of(
                            Failure.Code.BAD_REQUEST,
                            "ticket for %d tokens in %d blocks, the sender has %d tokens in %d blocks"
                                    .formatted(wantedTokens, wantedBlocks, tokens, layout.blocksFor(tokens)));
                }
                taker = ticket;
                waitingSince = time.nanos();
                firstWanted = layout.blocksFor(tokens) - wantedBlocks;
                Arrays.fill(announcedBlocks, firstWanted);
            }
            asked.complete(tags);
            signal();
            return null;
        }

        @Override
        synchronized @Nullable Announcement next(OpenTicket ticket, long credit) {
            if (ended || taker != ticket) {
                return null;
            }
            for (int layer = 0; layer < computedTokens.length; layer++) {
                int ready =
                        computedTokens[layer] >= tokens ? blocks.length : computedTokens[layer] / layout.blockTokens();
                int from = announcedBlocks[layer];
                if (ready > from) {
                    int count = fitting(layer, ready - from, credit);
                    if (count == 0) {
                        return null;
                    }
                    if (bytes == 0) {
                        firstAnnounced = time.nanos();
                    }
                    announcedBlocks[layer] += count;
                    waitingSince = time.nanos();
                    bytes += count * layout.layerBlockBytes(layer);
                    return new Announcement.Layer(
                            layer, from - firstWanted, Arrays.copyOfRange(blocks, from, from + count), List.of());
                }
            }
            if (completed && !allAnnounced) {
                allAnnounced = true;
                waitingSince = time.nanos();
                return new Announcement.All(firstToken, computeEndedMicros);
            }
            return null;
        }

        synchronized long announcedBytes() {
            return bytes;
        }

        @Override
        boolean acknowledged(OpenTicket ticket, KvTransportKind transport) {
            SendOutcome outcome;
            synchronized (this) {
                if (taker != ticket || ended) {
                    return true;
                }
                if (!allAnnounced) {
                    return false;
                }
                Duration duration = Duration.ofNanos(time.nanos() - firstAnnounced);
                long exposed = Math.max(0, time.epochMicros() - computeEndedMicros);
                outcome = new SendOutcome.Acknowledged(transport, bytes, duration, Duration.ofNanos(exposed * 1000));
            }
            end(outcome, false);
            return true;
        }

        @Override
        void lost(OpenTicket ticket, Failure failure) {
            synchronized (this) {
                if (taker != ticket) {
                    return;
                }
            }
            end(new SendOutcome.Failed(failure), false);
        }

        void expire(long now, Duration wait) {
            synchronized (this) {
                if (!completed || now - waitingSince < wait.toNanos()) {
                    return;
                }
            }
            failed(Failures.of(
                    Failure.Code.DEADLINE_EXCEEDED,
                    "no ticket, no credit or no acknowledgement within %d ms of the end of prefill"
                            .formatted(wait.toMillis())));
        }

        private void end(SendOutcome outcome, boolean tell) {
            OpenTicket told;
            synchronized (this) {
                if (ended) {
                    return;
                }
                ended = true;
                told = taker;
            }
            if (tell && told != null && outcome instanceof SendOutcome.Failed(Failure failure)) {
                told.refuse(failure);
            }
            asked.complete(RequestTags.getDefaultInstance());
            completion.complete(outcome);
        }

        private void signal() {
            OpenTicket target;
            synchronized (this) {
                target = taker;
            }
            if (target != null) {
                target.wake();
            }
        }
    }
}
