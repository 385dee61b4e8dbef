package dev.baton.cluster.streams;

import dev.baton.protocol.v1.WorkerRef;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * How far each worker's clock is ahead of this gateway's, from the pings of its stream. The quickest of the latest round
 * trips counts: its answer was made nearest to the middle. Any thread.
 */
public final class PeerClocks {
    private static final int MOST_WORKERS = 4_096;
    /** By how much the best round trip ages with each ping, so that a clock that was set is noticed. */
    private static final double AGEING = 1.05;

    private final Map<WorkerRef, Reading> readings = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<WorkerRef, Reading> eldest) {
            return size() > MOST_WORKERS;
        }
    };

    /**
     * What pings say.
     *
     * @param aheadUs microseconds; exact to half a round trip
     * @param roundTripUs of the ping that it comes from, aged
     */
    public record Reading(long aheadUs, long roundTripUs) {}

    /** A ping has come back. */
    synchronized void pong(WorkerRef worker, long sentUs, long workerUs, long nowUs) {
        long roundTrip = nowUs - sentUs;
        if (roundTrip < 0 || workerUs == 0) {
            return;
        }
        Reading fresh = new Reading(workerUs - (sentUs + roundTrip / 2), roundTrip);
        readings.merge(
                worker,
                fresh,
                (before, now) -> now.roundTripUs <= before.roundTripUs
                        ? now
                        : new Reading(before.aheadUs, (long) Math.ceil(before.roundTripUs * AGEING)));
    }

    synchronized Optional<Reading> of(WorkerRef worker) {
        return Optional.ofNullable(readings.get(worker));
    }
}
