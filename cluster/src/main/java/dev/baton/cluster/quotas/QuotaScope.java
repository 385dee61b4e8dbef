package dev.baton.cluster.quotas;

/**
 * Whose quota it is.
 *
 * @param key id of one of the tenant's keys; empty: all of the tenant together
 */
public record QuotaScope(String tenant, String key) {
    public static QuotaScope of(String tenant) {
        return new QuotaScope(tenant, "");
    }
}
