package dev.baton.gateway.dispatch;

import dev.baton.cluster.streams.TokenStreams;
import dev.baton.control.GenerationRequest;
import dev.baton.control.PhaseLimits;
import dev.baton.control.RequestMachine;
import dev.baton.control.admission.Admission;
import dev.baton.control.routing.Placement;
import dev.baton.protocol.v1.Failure;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.SmartLifecycle;

/**
 * Gives each request to the loop that will own it. A stop refuses new ones, waits for those that run, and fails what is
 * left at the limit. It comes before the web server's graceful stop, which then has only last bytes to wait for: until
 * then the server answers new requests with an error that sends them elsewhere.
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
    private final CompletionRecorder recorder;
    private final HedgeBudget hedges;
    private final PhaseLimits limits;
    private final Duration drainLimit;
    private volatile boolean running;

    LaneDispatcher(
            RequestLoops loops,
            RequestStore store,
            JobPublisher jobs,
            TokenStreams streams,
            Placement placement,
            Admission admission,
            CompletionRecorder recorder,
            PhaseLimits limits,
            Duration drainLimit) {
        this.loops = loops;
        this.store = store;
        this.jobs = jobs;
        this.streams = streams;
        this.placement = placement;
        this.admission = admission;
        this.hedges = new HedgeBudget(admission::inFlight);
        this.recorder = recorder;
        this.limits = limits;
        this.drainLimit = drainLimit;
        loops.onOrphan(streams::cancel);
    }

    @Override
    public RequestHandle prepare(GenerationRequest request, TokenSink sink) {
        RequestLoops.Loop loop = loops.of(request.requestId());
        RequestMachine machine =
                new RequestMachine(request.maxTokens(), request.deadline(), new AttemptNonces(), limits, loop.now());
        return new ActiveRequest(
                request, sink, machine, loop, store, jobs, streams, placement, hedges, admission, recorder);
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
        admission.close(empty::countDown);
        try {
            if (!empty.await(drainLimit.toNanos(), TimeUnit.NANOSECONDS)) {
                LOG.warn(
                        "{} requests still ran after {} (baton.dispatch.drain-limit) and are failed",
                        admission.inFlight(),
                        drainLimit);
                failAll();
                if (!empty.await(FAIL_LIMIT.toNanos(), TimeUnit.NANOSECONDS)) {
                    LOG.warn("{} requests have not ended within {}", admission.inFlight(), FAIL_LIMIT);
                }
            }
        } catch (InterruptedException e) {
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

    /** Higher phases stop first. */
    @Override
    public int getPhase() {
        return WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE + 512;
    }
}
