package dev.baton.transfer;

import dev.baton.kv.KvDigest;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.KvTransportKind;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a ticket brings out of this worker: a prompt that is being computed, or blocks by their names. */
sealed interface Outgoing permits OutgoingTransfer, OutgoingBlocks {
    /** Bytes of one announcement: large enough to cost nothing, small enough to overlap both sides' work. */
    long PIECE_BYTES = 4 << 20;

    /** The next thing to announce within the credit, or null. */
    @Nullable
    Announcement next(OpenTicket ticket, long credit);

    /** Tokens that count in a block of the sequence. */
    int tokens(int index);

    /** The peer has it all. */
    void acknowledged(OpenTicket ticket, KvTransportKind transport);

    /** The peer of the ticket gave up or died. */
    void lost(OpenTicket ticket, Failure failure);

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
}
