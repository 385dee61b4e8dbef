package dev.baton.protocol;

/** Kafka topics. A partition of the two work topics is a lane: one worker reads it while it holds the lane's lease. */
public final class Topics {
    /** {@code PrefillJob} records, keyed by request id. */
    public static final String PREFILL = "baton.prefill";

    /** {@code Handoff} records, keyed by request id. */
    public static final String HANDOFF = "baton.handoff";

    /** {@code UsageEvent} records, keyed by tenant. */
    public static final String USAGE = "baton.usage";

    /** Jobs that failed too often, without their prompts unless asked for. */
    public static final String DEAD = "baton.dead";

    private Topics() {}
}
