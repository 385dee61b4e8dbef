package dev.baton.control;

/** How a compare-and-set of a request's state ended. The order of the names is the order in which a script checks. */
public enum CasOutcome {
    /** Done, by this call. */
    APPLIED,
    /** Done before, by this same caller: a repeated call, or a job delivered twice. */
    ALREADY,
    /** Nothing is recorded: never created, over, or Redis came back empty. */
    ABSENT,
    /** Another attempt counts now. */
    SUPERSEDED,
    /** Another gateway owns the request. */
    NOT_OWNER,
    /** The phase does not allow it, or another worker was faster. */
    REFUSED;

    /** Whether the caller may go on as if it had just made the change. */
    public boolean holds() {
        return this == APPLIED || this == ALREADY;
    }
}
