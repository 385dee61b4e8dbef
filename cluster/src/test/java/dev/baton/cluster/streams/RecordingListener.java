package dev.baton.cluster.streams;

import dev.baton.protocol.v1.Decline;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.WorkerRef;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Writes down what a gateway hears. */
final class RecordingListener implements StreamListener {
    final List<String> events = new CopyOnWriteArrayList<>();
    final List<Decline> declined = new CopyOnWriteArrayList<>();
    final List<Progress> progress = new CopyOnWriteArrayList<>();

    @Override
    public void connected(WorkerRef worker, boolean again) {
        events.add((again ? "again " : "connected ") + worker.getEpoch());
    }

    @Override
    public void suspect(WorkerRef worker, String why) {
        events.add("suspect " + worker.getEpoch());
    }

    @Override
    public void dead(WorkerRef worker, String why) {
        events.add("dead " + worker.getEpoch());
    }

    @Override
    public void leaving(WorkerRef worker) {}

    @Override
    public void declined(WorkerRef worker, Decline decline) {
        declined.add(decline);
    }

    @Override
    public void progress(WorkerRef worker, List<Progress> frame) {
        progress.addAll(frame);
    }

    List<Integer> tokens(String requestId) {
        return progress.stream()
                .filter(heard -> heard.getRequestId().equals(requestId))
                .flatMap(heard -> heard.getTokensList().stream())
                .toList();
    }
}
