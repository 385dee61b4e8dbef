package dev.baton.cluster.quotas;

import dev.baton.control.quota.Limits;

/** Limits, and whose they are. */
public record ScopedLimits(QuotaScope scope, Limits limits) {}
