package dev.baton.gateway.dispatch;

import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import org.hibernate.validator.constraints.time.DurationMin;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Who a gateway is, and how it ends.
 *
 * @param id unique in the cluster, for logs and for the operator; unless set, the host's name and random digits
 * @param lameDuck how long a gateway that was asked to end takes new requests while it is not ready
 */
@Validated
@ConfigurationProperties("baton.gateway")
public record GatewayProperties(
        @NotBlank
        @Pattern(regexp = "[A-Za-z0-9._-]{1,64}", message = "must be 1 to 64 letters, digits, '.', '_' or '-'")
        String id,

        @NotNull @DurationMin(millis = 0) Duration lameDuck) {
    private static final int MOST_OF_HOST = 40;

    @SuppressWarnings("NullAway") // an id that is not set arrives as null
    public GatewayProperties(@Nullable String id, @DefaultValue("3s") Duration lameDuck) {
        this.id = id == null ? unique() : id;
        this.lameDuck = lameDuck;
    }

    private static String unique() {
        String digits = HexFormat.of().toHexDigits(new SecureRandom().nextInt());
        return "gateway-" + host() + "-" + digits;
    }

    private static String host() {
        try {
            String name = InetAddress.getLocalHost().getHostName().replaceAll("[^A-Za-z0-9._-]", "-");
            return name.substring(0, Math.min(name.length(), MOST_OF_HOST));
        } catch (UnknownHostException e) {
            return "host";
        }
    }
}
