package dev.baton.control.routing;

import dev.baton.protocol.v1.WorkerRef;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * What the requests of this gateway have learnt of workers and of pairs of them. A worker that fails several requests in a
 * row gets none for a pause, then one as a probe; a pair that cannot move KV is not tried for a pause. Each pause in a row
 * is twice as long, up to {@value #LONGEST} times the first; a success ends it. Any thread.
 */
public final class FaultLedger {
    static final int LONGEST = 32;
    private static final int MOST_KNOWN = 4_096;

    private final InstantSource clock;
    private final int after;
    private final Duration pause;
    private final Map<WorkerRef, Breaker> workers = bounded();
    private final Map<Fault.Pair, Pause> pairs = bounded();

    /**
     * @param after a worker that has failed so many requests in a row gets no more for a while
     * @param pause the first pause of a worker or a pair
     */
    public FaultLedger(InstantSource clock, int after, Duration pause) {
        if (after < 1 || !pause.isPositive()) {
            throw new IllegalArgumentException("after is %d and pause is %s, must be above 0".formatted(after, pause));
        }
        this.clock = clock;
        this.after = after;
        this.pause = pause;
    }

    private record Pause(Duration length, Instant until) {}

    /** The requests that a worker failed since its last success, and once they are many, its pause. */
    private static final class Breaker {
        private final Set<String> failed = new HashSet<>();
        private Pause pause = new Pause(Duration.ZERO, Instant.MIN);
        private String probe = "";
    }

    /** An attempt of a request ended by this fault. */
    public synchronized void book(Fault fault, String requestId) {
        switch (fault) {
            case Fault.Pair pair -> pairs.put(pair, longer(pairs.getOrDefault(pair, none())));
            case Fault.Worker(WorkerRef worker) -> failed(worker, requestId);
            case Fault.Infrastructure _, Fault.Request _, Fault.Handover _ -> {
                // Says nothing about a worker that lives.
            }
        }
    }

    /** Workers that get no request now. */
    public synchronized Set<WorkerRef> avoided() {
        Instant now = clock.instant();
        Set<WorkerRef> avoided = new HashSet<>();
        workers.forEach((worker, breaker) -> {
            if (now.isBefore(breaker.pause.until)) {
                avoided.add(worker);
            }
        });
        return avoided;
    }

    /** Pairs between which no KV is to go now. */
    public synchronized Set<Fault.Pair> broken() {
        Instant now = clock.instant();
        Set<Fault.Pair> broken = new HashSet<>();
        pairs.forEach((pair, known) -> {
            if (now.isBefore(known.until)) {
                broken.add(pair);
            }
        });
        return broken;
    }

    /** The worker is given a request: the probe, when its pause is over. Until that one succeeds it gets no other. */
    synchronized void given(WorkerRef worker, String requestId) {
        Breaker breaker = workers.get(worker);
        if (breaker != null
                && breaker.pause.length.isPositive()
                && !clock.instant().isBefore(breaker.pause.until)) {
            breaker.probe = requestId;
            breaker.pause = new Pause(breaker.pause.length, clock.instant().plus(breaker.pause.length));
        }
    }

    /** The worker has made a token. */
    synchronized void succeeded(WorkerRef worker) {
        workers.remove(worker);
    }

    /** The decode worker has got KV from the prefill worker. */
    synchronized void moved(WorkerRef prefill, WorkerRef decode) {
        pairs.remove(new Fault.Pair(prefill, decode));
    }

    private void failed(WorkerRef worker, String requestId) {
        Breaker breaker = workers.computeIfAbsent(worker, ref -> new Breaker());
        if (breaker.pause.length.isZero()) {
            breaker.failed.add(requestId);
            if (breaker.failed.size() >= after) {
                breaker.failed.clear();
                breaker.pause = longer(breaker.pause);
            }
        } else if (requestId.equals(breaker.probe)) {
            breaker.pause = longer(breaker.pause);
        }
    }

    private Pause longer(Pause before) {
        Duration doubled = before.length.isZero() ? pause : before.length.multipliedBy(2);
        Duration most = pause.multipliedBy(LONGEST);
        Duration length = doubled.compareTo(most) > 0 ? most : doubled;
        return new Pause(length, clock.instant().plus(length));
    }

    private static Pause none() {
        return new Pause(Duration.ZERO, Instant.MIN);
    }

    private static <K, V> Map<K, V> bounded() {
        return new LinkedHashMap<>() {
            @Override
            protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
                return size() > MOST_KNOWN;
            }
        };
    }
}
