package dev.baton.cluster.quotas;

import dev.baton.control.quota.Limits;
import dev.baton.control.quota.Taken;

/** Limits in force, and what is taken of them. */
public record Standing(QuotaScope scope, Limits limits, Taken taken) {}
