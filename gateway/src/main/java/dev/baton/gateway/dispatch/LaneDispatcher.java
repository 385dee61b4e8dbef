package dev.baton.gateway.dispatch;

import dev.baton.cluster.streams.TokenStreams;
import dev.baton.control.GenerationRequest;
import dev.baton.control.PhaseLimits;
import dev.baton.control.RequestMachine;
import dev.baton.control.RequestStart;
import dev.baton.control.TokenIds;
import dev.baton.control.admission.Admission;
import dev.baton.control.routing.Placement;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.WorkerState;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.SmartLifecycle;

/**
 * Gives each request to the loop that will own it. A stop serves on for a while, since those who send requests here need
 * time to see that this gateway is not ready. Then it refuses new ones, waits for those that run, and fails what is left at
 * the limit. It comes before the web server's graceful stop, which then has only last bytes to wait for: until then the
 * server answers new requests with an error that sends them elsewhere.
 */
final class LaneDispatcher implements Dispatcher, SmartLifecycle {
    private static final Logger LOG = LoggerFactory.getLogger(LaneDispatcher.class);

    private static final Duration FAIL_LIMIT = Duration.ofSeconds(1);

    private final RequestLoops loops;
    private final RequestStore store;
    private final JobPublisher jobs;
    private final TokenStreams streams;
    private final Placement placement;
    private final Admission admission;
    private final Entrance entrance;
    private final CompletionRecorder recorder;
    private final HedgeBudget hedges;
    private final PhaseLimits limits;
    private final Ending ending;
    private volatile boolean running;

    /**
     * How it stops.
     *
     * @param begins called first
     * @param lameDuck how long it takes new requests after that
     * @param drainLimit how long it waits for those that run
     */
    record Ending(Runnable begins, Duration lameDuck, Duration drainLimit) {}

    LaneDispatcher(
            RequestLoops loops,
            RequestStore store,
            JobPublisher jobs,
            TokenStreams streams,
            Placement placement,
            Admission admission,
            Entrance entrance,
            CompletionRecorder recorder,
            PhaseLimits limits,
            Ending ending) {
        this.loops = loops;
        this.store = store;
        this.jobs = jobs;
        this.streams = streams;
        this.placement = placement;
        this.admission = admission;
        this.entrance = entrance;
        this.hedges = new HedgeBudget(admission::inFlight);
        this.recorder = recorder;
        this.limits = limits;
        this.ending = ending;
        loops.onOrphan(streams::cancel);
    }

    @Override
    public RequestHandle prepare(GenerationRequest request, TokenSink sink) {
        return prepare(request, Choices.Choice.alone(), sink);
    }

    @Override
    public RequestHandle prepare(GenerationRequest request, Choices.Choice choice, TokenSink sink) {
        return active(request, choice, sink, 1, TokenIds.of());
    }

    @Override
    public CompletionStage<RequestHandle> resume(GenerationRequest request, TokenIds accepted, TokenSink sink) {
        // Never the first attempt: that alone may end a request for want of workers.
        return store.adopt(request.requestId())
                .thenApply(number -> active(request, Choices.Choice.alone(), sink, Math.max(1, number) + 1, accepted));
    }

    private RequestHandle active(
            GenerationRequest request, Choices.Choice choice, TokenSink sink, int number, TokenIds accepted) {
        RequestLoops.Loop loop = loops.of(request.requestId());
        RequestStart start = new RequestStart(request.maxTokens(), request.deadline(), number, accepted);
        RequestMachine machine = new RequestMachine(start, new AttemptNonces(), limits, loop.now());
        return new ActiveRequest(
                request, choice, sink, machine, loop, store, jobs, streams, placement, hedges, entrance, recorder);
    }

    /** Second attempts under way. */
    int hedges() {
        return hedges.taken();
    }

    @Override
    public boolean exact() {
        return streams.workers().stream().allMatch(WorkerState::getExact);
    }

    @Override
    public Set<WorkerBits> bits(String model) {
        return streams.workers().stream()
                .filter(state -> state.getModel().equals(model) && !state.getDraining())
                .map(WorkerBits::of)
                .collect(Collectors.toUnmodifiableSet());
    }

    @Override
    public int maxContext(String model) {
        return placement.maxContext(model);
    }

    @Override
    public void start() {
        running = true;
    }

    @Override
    public void stop() {
        CountDownLatch empty = new CountDownLatch(1);
        ending.begins().run();
        try {
            if (running && ending.lameDuck().isPositive()) {
                LOG.info("Not ready any more, and serving on for {} (baton.gateway.lame-duck)", ending.lameDuck());
                TimeUnit.NANOSECONDS.sleep(ending.lameDuck().toNanos());
            }
            admission.close(empty::countDown);
            if (!empty.await(ending.drainLimit().toNanos(), TimeUnit.NANOSECONDS)) {
                LOG.warn(
                        "{} requests still ran after {} (baton.dispatch.drain-limit) and are failed",
                        admission.inFlight(),
                        ending.drainLimit());
                failAll();
                if (!empty.await(FAIL_LIMIT.toNanos(), TimeUnit.NANOSECONDS)) {
                    LOG.warn("{} requests have not ended within {}", admission.inFlight(), FAIL_LIMIT);
                }
            }
        } catch (InterruptedException e) {
            admission.close(empty::countDown);
            Thread.currentThread().interrupt();
        }
        running = false;
    }

    private void failAll() {
        Failure failure = Failure.newBuilder()
                .setCode(Failure.Code.SHUTTING_DOWN)
                .setMessage("the gateway is shutting down")
                .build();
        loops.all().forEach(loop -> loop.run(() -> loop.all().forEach(request -> request.giveUp(failure))));
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** Higher phases stop first: takeovers end one above this, and the management port, half as far above the web server, is there to say that it is not ready. */
    @Override
    public int getPhase() {
        return WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE + 1023;
    }
}
