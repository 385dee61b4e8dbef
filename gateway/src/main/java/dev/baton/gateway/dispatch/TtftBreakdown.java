package dev.baton.gateway.dispatch;

import com.google.protobuf.Descriptors.FieldDescriptor;
import dev.baton.protocol.v1.Timing;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Time to first token, split; a part is null until it is known. The parts from admission to firstToken follow each
 * other and add up to total. Those that cross two clocks (kafka, firstToken) are never below zero.
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
 * @param recoveries how it went on after an attempt was struck, oldest first; the last {@value Recoveries#MOST} that are over
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
        int attempts,
        List<Recovery> recoveries) {
    /** Nothing known yet. */
    public static final TtftBreakdown NONE =
            new TtftBreakdown(null, null, null, null, null, null, null, null, null, 0, List.of());

    /** The points in time of a report, by the clock of its worker. */
    private static final List<FieldDescriptor> TIMES = Timing.getDescriptor().getFields().stream()
            .filter(field -> !Set.of("transfer_us", "exposed_transfer_us", "transfer_bytes")
                    .contains(field.getName()))
            .toList();

    /** Gathers the times of one request from the gateway's clock and from what its workers report. Owned by its loop. */
    static final class Builder {
        private final Instant submitted;
        private final Recoveries recoveries;
        private @Nullable Instant published;
        private @Nullable Instant firstToken;
        private Timing first = Timing.getDefaultInstance();
        private Timing decode = Timing.getDefaultInstance();
        private int attempts;

        Builder(Instant submitted) {
            this.submitted = submitted;
            this.recoveries = new Recoveries(submitted);
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
         * @param aheadUs how far its clock is ahead of ours
         */
        void note(Timing timing, boolean makesFirst, long aheadUs) {
            Timing ours = byOurClock(timing, aheadUs);
            if (makesFirst) {
                first = first.toBuilder().mergeFrom(ours).build();
            } else {
                decode = decode.toBuilder().mergeFrom(ours).build();
            }
        }

        private static Timing byOurClock(Timing timing, long aheadUs) {
            Timing.Builder ours = timing.toBuilder();
            TIMES.forEach(time -> {
                long at = (Long) timing.getField(time);
                if (at != 0) {
                    ours.setField(time, at - aheadUs);
                }
            });
            return ours.build();
        }

        /** The first token of the request was accepted. */
        void firstToken(Instant now) {
            firstToken = now;
        }

        Instant submitted() {
            return submitted;
        }

        Recoveries recoveries() {
            return recoveries;
        }

        TtftBreakdown build() {
            Timing moved = decode.getTransferBytes() > 0 || decode.getTransferUs() > 0 ? decode : first;
            long decodeStarted = Math.max(decode.getDecodeStartedUs(), first.getDecodeStartedUs());
            boolean transferred = moved.getTransferBytes() > 0;
            long from = published == null ? 0 : micros(published);
            Way way = new Way(first.getJobSeenUs(), first.getComputeStartedUs(), first.getFirstTokenUs())
                    .within(from, firstToken == null ? Long.MAX_VALUE : micros(firstToken));
            return new TtftBreakdown(
                    published == null ? null : Duration.between(submitted, published),
                    between(from, way.seen()),
                    between(way.seen(), way.computed()),
                    between(way.computed(), way.sampled()),
                    firstToken == null ? null : between(way.sampled(), micros(firstToken)),
                    between(first.getFirstTokenUs(), decodeStarted),
                    transferred ? Duration.of(moved.getTransferUs(), ChronoUnit.MICROS) : null,
                    transferred ? Duration.of(moved.getExposedTransferUs(), ChronoUnit.MICROS) : null,
                    firstToken == null ? null : Duration.between(submitted, firstToken),
                    attempts,
                    recoveries.over());
        }

        /**
         * What the worker of the first token measured, by our clock; 0 is not known. The clocks' difference is known to
         * half a round trip only: what still lies before the job was sent, or behind the token's arrival, is moved as a
         * whole, so that the worker's own parts stay as they are and all parts add up.
         */
        private record Way(long seen, long computed, long sampled) {
            Way within(long from, long until) {
                if (seen == 0 || from == 0) {
                    return this;
                }
                long last = Math.max(seen, Math.max(computed, sampled));
                long early = Math.max(0, from - seen);
                long shift = early > 0 ? early : -Math.min(Math.max(0, last - until), seen - from);
                return new Way(moved(seen, shift, until), moved(computed, shift, until), moved(sampled, shift, until));
            }

            private static long moved(long time, long shift, long until) {
                return time == 0 ? 0 : Math.min(time + shift, until);
            }
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
