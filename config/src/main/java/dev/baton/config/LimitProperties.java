package dev.baton.config;

import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * How long a request may take as a whole, and how long it may make no progress in each phase.
 *
 * @param deadline the longest that a request may take from admission to its last token
 * @param withoutWorkers how long a new request waits while no decode worker of its model answers
 * @param queued waiting for a prefill worker's claim
 * @param prefilling from the claim to the handoff
 * @param handedOff from the handoff to the decode worker's claim
 * @param betweenTokens longest silence of a decoding request on a live stream
 */
@Validated
@ConfigurationProperties("baton.limits")
public record LimitProperties(
        @DefaultValue("10m") @DurationMin(millis = 1) Duration deadline,
        @DefaultValue("5s") @DurationMin(millis = 0) Duration withoutWorkers,
        @DefaultValue("1m") @DurationMin(millis = 1) Duration queued,
        @DefaultValue("2m") @DurationMin(millis = 1) Duration prefilling,
        @DefaultValue("30s") @DurationMin(millis = 1) Duration handedOff,
        @DefaultValue("30s") @DurationMin(millis = 1) Duration betweenTokens) {}
