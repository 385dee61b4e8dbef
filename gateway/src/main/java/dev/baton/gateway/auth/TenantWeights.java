package dev.baton.gateway.auth;

import dev.baton.control.fairness.FairShare;

/** What part of the work each tenant gets while others wait too. Any thread. */
@FunctionalInterface
public interface TenantWeights {
    /** All alike. */
    TenantWeights EQUAL = tenant -> FairShare.USUAL_WEIGHT;

    /** 1 to {@link FairShare#LARGEST_WEIGHT}. */
    int of(String tenant);
}
