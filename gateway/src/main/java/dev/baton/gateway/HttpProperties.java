package dev.baton.gateway;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * What the HTTP edge allows. Where it listens is Spring's {@code server.address} and {@code server.port}.
 *
 * @param apiKeys file of tenants and hashed keys; null: no key is needed, which is allowed on loopback only
 * @param keyHeader header that may carry the bare key instead of {@code Authorization: Bearer}
 * @param maxBody largest request body
 * @param maxBodies bytes of all bodies that are being read or wait to be parsed; more get 429
 * @param bodyTimeout the whole body must have arrived within this
 * @param maxChoices most choices ({@code n} times prompts) of one request
 * @param keepAlive longest silence on an admitted stream before a comment is written
 * @param stallLimit a client that reads nothing for this long, while something waits for it, is disconnected
 * @param prepareThreads threads that parse and encode long bodies
 * @param prepareQueue long bodies that may wait for each of these threads
 */
@ConfigurationProperties(prefix = "baton.http", ignoreUnknownFields = false)
record HttpProperties(
        @Nullable Path apiKeys,
        @DefaultValue("X-API-Key") String keyHeader,
        @DefaultValue("4MB") DataSize maxBody,
        @DefaultValue("64MB") DataSize maxBodies,
        @DefaultValue("30s") Duration bodyTimeout,
        @DefaultValue("16") int maxChoices,
        @DefaultValue("10s") Duration keepAlive,
        @DefaultValue("60s") Duration stallLimit,
        @DefaultValue("2") int prepareThreads,
        @DefaultValue("64") int prepareQueue) {
    private static final Duration LONGEST_SILENCE = Duration.ofSeconds(15);

    HttpProperties {
        check(!keyHeader.isBlank(), "key-header must name a header");
        check(
                maxBody.toBytes() > 0
                        && maxBody.toBytes() <= DataSize.ofMegabytes(256).toBytes(),
                "max-body must be between 1 B and 256 MB, not " + maxBody);
        check(
                maxBodies.compareTo(maxBody) >= 0,
                "max-bodies (" + maxBodies + ") must be at least baton.http.max-body (" + maxBody
                        + "), or the largest body never gets in");
        check(bodyTimeout.isPositive(), "body-timeout must be above zero, not " + bodyTimeout);
        check(maxChoices >= 1 && maxChoices <= 128, "max-choices must be between 1 and 128, not " + maxChoices);
        check(
                keepAlive.isPositive() && keepAlive.compareTo(LONGEST_SILENCE) <= 0,
                "keep-alive must be between 1 ms and 15 s (clients and proxies give up on longer silence), not "
                        + keepAlive);
        check(stallLimit.isPositive(), "stall-limit must be above zero, not " + stallLimit);
        check(
                prepareThreads >= 1 && prepareThreads <= 256,
                "prepare-threads must be between 1 and 256, not " + prepareThreads);
        check(prepareQueue >= 1, "prepare-queue must be at least 1, not " + prepareQueue);
    }

    private static void check(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException("baton.http." + message);
        }
    }
}
