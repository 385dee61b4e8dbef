package dev.baton.gateway.observe;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The tag of a tenant on meters: so many tenants by name, all others as one, so that keys cannot flood a time-series store. */
final class TenantTag {
    static final String OTHER = "other";

    private final int most;
    private final Set<String> named = ConcurrentHashMap.newKeySet();

    TenantTag(int most) {
        this.most = most;
    }

    /** The first ones that ask keep their names until the gateway ends. */
    String of(String tenant) {
        if (named.contains(tenant)) {
            return tenant;
        }
        synchronized (this) {
            if (named.size() < most) {
                named.add(tenant);
                return tenant;
            }
        }
        return OTHER;
    }
}
