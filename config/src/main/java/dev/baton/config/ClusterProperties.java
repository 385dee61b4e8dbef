package dev.baton.config;

import jakarta.validation.constraints.NotNull;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * What makes processes one cluster.
 *
 * @param secret shared by all roles: token streams and KV sessions are refused without it; empty = none is asked for,
 *     which is right only while everything listens on loopback
 */
@Validated
@ConfigurationProperties(prefix = "baton.cluster", ignoreUnknownFields = false)
public record ClusterProperties(@DefaultValue("") @NotNull String secret) {
    /** Does not show the secret. */
    @Override
    public String toString() {
        return "ClusterProperties[secret=" + (secret.isEmpty() ? "none" : "set") + "]";
    }
}
