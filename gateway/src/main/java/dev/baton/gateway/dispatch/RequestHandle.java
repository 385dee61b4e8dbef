package dev.baton.gateway.dispatch;

/** A request under way. Any thread may call; calls after the end do nothing. */
public interface RequestHandle {
    /** The client left: queue, prefill, transfer and decode drop the request. */
    void cancel();

    /** The client has all that it asked for (a stop string was found): ends as done, workers drop the rest. */
    void complete();

    /** Where the time went so far. */
    TtftBreakdown timing();
}
