package dev.baton.gateway.dispatch;

import dev.baton.cluster.streams.StreamListener;
import dev.baton.control.RequestEvent;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Clock;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * All request loops. A request lives on the loop that its id hashes to. Progress of a request goes to its loop; news of a
 * worker goes to every request.
 */
final class RequestLoops implements StreamListener, AutoCloseable {
    private final List<RequestLoop> loops;
    private volatile OrphanListener orphans = (worker, requestId, attempt) -> {};

    RequestLoops(int count, Clock clock) {
        this.loops = IntStream.range(0, count)
                .mapToObj(index -> new RequestLoop("requests-" + index, clock))
                .toList();
    }

    /** Called when a worker reports progress of a request that is not here. */
    interface OrphanListener {
        void found(WorkerRef worker, String requestId, Attempt attempt);
    }

    void onOrphan(OrphanListener listener) {
        orphans = listener;
    }

    /** All loops run. */
    boolean alive() {
        return loops.stream().allMatch(RequestLoop::alive);
    }

    RequestLoop of(String requestId) {
        return loops.get(Math.floorMod(requestId.hashCode(), loops.size()));
    }

    List<RequestLoop> all() {
        return loops;
    }

    @Override
    public void connected(WorkerRef worker, boolean again) {
        if (again) {
            tellAll(new RequestEvent.StreamRestored(worker));
        }
    }

    @Override
    public void suspect(WorkerRef worker, String why) {
        tellAll(new RequestEvent.WorkerLost(worker, worker.getId() + " is suspect: " + why));
    }

    @Override
    public void dead(WorkerRef worker, String why) {
        tellAll(new RequestEvent.WorkerLost(worker, worker.getId() + " is dead: " + why));
    }

    @Override
    public void progress(WorkerRef worker, List<Progress> frame) {
        frame.stream()
                .collect(Collectors.groupingBy(progress -> of(progress.getRequestId())))
                .forEach((loop, own) -> loop.runEach(own, progress -> progressed(loop, worker, progress)));
    }

    private void progressed(RequestLoop loop, WorkerRef worker, Progress progress) {
        ActiveRequest request = loop.find(progress.getRequestId());
        if (request != null) {
            request.on(new RequestEvent.Progressed(worker, progress));
        } else if (progress.getEndCase() == Progress.EndCase.END_NOT_SET) {
            orphans.found(worker, progress.getRequestId(), progress.getAttempt());
        }
    }

    private void tellAll(RequestEvent event) {
        loops.forEach(loop -> loop.run(() -> loop.tellAll(event)));
    }

    @Override
    public void close() {
        loops.forEach(RequestLoop::close);
    }
}
