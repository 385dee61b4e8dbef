package dev.baton.engine.schedule;

/** How far a scheduler carries a sequence, and where its first KV comes from. */
public enum Goal {
    /** Compute all known tokens, make one more, then hold the blocks for readers. */
    PREFILL,
    /** Wait for the KV of all known tokens and for the token after them, then make tokens to the end. */
    DECODE,
    /** Compute all known tokens, then make tokens to the end. */
    BOTH
}
