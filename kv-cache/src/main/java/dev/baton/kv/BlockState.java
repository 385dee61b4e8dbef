package dev.baton.kv;

/** Who owns a block. Every block is in exactly one state. */
public enum BlockState {
    /** Holds nothing. */
    FREE,
    /** Set aside for KV that a ticket brings; only its writer may touch it. */
    RESERVED,
    /** Referred to by at least one sequence or lease. */
    ACTIVE,
    /** Full, named by content and referred to by nobody: found by its hash, given up when room is needed. */
    CACHED,
    /** Was reserved for a writer that has not been seen to stop: nobody may use it. */
    QUARANTINED
}
