package dev.baton.gateway;

import dev.baton.tokenizer.SpecialTokensInText;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.Pattern;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.hibernate.validator.constraints.time.DurationMax;
import org.hibernate.validator.constraints.time.DurationMin;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * What the HTTP edge allows. Where it listens is Spring's {@code server.address} and {@code server.port}.
 *
 * @param apiKeys file of tenants and hashed keys; null: no key is needed, which is allowed on loopback only
 * @param apiKeysEvery how often is looked whether that file has changed
 * @param keyHeader header that may carry the bare key instead of {@code Authorization: Bearer}
 * @param corsOrigins origins of web pages that may call from a browser, or {@code *}
 * @param maxBody largest request body
 * @param maxBodies bytes of all bodies that are being read or wait to be parsed; more get 429
 * @param maxAnswers memory of all answers that are not sent yet; 0: a quarter of the heap
 * @param headTimeout the headers must have arrived within this from the request's first byte
 * @param bodyTimeout the whole body must have arrived within this from its headers
 * @param maxChoices most choices ({@code n} times prompts) of one request
 * @param specialTokensInText what becomes of text in a conversation that spells a special token
 * @param keepAlive longest silence on an admitted stream before a comment is written
 * @param stallLimit a client that takes no byte for this long, while some wait for it, is disconnected
 * @param maxConnections most open connections; more are closed at once
 * @param maxConnectionsPerAddress most open connections of one address
 * @param prepareThreads threads that parse and encode long bodies, and compile schemas
 * @param prepareQueue bodies that may wait for each of these threads
 * @param metricTenants tenants that meters tell apart; later ones count as {@code other}
 */
@Validated
@ConfigurationProperties("baton.http")
record HttpProperties(
        @Nullable Path apiKeys,
        @DefaultValue("2s") @DurationMin(millis = 10) Duration apiKeysEvery,
        @DefaultValue("X-API-Key") @NotBlank String keyHeader,

        @DefaultValue
        List<@Pattern(regexp = "\\*|https?://[^/\\s]+", message = "must be * or look like https://app.example") String>
                corsOrigins,

        @DefaultValue("4MB") DataSize maxBody,
        @DefaultValue("64MB") DataSize maxBodies,
        @DefaultValue("0B") DataSize maxAnswers,
        @DefaultValue("10s") @DurationMin(nanos = 1) Duration headTimeout,
        @DefaultValue("30s") @DurationMin(nanos = 1) Duration bodyTimeout,
        @DefaultValue("16") @Min(1) @Max(128) int maxChoices,
        @DefaultValue("text") SpecialTokensInText specialTokensInText,

        @DefaultValue("10s")
        @DurationMin(nanos = 1)
        @DurationMax(seconds = 15, message = "must be at most 15 s: clients and proxies give up on longer silence")
        Duration keepAlive,

        @DefaultValue("60s") @DurationMin(nanos = 1) Duration stallLimit,
        @DefaultValue("10000") @Min(1) int maxConnections,
        @DefaultValue("5000") @Min(1) int maxConnectionsPerAddress,
        @DefaultValue("2") @Min(1) @Max(256) int prepareThreads,
        @DefaultValue("256") @Min(1) int prepareQueue,
        @DefaultValue("100") @Min(0) @Max(10_000) int metricTenants) {
    private static final DataSize LARGEST_BODY = DataSize.ofMegabytes(256);
    private static final DataSize LEAST_ANSWERS = DataSize.ofMegabytes(1);

    HttpProperties {
        if (maxBody.toBytes() < 1 || maxBody.compareTo(LARGEST_BODY) > 0) {
            throw new IllegalArgumentException("baton.http.max-body must be between 1 B and 256 MB, not " + maxBody);
        }
        if (maxBodies.compareTo(maxBody) < 0) {
            throw new IllegalArgumentException("baton.http.max-bodies (" + maxBodies
                    + ") must be at least baton.http.max-body (" + maxBody + "), or the largest body never gets in");
        }
        maxAnswers = maxAnswers.toBytes() == 0
                ? DataSize.ofBytes(Runtime.getRuntime().maxMemory() / 4)
                : maxAnswers;
        if (maxAnswers.compareTo(LEAST_ANSWERS) < 0) {
            throw new IllegalArgumentException("baton.http.max-answers must be at least 1 MB, not " + maxAnswers);
        }
    }
}
