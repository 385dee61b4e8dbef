package dev.baton.kv;

/** State of a block. Every block is in exactly one. */
public enum BlockState {
    /** Holds nothing. */
    FREE,
    /** Set aside for KV that a ticket brings; only its writer may touch it. */
    RESERVED,
    /** Referred to by at least one sequence or lease. */
    ACTIVE,
    /** Full, named by content and not referred to: found by its hash, evicted when room is needed. */
    CACHED,
    /** Was reserved for a writer that may still write: not used until the writer is known to have stopped. */
    QUARANTINED
}
