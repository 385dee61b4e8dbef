package dev.baton.gateway.dispatch;

import dev.baton.control.routing.ServingMode;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * How requests are let in, placed and carried. Time limits are {@code baton.limits.*}.
 *
 * @param mode whether prefill and decode run apart
 * @param localTokens in mode AUTO, the largest uncached prompt that the decode worker computes itself
 * @param maxInFlight most requests under way; more get 429
 * @param patience longest predicted time to the first token with which a request is let in; more get 429
 * @param attempts attempts in a row that may end without a new token before a request fails
 * @param breakerAfter a worker that fails so many requests in a row gets none for a while
 * @param avoidFor how long that is at first, and how long a pair is avoided between which KV does not move; each time in a
 *     row it doubles, up to 32 times that
 * @param loops threads that own requests; 0 = one for every four cores, at most four
 * @param drainLimit how long a stop waits for running requests
 * @param recomputedAlarm more requests than this, struck within {@code recomputedWithin} and computed again for the most
 *     part, are an alarm; 0 = there is none
 */
@Validated
@ConfigurationProperties("baton.dispatch")
public record DispatchProperties(
        @DefaultValue("AUTO") ServingMode mode,
        @DefaultValue("64") @Min(0) int localTokens,
        @DefaultValue("4096") @Min(1) int maxInFlight,
        @DefaultValue("1m") @DurationMin(millis = 1) Duration patience,
        @DefaultValue("6") @Min(1) @Max(100) int attempts,
        @DefaultValue("3") @Min(1) @Max(1000) int breakerAfter,
        @DefaultValue("2s") @DurationMin(millis = 1) Duration avoidFor,
        @DefaultValue("0") @Min(0) @Max(64) int loops,
        @DefaultValue("30s") @DurationMin(millis = 0) Duration drainLimit,
        @DefaultValue("10") @Min(0) int recomputedAlarm,
        @DefaultValue("1m") @DurationMin(millis = 1) Duration recomputedWithin) {
    int threads() {
        int cores = Runtime.getRuntime().availableProcessors();
        return loops > 0 ? loops : Math.clamp(cores / 4, 1, 4);
    }
}
