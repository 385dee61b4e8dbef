package dev.baton.gateway.dispatch;

/**
 * A generation that was prepared. Any thread may call; calls after the end do nothing. After {@link #cancel()} and {@link
 * #complete()} the sink may still get a call that was under way, and then nothing more.
 */
public interface RequestHandle {
    /** Admits and begins; once. Returns at once, and calls of the sink may come before it returns. */
    void start();

    /** The client left: queue, prefill, transfer and decode drop the request. */
    void cancel();

    /** The client has all that it asked for (a stop string was found): ends as done, workers drop the rest. */
    void complete();

    /** Where the time went so far. */
    TtftBreakdown timing();
}
