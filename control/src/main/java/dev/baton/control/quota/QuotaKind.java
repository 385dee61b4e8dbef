package dev.baton.control.quota;

/** What there is too much of. */
public enum QuotaKind {
    REQUESTS,
    TOKENS,
    CONCURRENT
}
