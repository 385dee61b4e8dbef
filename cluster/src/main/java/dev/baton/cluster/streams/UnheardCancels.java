package dev.baton.cluster.streams;

import dev.baton.protocol.v1.GatewayMessage;
import dev.baton.protocol.v1.WorkerRef;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Cancels that a worker may not have got, since its stream broke or it was taken to be dead. They go out again on the next
 * stream to that life: an attempt of which no token is to come would not be noticed by its gateway, and its blocks would be
 * held until its transfer is given up. Bounded. Owned by the links' thread.
 */
final class UnheardCancels {
    private static final int MOST_OF_LIFE = 4_096;
    private static final int MOST_LIVES = 256;

    private final Map<WorkerRef, Deque<Sent>> unheard = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<WorkerRef, Deque<Sent>> eldest) {
            return size() > MOST_LIVES;
        }
    };

    private record Sent(GatewayMessage cancel, long atUs) {}

    void sent(WorkerRef to, GatewayMessage cancel, long nowUs) {
        Deque<Sent> of = unheard.computeIfAbsent(to, first -> new ArrayDeque<>());
        if (of.size() == MOST_OF_LIFE) {
            of.remove();
        }
        of.add(new Sent(cancel, nowUs));
    }

    /** The worker has answered a ping of that time: what went out before has arrived. */
    void answered(WorkerRef by, long pingUs) {
        Deque<Sent> of = unheard.get(by);
        if (of != null) {
            while (!of.isEmpty() && of.peek().atUs() < pingUs) {
                of.remove();
            }
            if (of.isEmpty()) {
                unheard.remove(by);
            }
        }
    }

    /** A life has proved itself, others of its id are over. Takes out those that it may not have got. */
    List<GatewayMessage> again(WorkerRef worker) {
        Deque<Sent> of = unheard.remove(worker);
        unheard.keySet().removeIf(other -> other.getId().equals(worker.getId()));
        return of == null ? List.of() : of.stream().map(Sent::cancel).toList();
    }
}
