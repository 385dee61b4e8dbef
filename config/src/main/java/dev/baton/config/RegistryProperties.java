package dev.baton.config;

import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * How long entries in Redis last, and how often they are written and read.
 *
 * @param workerTtl a worker that has not written its state for this long is no longer listed
 * @param publishEvery how often a worker writes its state
 * @param pollEvery how often others read it
 * @param leaseTtl a lane whose holder has not renewed for this long is free
 * @param leaseRenewEvery how often a holder renews; well below {@code leaseTtl}
 * @param requestMargin how long a request's state outlives its deadline
 * @param timeout after this a command that Redis has not answered has failed
 */
@Validated
@ConfigurationProperties("baton.registry")
public record RegistryProperties(
        @DefaultValue("2s") @DurationMin(millis = 50) Duration workerTtl,
        @DefaultValue("200ms") @DurationMin(millis = 1) Duration publishEvery,
        @DefaultValue("200ms") @DurationMin(millis = 1) Duration pollEvery,
        @DefaultValue("3s") @DurationMin(millis = 50) Duration leaseTtl,
        @DefaultValue("500ms") @DurationMin(millis = 1) Duration leaseRenewEvery,
        @DefaultValue("1m") @DurationMin(millis = 1) Duration requestMargin,
        @DefaultValue("1s") @DurationMin(millis = 1) Duration timeout) {
    public RegistryProperties {
        below("baton.registry.publish-every", publishEvery, "baton.registry.worker-ttl", workerTtl);
        below("baton.registry.lease-renew-every", leaseRenewEvery, "baton.registry.lease-ttl", leaseTtl);
    }

    private static void below(String name, Duration value, String limitName, Duration limit) {
        if (value.multipliedBy(2).compareTo(limit) > 0) {
            throw new IllegalArgumentException(name + " (" + value + ") must be at most half of " + limitName + " ("
                    + limit + "), or one late renewal loses it");
        }
    }
}
