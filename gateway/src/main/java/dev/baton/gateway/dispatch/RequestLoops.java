package dev.baton.gateway.dispatch;

import dev.baton.cluster.streams.StreamListener;
import dev.baton.control.RequestEvent;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Decline;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All request loops. A request belongs to the loop that its id hashes to. Progress of a request goes to its loop, a
 * change of a worker to every request.
 */
final class RequestLoops implements StreamListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RequestLoops.class);
    static final Duration TICK = Duration.ofMillis(20);
    /** Ticks further apart than this mean that the gateway stood still. */
    private static final Duration STOOD_STILL = Duration.ofMillis(200);

    private static final Duration END_LIMIT = Duration.ofSeconds(5);

    private final List<Loop> loops;
    private volatile OrphanListener orphans = (worker, requestId, attempt) -> {};

    RequestLoops(int count, Clock clock) {
        this(IntStream.range(0, count)
                .mapToObj(index -> new Loop("requests-" + index, clock))
                .toList());
    }

    RequestLoops(List<Loop> loops) {
        this.loops = List.copyOf(loops);
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
        return loops.stream().allMatch(Loop::alive);
    }

    Loop of(String requestId) {
        return loops.get(Math.floorMod(requestId.hashCode(), loops.size()));
    }

    List<Loop> all() {
        return loops;
    }

    @Override
    public void connected(WorkerRef worker, boolean again) {
        if (again) {
            onAll(new RequestEvent.StreamRestored(worker));
        }
    }

    @Override
    public void suspect(WorkerRef worker, String why) {
        // Silence is no proof of death: its requests wait until it is heard or known to be dead, or another is quicker.
        LOG.info("{} is suspect: {}", worker.getId(), why);
        onAll(new RequestEvent.WorkerSilent(worker));
    }

    @Override
    public void leaving(WorkerRef worker) {
        onAll(new RequestEvent.WorkerLeaves(worker));
    }

    @Override
    public void dead(WorkerRef worker, String why) {
        onAll(new RequestEvent.WorkerLost(worker, worker.getId() + " is dead: " + why));
    }

    @Override
    public void declined(WorkerRef worker, Decline decline) {
        Loop loop = of(decline.getRequestId());
        loop.run(() -> {
            ActiveRequest request = loop.find(decline.getRequestId());
            if (request != null) {
                request.on(new RequestEvent.Declined(worker, decline));
            }
        });
    }

    @Override
    public void progress(WorkerRef worker, List<Progress> frame) {
        frame.stream()
                .collect(Collectors.groupingBy(progress -> of(progress.getRequestId())))
                .forEach((loop, own) -> loop.runEach(own, progress -> progressed(loop, worker, progress)));
    }

    private void progressed(Loop loop, WorkerRef worker, Progress progress) {
        ActiveRequest request = loop.find(progress.getRequestId());
        if (request != null) {
            request.on(new RequestEvent.Progressed(worker, progress));
        } else if (progress.getEndCase() == Progress.EndCase.END_NOT_SET) {
            orphans.found(worker, progress.getRequestId(), progress.getAttempt());
        }
    }

    private void onAll(RequestEvent event) {
        loops.forEach(loop -> loop.run(() -> loop.onAll(event)));
    }

    @Override
    public void close() {
        loops.forEach(Loop::close);
    }

    /**
     * One thread that owns a share of the requests: runs its tasks in order, and checks each request's timer every {@link
     * #TICK} while there is one. A request runs on its loop only, so nothing in it is locked.
     */
    static class Loop implements AutoCloseable {
        private final LinkedBlockingQueue<Runnable> inbox = new LinkedBlockingQueue<>();
        private final Map<String, ActiveRequest> requests = new HashMap<>();
        private final Clock clock;
        private final @Nullable Thread thread;
        private Instant lastTick;
        private volatile boolean closed;

        Loop(String name, Clock clock) {
            this.clock = clock;
            this.lastTick = clock.instant();
            this.thread = Thread.ofPlatform().name(name).daemon(true).unstarted(this::loop);
            thread.start();
        }

        /** Without a thread of its own: a subclass runs the tasks and the ticks. */
        Loop(Clock clock) {
            this.clock = clock;
            this.lastTick = clock.instant();
            this.thread = null;
        }

        /** Any thread: the time by the wired clock. */
        Instant now() {
            return clock.instant();
        }

        /** Any thread: {@code task} runs on the loop, after all tasks before it. */
        void run(Runnable task) {
            inbox.add(task);
        }

        /** Any thread: as {@link #run}, once for all items. An error in one item does not stop the others. */
        <T> void runEach(List<T> items, Consumer<T> task) {
            run(() -> items.forEach(item -> guarded(() -> task.accept(item))));
        }

        /** On the loop: registers the request for events. False when its id is taken. */
        boolean add(ActiveRequest request) {
            return requests.putIfAbsent(request.id(), request) == null;
        }

        /** On the loop. */
        void remove(ActiveRequest request) {
            requests.remove(request.id(), request);
        }

        /** On the loop. */
        @Nullable
        ActiveRequest find(String requestId) {
            return requests.get(requestId);
        }

        /** On the loop: an event for each request; those that it does not concern ignore it. */
        void onAll(RequestEvent event) {
            for (ActiveRequest request : List.copyOf(requests.values())) {
                request.on(event);
            }
        }

        /** On the loop. */
        List<ActiveRequest> all() {
            return List.copyOf(requests.values());
        }

        /** Ends after all tasks before it. */
        @Override
        public void close() {
            run(() -> closed = true);
            try {
                if (thread != null) {
                    thread.join(END_LIMIT);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private void loop() {
            List<Runnable> batch = new ArrayList<>();
            long nextTick = System.nanoTime();
            while (!closed) {
                try {
                    Runnable first = requests.isEmpty()
                            ? rest()
                            : inbox.poll(nextTick - System.nanoTime(), TimeUnit.NANOSECONDS);
                    if (first != null) {
                        batch.add(first);
                        inbox.drainTo(batch);
                        batch.forEach(Loop::guarded);
                        batch.clear();
                    }
                    if (System.nanoTime() - nextTick >= 0) {
                        nextTick = System.nanoTime() + TICK.toNanos();
                        guarded(this::tick);
                    }
                } catch (InterruptedException e) {
                    LOG.warn(
                            "{} was interrupted and ends",
                            Thread.currentThread().getName());
                    return;
                }
            }
        }

        /** Sleeps until there is something to do, which is no standing still. */
        private Runnable rest() throws InterruptedException {
            Runnable first = inbox.take();
            rested();
            return first;
        }

        /** It had nothing to do until now. */
        final void rested() {
            lastTick = now();
        }

        final boolean idle() {
            return requests.isEmpty();
        }

        final void tick() {
            Instant now = now();
            Duration pause = Duration.between(lastTick, now);
            lastTick = now;
            if (pause.compareTo(STOOD_STILL) > 0) {
                onAll(new RequestEvent.Slept(pause));
            }
            for (ActiveRequest request : List.copyOf(requests.values())) {
                if (!now.isBefore(request.wakeAt())) {
                    request.on(new RequestEvent.TimePassed());
                }
            }
        }

        /** Whether the thread still runs: without it the loop's requests hang, and only a restart helps. */
        boolean alive() {
            return thread == null || thread.isAlive();
        }

        /** An error in one request's event must not end the loop for the others. */
        static void guarded(Runnable task) {
            try {
                task.run();
            } catch (RuntimeException | Error e) {
                LOG.error("an event could not be handled", e);
            }
        }
    }
}
