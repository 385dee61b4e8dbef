package dev.baton.config;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * The KV block: the same on every worker of a model, since blocks are named and moved whole.
 *
 * @param blockTokens tokens of a block
 */
@Validated
@ConfigurationProperties("baton.kv")
public record BlockProperties(
        @DefaultValue("64") @Min(1) @Max(1024) int blockTokens) {}
