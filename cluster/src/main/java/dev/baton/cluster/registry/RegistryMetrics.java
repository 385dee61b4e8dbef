package dev.baton.cluster.registry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/** Meters of the worker registry. Safe from any thread. */
public final class RegistryMetrics {
    private final Map<SignedEntries.Reason, Counter> refused = new EnumMap<>(SignedEntries.Reason.class);

    public RegistryMetrics(MeterRegistry registry) {
        for (SignedEntries.Reason reason : SignedEntries.Reason.values()) {
            refused.put(
                    reason,
                    Counter.builder("baton.registry.refusals")
                            .description("Entries of workers that were read and not believed")
                            .tag("reason", reason.name().toLowerCase(Locale.ROOT))
                            .register(registry));
        }
    }

    void refused(SignedEntries.Reason reason) {
        Objects.requireNonNull(refused.get(reason)).increment();
    }
}
