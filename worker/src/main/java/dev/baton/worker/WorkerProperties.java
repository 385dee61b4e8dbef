package dev.baton.worker;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMin;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Identity and addresses of a worker.
 *
 * @param id stable across restarts, unique in the cluster, e.g. "decode-0"
 * @param advertisedHost under which gateways and other workers reach it
 * @param listenAddress where its token stream and KV sessions listen
 * @param tokenPort gRPC token stream; 0 = any free port
 * @param kvPort KV sessions; 0 = any free port
 * @param advertisedTokenPort under which gateways reach its token stream, where something stands before it that forwards;
 *     0 = the port that it listens on
 * @param advertisedKvPort the same for KV sessions
 * @param lane the lane to hold; null: any free one
 * @param hungAfter a worker whose engine or lane stands still for so long ends, to be started again
 */
@Validated
@ConfigurationProperties("baton.worker")
public record WorkerProperties(
        @NotBlank
        @Pattern(regexp = "[A-Za-z0-9._-]{1,64}", message = "must be 1 to 64 letters, digits, '.', '_' or '-'")
        String id,

        @DefaultValue("127.0.0.1") @NotBlank String advertisedHost,
        @DefaultValue("127.0.0.1") @NotBlank String listenAddress,
        @DefaultValue("0") @Min(0) @Max(65535) int tokenPort,
        @DefaultValue("0") @Min(0) @Max(65535) int kvPort,
        @DefaultValue("0") @Min(0) @Max(65535) int advertisedTokenPort,
        @DefaultValue("0") @Min(0) @Max(65535) int advertisedKvPort,
        @Nullable @Min(0) Integer lane,

        @DefaultValue("1m") @NotNull @DurationMin(seconds = 1)
        Duration hungAfter) {
    /** @param listening the port in use */
    int tokenPortToTell(int listening) {
        return advertisedTokenPort == 0 ? listening : advertisedTokenPort;
    }

    /** @param listening the port in use */
    public int kvPortToTell(int listening) {
        return advertisedKvPort == 0 ? listening : advertisedKvPort;
    }
}
