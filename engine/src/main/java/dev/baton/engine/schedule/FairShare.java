package dev.baton.engine.schedule;

import java.util.HashMap;
import java.util.Map;

/**
 * Start-time fair queueing. Work is tagged with the virtual time at which its payer's earlier work would be done if all
 * payers were served equally; virtual time is the tag of what was served last. Of one payer, tags rise with arrival.
 */
final class FairShare {
    private static final int PRUNE_AT = 1_024;

    private final Map<Object, Double> finished = new HashMap<>();
    private double virtualTime;

    double tag(Object payer, int cost) {
        if (finished.size() >= PRUNE_AT) {
            finished.values().removeIf(finish -> finish <= virtualTime);
        }
        double start = Math.max(virtualTime, finished.getOrDefault(payer, 0.0));
        finished.put(payer, start + cost);
        return start;
    }

    void served(double tag) {
        virtualTime = Math.max(virtualTime, tag);
    }
}
