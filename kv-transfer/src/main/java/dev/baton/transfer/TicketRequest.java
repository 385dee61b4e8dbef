package dev.baton.transfer;

import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Duration;

/**
 * What a decode worker asks for.
 *
 * @param tokens of the whole sequence
 * @param blocks of our pool, reserved, in the order of the sequence: for its last tokens, all of them where nothing is
 *     cached here
 * @param source the worker that has the KV, with its epoch; {@code host} and {@code port} its KV sessions
 * @param timeout from now to the last byte
 */
public record TicketRequest(
        AttemptKey key, int tokens, int[] blocks, WorkerRef source, String host, int port, Duration timeout) {
    public TicketRequest {
        blocks = blocks.clone();
        if (tokens < 1 || blocks.length == 0 || port < 1 || port > 65_535 || timeout.toNanos() < 1) {
            throw new IllegalArgumentException("not a ticket: %d tokens, %d blocks, port %d, timeout %s"
                    .formatted(tokens, blocks.length, port, timeout));
        }
    }
}
