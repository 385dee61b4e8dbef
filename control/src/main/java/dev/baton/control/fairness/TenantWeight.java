package dev.baton.control.fairness;

import dev.baton.protocol.v1.Generation;

/** The weight of a tenant as requests carry it. */
public final class TenantWeight {
    private TenantWeight() {}

    /** What is sent by builds that know no weight, or out of bounds, counts as the nearest weight that there is. */
    public static int of(Generation generation) {
        return Math.clamp(
                Integer.toUnsignedLong(generation.getWeight()), FairShare.USUAL_WEIGHT, FairShare.LARGEST_WEIGHT);
    }
}
