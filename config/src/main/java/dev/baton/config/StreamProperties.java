package dev.baton.config;

import jakarta.validation.constraints.Min;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * The token streams between gateways and workers.
 *
 * @param pingEvery how often a gateway pings each worker that works for it
 * @param idlePingEvery how often it pings one that does not
 * @param suspectAfter a worker silent for this long is suspect: it gets no new requests until it is heard
 * @param connectTimeout a connection not made within this has failed
 * @param retryFrom first pause before another try to connect; doubles up to {@code retryUpTo}
 * @param keepUnacknowledged how long a worker keeps tokens that no gateway has acknowledged
 * @param maxUnsent tokens' bytes waiting for one gateway before its stream counts as stuck and is closed
 * @param maxKept requests whose tokens a worker keeps; the oldest finished ones go first
 */
@Validated
@ConfigurationProperties("baton.stream")
public record StreamProperties(
        @DefaultValue("50ms") @DurationMin(millis = 1) Duration pingEvery,
        @DefaultValue("1s") @DurationMin(millis = 1) Duration idlePingEvery,
        @DefaultValue("200ms") @DurationMin(millis = 1) Duration suspectAfter,
        @DefaultValue("1s") @DurationMin(millis = 1) Duration connectTimeout,
        @DefaultValue("10ms") @DurationMin(millis = 1) Duration retryFrom,
        @DefaultValue("1s") @DurationMin(millis = 1) Duration retryUpTo,
        @DefaultValue("1m") @DurationMin(millis = 1) Duration keepUnacknowledged,
        @DefaultValue("64MB") DataSize maxUnsent,
        @DefaultValue("65536") @Min(1) int maxKept) {
    public StreamProperties {
        if (pingEvery.multipliedBy(2).compareTo(suspectAfter) > 0) {
            throw new IllegalArgumentException("baton.stream.ping-every (" + pingEvery
                    + ") must be at most half of baton.stream.suspect-after (" + suspectAfter
                    + "), or one late answer makes a worker suspect");
        }
        if (pingEvery.compareTo(idlePingEvery) > 0) {
            throw new IllegalArgumentException("baton.stream.idle-ping-every (" + idlePingEvery
                    + ") must not be below baton.stream.ping-every (" + pingEvery + ")");
        }
        if (retryFrom.compareTo(retryUpTo) > 0) {
            throw new IllegalArgumentException("baton.stream.retry-from (" + retryFrom
                    + ") must not exceed baton.stream.retry-up-to (" + retryUpTo + ")");
        }
    }
}
