package dev.baton.gateway.quota;

import dev.baton.cluster.quotas.WithoutRedis;
import dev.baton.control.quota.Limits;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMax;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * What a tenant may take where the key file does not say; 0: no limit.
 *
 * @param requestsPerMinute also the most at once after a minute without any
 * @param tokensPerMinute of prompts and answers, likewise
 * @param concurrent requests under way
 * @param withoutRedis what a gateway lets in for tenants with limits while it cannot reach Redis
 * @param lease requests of a gateway that died count as running for so long
 */
@Validated
@ConfigurationProperties("baton.quotas")
public record QuotaProperties(
        @DefaultValue("0") @Min(0) @Max(Limits.MOST) long requestsPerMinute,
        @DefaultValue("0") @Min(0) @Max(Limits.MOST) long tokensPerMinute,
        @DefaultValue("0") @Min(0) @Max(Limits.MOST) long concurrent,
        @DefaultValue("share") WithoutRedis withoutRedis,

        @DefaultValue("10s") @DurationMin(millis = 400) @DurationMax(minutes = 10)
        Duration lease) {
    Limits limits() {
        return new Limits(requestsPerMinute, tokensPerMinute, concurrent);
    }
}
