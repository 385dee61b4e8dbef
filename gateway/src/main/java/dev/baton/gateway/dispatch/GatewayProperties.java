package dev.baton.gateway.dispatch;

import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.Pattern;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Who a gateway is.
 *
 * @param id unique in the cluster: tokens are sent to the gateway of this name
 */
@Validated
@ConfigurationProperties("baton.gateway")
public record GatewayProperties(
        @DefaultValue("gateway-0")
        @NotBlank
        @Pattern(regexp = "[A-Za-z0-9._-]{1,64}", message = "must be 1 to 64 letters, digits, '.', '_' or '-'")
        String id) {}
