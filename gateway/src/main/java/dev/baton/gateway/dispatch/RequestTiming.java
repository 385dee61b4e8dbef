package dev.baton.gateway.dispatch;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Time to first token, split; a part is null until it is known. Parts that cross two clocks (kafka, firstToken) are
 * never below zero.
 *
 * @param admission submission until the job is handed to Kafka: admission, routing, state in Redis
 * @param kafka handed to Kafka until a worker polled it
 * @param queue polled until the first chunk begins: claim and the worker's queue
 * @param prefill first chunk until the first token is sampled
 * @param firstToken sampled until the gateway accepted it
 * @param handoff first token sampled until the sequence joined the decode batch
 * @param transfer duration of the KV transfer, hidden and exposed
 * @param exposedTransfer the part of {@code transfer} after prefill compute had ended
 * @param total submission until the gateway accepted the first token
 * @param attempts how many times it was dispatched
 */
public record RequestTiming(
        @Nullable Duration admission,
        @Nullable Duration kafka,
        @Nullable Duration queue,
        @Nullable Duration prefill,
        @Nullable Duration firstToken,
        @Nullable Duration handoff,
        @Nullable Duration transfer,
        @Nullable Duration exposedTransfer,
        @Nullable Duration total,
        int attempts) {
    /** Nothing known yet. */
    static final RequestTiming NONE = new RequestTiming(null, null, null, null, null, null, null, null, null, 0);
}
