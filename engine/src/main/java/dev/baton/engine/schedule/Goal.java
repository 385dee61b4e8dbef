package dev.baton.engine.schedule;

/** The part of a sequence that is computed here, and the source of its first KV. */
public enum Goal {
    /** Compute all known tokens, sample one more, then hold the blocks until they are released. */
    PREFILL,
    /** Reserve blocks, wait for the KV of the known tokens, compute what did not come, then go on as {@link #PREFILL} does. */
    PREFILL_REST,
    /** Reserve blocks, wait for the KV of the known tokens, compute what did not come, then generate to the end. */
    DECODE,
    /** Compute all known tokens, then generate to the end: prefill and decode on one worker. */
    PREFILL_AND_DECODE;

    /** Blocks are reserved first, and KV may come into them from elsewhere. */
    public boolean waitsForKv() {
        return this == PREFILL_REST || this == DECODE;
    }

    /** It ends here with the first token: another worker takes over. */
    public boolean handsOver() {
        return this == PREFILL || this == PREFILL_REST;
    }
}
