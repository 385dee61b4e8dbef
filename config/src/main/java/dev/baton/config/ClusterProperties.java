package dev.baton.config;

import dev.baton.protocol.ClusterNames;
import dev.baton.protocol.ClusterSecret;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Name and secret that make processes one cluster.
 *
 * @param name separates this cluster from others on the same Kafka and Redis
 * @param secret shared by all roles, which prove that they hold it and never send it; empty = none, which is refused
 *     where anything listens beyond loopback
 * @param tlsBundle SSL bundle (spring.ssl.bundle.*) of token streams and KV sessions, where both sides show their
 *     certificate; null: no TLS
 */
@Validated
@ConfigurationProperties("baton.cluster")
public record ClusterProperties(
        @DefaultValue("baton")
        @Pattern(regexp = "[a-z0-9][a-z0-9-]{0,31}", message = "must be 1 to 32 lower-case letters, digits or '-'")
        String name,

        @DefaultValue("") @NotNull String secret,

        @Nullable String tlsBundle) {
    /** Checks the secret here: a failed constraint would be reported with its value. */
    public ClusterProperties {
        new ClusterSecret(secret);
    }

    /** The names of its topics and keys. */
    public ClusterNames names() {
        return new ClusterNames(name);
    }

    /** Signs and checks with the secret. */
    public ClusterSecret proving() {
        return new ClusterSecret(secret);
    }

    /** Does not show the secret. */
    @Override
    public String toString() {
        return "ClusterProperties[name=" + name + ", secret=" + (secret.isEmpty() ? "none" : "set") + ", tlsBundle="
                + tlsBundle + "]";
    }
}
