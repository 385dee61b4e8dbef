package dev.baton.cluster.streams;

import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;

/** What a gateway hears of its workers. Called on one thread, in order; must not block. */
public interface StreamListener {
    /**
     * The worker answers.
     *
     * @param again the same life as before: after a broken stream or a suspicion, so ask it to resume
     */
    void connected(WorkerRef worker, WorkerState.Role role, boolean again);

    /** No answer for the time set; it may still live. Followed by connected or dead. */
    void suspect(WorkerRef worker, String why);

    /** This life of the worker is over: its port refuses, a new life has taken its place, or nobody lists it any more. */
    void dead(WorkerRef worker, String why);

    /** @param madeUs epoch microseconds on the worker's clock when the step ended */
    void progress(WorkerRef worker, Progress progress, long madeUs);
}
