package dev.baton.gateway.dispatch;

import dev.baton.protocol.v1.Timing;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/**
 * Time to first token, split; a part is null until it is known. Parts that cross two clocks (kafka, firstToken) are
 * never below zero.
 *
 * @param admission request prepared until its job is handed to Kafka: admission, routing, state in Redis
 * @param kafka handed to Kafka until a worker polled it
 * @param queue polled until the first chunk begins: claim and the worker's queue
 * @param prefill first chunk until the first token is sampled
 * @param firstToken sampled until the gateway accepted it
 * @param handoff first token sampled until the sequence joined the decode batch
 * @param transfer duration of the KV transfer, hidden and exposed
 * @param exposedTransfer the part of {@code transfer} after prefill compute had ended
 * @param total request prepared until the gateway accepted the first token
 * @param attempts how many times it was dispatched
 */
public record TtftBreakdown(
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
    static final TtftBreakdown NONE = new TtftBreakdown(null, null, null, null, null, null, null, null, null, 0);

    /** Gathers the times of one request from the gateway's clock and from what its workers report. Owned by its loop. */
    static final class Builder {
        private final Instant submitted;
        private @Nullable Instant published;
        private @Nullable Instant firstToken;
        private Timing first = Timing.getDefaultInstance();
        private Timing decode = Timing.getDefaultInstance();
        private int attempts;

        Builder(Instant submitted) {
            this.submitted = submitted;
        }

        /** A new attempt. Before the first token it discards the times of the one before. */
        void attempt(int number, Instant now) {
            attempts = number;
            if (firstToken == null) {
                published = now;
                first = Timing.getDefaultInstance();
                decode = Timing.getDefaultInstance();
            }
        }

        /**
         * Later reports of a worker add to its earlier ones.
         *
         * @param makesFirst whether the worker makes the first token of the attempt
         */
        void note(Timing timing, boolean makesFirst) {
            if (makesFirst) {
                first = first.toBuilder().mergeFrom(timing).build();
            } else {
                decode = decode.toBuilder().mergeFrom(timing).build();
            }
        }

        /** The first token of the request was accepted. */
        void firstToken(Instant now) {
            firstToken = now;
        }

        Instant submitted() {
            return submitted;
        }

        TtftBreakdown build() {
            Timing moved = decode.getTransferBytes() > 0 || decode.getTransferUs() > 0 ? decode : first;
            long decodeStarted = Math.max(decode.getDecodeStartedUs(), first.getDecodeStartedUs());
            boolean transferred = moved.getTransferBytes() > 0;
            return new TtftBreakdown(
                    published == null ? null : Duration.between(submitted, published),
                    published == null ? null : between(micros(published), first.getJobSeenUs()),
                    between(first.getJobSeenUs(), first.getComputeStartedUs()),
                    between(first.getComputeStartedUs(), first.getFirstTokenUs()),
                    firstToken == null ? null : between(first.getFirstTokenUs(), micros(firstToken)),
                    between(first.getFirstTokenUs(), decodeStarted),
                    transferred ? Duration.of(moved.getTransferUs(), ChronoUnit.MICROS) : null,
                    transferred ? Duration.of(moved.getExposedTransferUs(), ChronoUnit.MICROS) : null,
                    firstToken == null ? null : Duration.between(submitted, firstToken),
                    attempts);
        }

        static long micros(Instant instant) {
            return ChronoUnit.MICROS.between(Instant.EPOCH, instant);
        }

        /** Null while either end is unknown; clocks of two machines may disagree, so never below zero. */
        private static @Nullable Duration between(long fromUs, long toUs) {
            return fromUs == 0 || toUs == 0 ? null : Duration.of(Math.max(0, toUs - fromUs), ChronoUnit.MICROS);
        }
    }
}
