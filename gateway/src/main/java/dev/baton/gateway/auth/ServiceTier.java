package dev.baton.gateway.auth;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What comes first among the requests of one tenant, from last to first. */
public enum ServiceTier {
    FLEX(-10),
    DEFAULT(0),
    PRIORITY(10);

    private final int priority;

    ServiceTier(int priority) {
        this.priority = priority;
    }

    /** The number that the workers order by. */
    public int priority() {
        return priority;
    }

    /** The name in requests, answers and key files. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static Optional<ServiceTier> of(String label) {
        return Arrays.stream(values())
                .filter(tier -> tier.label().equals(label))
                .findFirst();
    }

    /** This tier, or the other where that is lower. */
    public ServiceTier atMost(ServiceTier other) {
        return compareTo(other) <= 0 ? this : other;
    }
}
