package dev.baton.gateway.dispatch;

import dev.baton.protocol.v1.Timing;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/** Gathers the times of one request from the gateway's clock and from what its workers report. Owned by its loop. */
final class TimingParts {
    private final Instant submitted;
    private @Nullable Instant published;
    private @Nullable Instant firstToken;
    private Timing first = Timing.getDefaultInstance();
    private Timing decode = Timing.getDefaultInstance();
    private int attempts;

    TimingParts(Instant submitted) {
        this.submitted = submitted;
    }

    /** A new attempt, before the first token: the times of the one before tell nothing. */
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

    @Nullable
    Instant firstToken() {
        return firstToken;
    }

    RequestTiming split() {
        Timing moved = decode.getTransferBytes() > 0 || decode.getTransferUs() > 0 ? decode : first;
        long decodeStarted = Math.max(decode.getDecodeStartedUs(), first.getDecodeStartedUs());
        boolean transferred = moved.getTransferBytes() > 0;
        return new RequestTiming(
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
