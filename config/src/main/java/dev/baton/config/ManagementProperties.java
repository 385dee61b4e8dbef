package dev.baton.config;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Who may use a role's management port.
 *
 * @param keys file of operators, their roles and hashed keys; null: nobody may do more than ask for health
 * @param secured false lets everybody in, which is allowed on loopback only
 */
@ConfigurationProperties("baton.management")
public record ManagementProperties(
        @Nullable Path keys, @DefaultValue("true") boolean secured) {}
