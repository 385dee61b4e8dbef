package dev.baton.protocol;

import java.util.List;

/**
 * What a cluster calls its topics and keys, so that two of them can share a Kafka and a Redis. A partition of the two work
 * topics is a lane: one worker reads it while it holds the lane's lease.
 *
 * @param cluster {@code baton.cluster.name}
 */
public record ClusterNames(String cluster) {
    /** {@code PrefillJob} records, keyed by request id. */
    public String prefillTopic() {
        return cluster + ".prefill";
    }

    /** {@code Handoff} records, keyed by request id. */
    public String handoffTopic() {
        return cluster + ".handoff";
    }

    /** {@code UsageEvent} records, keyed by tenant. */
    public String usageTopic() {
        return cluster + ".usage";
    }

    /** Jobs that failed too often, without their prompts unless asked for. */
    public String deadTopic() {
        return cluster + ".dead";
    }

    public List<String> workTopics() {
        return List.of(prefillTopic(), handoffTopic());
    }

    public List<String> topics() {
        return List.of(prefillTopic(), handoffTopic(), usageTopic(), deadTopic());
    }

    /** A key in Redis: {@code <cluster>:<rest>}. */
    public String key(String rest) {
        return cluster + ":" + rest;
    }
}
