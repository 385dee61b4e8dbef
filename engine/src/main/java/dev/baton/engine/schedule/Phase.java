package dev.baton.engine.schedule;

/** State of a sequence in a scheduler. */
public enum Phase {
    /** Waits for its first blocks, or for blocks again after it was preempted. */
    QUEUED,
    /** Holds reserved blocks into which another worker writes its KV. */
    RESERVED,
    /** Some of its known tokens are not computed yet. */
    PREFILLING,
    /** Makes one token per step. */
    DECODING,
    /** Computed as far as it should be; its blocks wait for their readers. */
    HOLDING,
    /** Ended while another worker may still write into its blocks. */
    QUARANTINED,
    /** Holds nothing. */
    ENDED
}
