package dev.baton.gateway.dispatch;

import java.nio.file.Path;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMax;
import org.hibernate.validator.constraints.time.DurationMin;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * Where usage events wait while Kafka is away, and how long the ledger has them.
 *
 * @param spool a folder of this host that outlives the process; the gateways of a host may share it
 * @param spoolMax bytes that one gateway keeps there; what comes after them is logged and counted as lost
 * @param keep how long a day of the ledger stays after it was last written
 */
@Validated
@ConfigurationProperties("baton.usage")
public record UsageProperties(
        Path spool,
        DataSize spoolMax,
        @DurationMin(days = 1) @DurationMax(days = 4_000) Duration keep) {
    @SuppressWarnings("NullAway") // a folder that is not set arrives as null
    public UsageProperties(
            @Nullable Path spool, @DefaultValue("64MB") DataSize spoolMax, @DefaultValue("400d") Duration keep) {
        this.spool = spool == null ? Path.of(System.getProperty("java.io.tmpdir"), "baton-usage") : spool;
        this.spoolMax = spoolMax;
        this.keep = keep;
    }
}
