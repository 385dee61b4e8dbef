package dev.baton.gateway.auth;

import dev.baton.control.quota.LimitChange;
import dev.baton.control.quota.Limits;
import java.util.Set;

/**
 * Who asks.
 *
 * @param key id of the key, unique among the tenant's; never the key itself
 * @param highest the best service tier that the key entitles to
 * @param models that the key may use; empty: all
 * @param tenantLimits what the key file says of the tenant, over the settings
 * @param keyLimits of this key alone
 */
public record Identity(
        String tenant,
        String key,
        ServiceTier highest,
        Set<String> models,
        LimitChange tenantLimits,
        Limits keyLimits) {
    /** The id of the key of requests that need none. */
    static final String NO_KEY = "none";

    public Identity {
        models = Set.copyOf(models);
    }

    /** Somebody without a key, where none is needed. */
    static Identity open(String tenant) {
        return new Identity(tenant, NO_KEY, ServiceTier.PRIORITY, Set.of(), LimitChange.NOTHING, Limits.NONE);
    }

    public boolean mayUse(String model) {
        return models.isEmpty() || models.contains(model);
    }
}
