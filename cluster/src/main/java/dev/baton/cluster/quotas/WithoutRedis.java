package dev.baton.cluster.quotas;

/** What a gateway lets in for tenants with limits while it cannot reach Redis. */
public enum WithoutRedis {
    /** Its share: the limit divided by the gateways that last lived. */
    SHARE,
    /** Nothing. */
    REFUSE
}
