package dev.baton.worker;

import jakarta.validation.constraints.NotNull;
import java.nio.file.Path;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMin;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * The KV pool of a worker. The size of a block is {@link dev.baton.config.BlockProperties}.
 *
 * @param poolFolder where the pool's file lies; null: {@code /dev/shm}, or mapped files where there is none
 * @param memory size of the pool, rounded down to whole blocks
 * @param records whether the pool's file remembers its blocks, so that others can go on from them
 * @param verifyHits whether cached blocks are compared with their digests before they are used
 * @param orphanKeep how long the pool of a dead worker of this host stays before a living one deletes it
 */
@Validated
@ConfigurationProperties("baton.kv")
public record KvProperties(
        @Nullable Path poolFolder,
        @DefaultValue("256MB") @NotNull DataSize memory,
        @DefaultValue("true") boolean records,
        @DefaultValue("true") boolean verifyHits,

        @DefaultValue("60s") @NotNull @DurationMin(millis = 0)
        Duration orphanKeep) {}
