package dev.baton.transfer;

import dev.baton.protocol.v1.RequestTags;
import java.time.Duration;

/** KV that is asked of another worker, for blocks that are reserved here. */
public sealed interface KvRequest permits TicketRequest, FetchRequest {
    /** Blocks of our pool, reserved, in the order of the sequence. */
    int[] blocks();

    PeerAddress source();

    /** From now to the last byte. */
    Duration timeout();

    RequestTags tags();
}
