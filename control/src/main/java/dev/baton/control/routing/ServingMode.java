package dev.baton.control.routing;

/** Whether prefill and decode run apart. */
public enum ServingMode {
    /** Short or mostly cached prompts are computed by the decode worker, the others by a prefill worker. */
    AUTO,
    /** Every prompt goes to a prefill worker while one lives that has not failed it. */
    SPLIT,
    /** Every prompt is computed where it is decoded. */
    COLOCATED
}
