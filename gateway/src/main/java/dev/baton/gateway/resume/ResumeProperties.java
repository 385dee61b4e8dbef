package dev.baton.gateway.resume;

import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMax;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * Resumable answers.
 *
 * @param keep an answer that nobody reads is cancelled after this, and one that has ended is forgotten
 * @param lease another gateway takes an answer over when its owner has not been heard for so long
 * @param writeBehind accepted tokens lie in Redis within this, where workers compute the same bits
 * @param tenantBytes most bytes of one tenant's answers in Redis
 */
@Validated
@ConfigurationProperties("baton.resume")
public record ResumeProperties(
        @DefaultValue("5m") @DurationMin(seconds = 1) @DurationMax(hours = 24)
        Duration keep,

        @DefaultValue("2s") @DurationMin(millis = 400) @DurationMax(minutes = 1)
        Duration lease,

        @DefaultValue("50ms") @DurationMin(millis = 1) @DurationMax(millis = 100)
        Duration writeBehind,

        @DefaultValue("64MB") DataSize tenantBytes) {
    private static final DataSize LEAST = DataSize.ofKilobytes(64);

    public ResumeProperties {
        if (tenantBytes.compareTo(LEAST) < 0) {
            throw new IllegalArgumentException("baton.resume.tenant-bytes must be at least 64 KB, not " + tenantBytes);
        }
    }
}
