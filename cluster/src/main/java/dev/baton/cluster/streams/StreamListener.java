package dev.baton.cluster.streams;

import dev.baton.protocol.v1.Decline;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.WorkerRef;
import java.util.List;

/** What a gateway learns from its workers. Called on one thread, in order; must not block. */
public interface StreamListener {
    /**
     * The worker answers.
     *
     * @param again same epoch as before, after a broken stream or a suspicion: ask it to resume
     */
    void connected(WorkerRef worker, boolean again);

    /** No answer within the time set; it may still be alive. Followed by connected or dead. */
    void suspect(WorkerRef worker, String why);

    /** This epoch of the worker is over: its port refuses, a new epoch answers, or it is no longer listed. */
    void dead(WorkerRef worker, String why);

    /** The worker answers, and is about to end: what it works on should go on elsewhere. Told again while it lasts. */
    void leaving(WorkerRef worker);

    /** The worker has read a job's record and does not work on it. */
    void declined(WorkerRef worker, Decline decline);

    /** One frame: what one engine step has for this gateway, at most one entry per request in the usual case. */
    void progress(WorkerRef worker, List<Progress> frame);
}
