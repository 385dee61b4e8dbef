package dev.baton.engine.schedule;

/** How far a sequence is carried here, and where its first KV comes from. */
public enum Goal {
    /** Compute all known tokens, sample one more, then hold the blocks until they are released. */
    PREFILL,
    /** Reserve blocks, wait for the KV of the known tokens, compute what did not come, then generate to the end. */
    DECODE,
    /** Compute all known tokens, then generate to the end: prefill and decode on one worker. */
    PREFILL_AND_DECODE
}
