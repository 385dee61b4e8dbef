package dev.baton.gateway.dispatch;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * Where usage events wait while Kafka is away.
 *
 * @param spool a folder of this host that outlives the process; the gateways of a host may share it
 * @param spoolMax bytes that one gateway keeps there; what comes after them is logged and counted as lost
 */
@Validated
@ConfigurationProperties("baton.usage")
public record UsageProperties(Path spool, DataSize spoolMax) {
    @SuppressWarnings("NullAway") // a folder that is not set arrives as null
    public UsageProperties(@Nullable Path spool, @DefaultValue("64MB") DataSize spoolMax) {
        this.spool = spool == null ? Path.of(System.getProperty("java.io.tmpdir"), "baton-usage") : spool;
        this.spoolMax = spoolMax;
    }
}
