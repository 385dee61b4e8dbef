package dev.baton.cluster.streams;

import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The life of a worker that a link reached last, and what the listener has been told of it: that it answers, is suspect,
 * or is dead. Owned by the link's thread.
 */
final class WorkerLife {
    private final Map<WorkerRef, WorkerState> live;
    private final StreamListener listener;
    private final StreamMetrics metrics;

    /** What was listed of the life that answers. */
    private WorkerState known;

    private @Nullable WorkerRef worker;
    private boolean suspected;

    /** @param live the workers that answer, as others see them: this one is put there and removed */
    WorkerLife(WorkerState listed, Map<WorkerRef, WorkerState> live, StreamListener listener, StreamMetrics metrics) {
        this.known = listed;
        this.live = live;
        this.listener = listener;
        this.metrics = metrics;
    }

    /** The life that answers or last answered; null: none so far, or known dead. */
    @Nullable
    WorkerRef worker() {
        return worker;
    }

    /** The registry lists the worker; what it lists of another life does not concern this one. */
    void listed(WorkerState now) {
        if (now.getWorker().equals(known.getWorker())) {
            known = now;
            live.computeIfPresent(now.getWorker(), (same, before) -> now);
            if (now.getLeaving() && now.getWorker().equals(worker) && !suspected) {
                listener.leaving(now.getWorker());
            }
        }
    }

    /** A life has proved itself on a new stream: the same as before, or one that shows the life before to be dead. */
    void welcomed(WorkerRef now, WorkerState asListed) {
        boolean again = now.equals(worker);
        if (!again) {
            died("it was started again");
        }
        worker = now;
        answers(asListed, again);
    }

    /** It was silent and is heard again. */
    void answersAgain() {
        answers(known, true);
    }

    private void answers(WorkerState now, boolean again) {
        suspected = false;
        known = now;
        live.put(now.getWorker(), now);
        listener.connected(now.getWorker(), again);
    }

    /** Told once until it answers again. */
    void suspect(String why) {
        if (!suspected && worker != null) {
            suspected = true;
            metrics.suspected();
            live.remove(worker);
            listener.suspect(worker, why);
        }
    }

    void died(String why) {
        WorkerRef gone = worker;
        if (gone != null) {
            worker = null;
            suspected = false;
            metrics.died();
            live.remove(gone);
            listener.dead(gone, why);
        }
    }
}
