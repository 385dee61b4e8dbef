package dev.baton.transfer;

import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Duration;

/**
 * What a decode worker asks of the prefill worker that computes its prompt.
 *
 * @param tokens of the whole sequence
 * @param blocks for the last tokens of the sequence, all of them where nothing is cached here
 */
public record TicketRequest(
        AttemptKey key, int tokens, int[] blocks, PeerAddress source, Duration timeout, RequestTags tags)
        implements KvRequest {
    public TicketRequest {
        blocks = blocks.clone();
        if (tokens < 1 || blocks.length == 0 || timeout.toNanos() < 1) {
            throw new IllegalArgumentException(
                    "not a ticket: %d tokens, %d blocks, timeout %s".formatted(tokens, blocks.length, timeout));
        }
    }

    /** Without tags. */
    public TicketRequest(
            AttemptKey key, int tokens, int[] blocks, WorkerRef worker, String host, int port, Duration timeout) {
        this(key, tokens, blocks, new PeerAddress(worker, host, port), timeout, RequestTags.getDefaultInstance());
    }
}
