package dev.baton.cluster.requests;

/** How a compare-and-set ended. The order of the names is the order in which a script looks. */
public enum CasOutcome {
    /** Done, by this call. */
    APPLIED,
    /** It stood so already, by this same caller: a repeated call, or a job delivered twice. */
    ALREADY,
    /** Nothing is recorded: never created, over, or Redis came back empty. A worker drops the job. */
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
