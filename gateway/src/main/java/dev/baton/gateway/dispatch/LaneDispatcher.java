package dev.baton.gateway.dispatch;

import dev.baton.control.PhaseLimits;
import dev.baton.control.admission.Admission;
import dev.baton.protocol.v1.Failure;
import java.time.Duration;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.SmartLifecycle;

/**
 * Admits requests and hands each to the loop that will own it. A stop refuses new ones, waits for those that run, and
 * fails what is left at the limit. It comes before the web server's graceful stop, which then has only last bytes to
 * wait for: until then the server answers, so that new requests hear that they should go elsewhere.
 */
final class LaneDispatcher implements Dispatcher, SmartLifecycle {
    private static final Logger LOG = LoggerFactory.getLogger(LaneDispatcher.class);

    private final RequestLoops loops;
    private final Rim rim;
    private final PhaseLimits limits;
    private final Duration drainLimit;
    private volatile boolean running;

    LaneDispatcher(RequestLoops loops, Rim rim, PhaseLimits limits, Duration drainLimit) {
        this.loops = loops;
        this.rim = rim;
        this.limits = limits;
        this.drainLimit = drainLimit;
        loops.onOrphan((worker, requestId, attempt) -> rim.streams().cancel(worker, requestId, attempt));
    }

    @Override
    public void dispatch(GenerationRequest submission, TokenSink sink) {
        Instant now = rim.clock().instant();
        RequestLoop loop = loops.of(submission.requestId());
        Admission.Request asked = new Admission.Request(
                submission.prompt().length, submission.stopping().getMaxTokens(), submission.deadline());
        if (rim.gate().closed()) {
            refuse(
                    sink,
                    loop,
                    new Rejection(
                            Rejection.Reason.SHUTTING_DOWN,
                            "this gateway is shutting down: send the request again",
                            Duration.ofSeconds(1)));
            return;
        }
        Admission.Decision decision = rim.gate().enter(asked, rim.placement().maxContext(submission.model()));
        if (decision instanceof Admission.Admitted(int maxTokens)) {
            AdmittedRequest request =
                    new AdmittedRequest(submission, maxTokens, rim.placement().chain(submission), now);
            ActiveRequest active = new ActiveRequest(request, sink, loop, rim, limits);
            loop.run(active::start);
        } else {
            refuse(sink, loop, rejection(decision, submission));
        }
    }

    private void refuse(TokenSink sink, RequestLoop loop, Rejection rejection) {
        rim.recorder().metrics().ended(rejection.reason());
        loop.run(() -> sink.rejected(rejection));
    }

    private static Rejection rejection(Admission.Decision decision, GenerationRequest submission) {
        return switch (decision) {
            case Admission.Admitted _ -> throw new IllegalStateException("admitted is no refusal");
            case Admission.NoWorkers() ->
                new Rejection(
                        Rejection.Reason.NO_WORKERS,
                        "no live decode worker serves the model " + submission.model(),
                        null);
            case Admission.TooLate() ->
                new Rejection(Rejection.Reason.DEADLINE_EXCEEDED, "the deadline had passed on arrival", null);
            case Admission.TooLong(int maxContext) ->
                new Rejection(
                        Rejection.Reason.CONTEXT_LENGTH_EXCEEDED,
                        "This model's maximum context length is %d tokens, but the request has %d in the prompt and asks for %d more."
                                .formatted(
                                        maxContext,
                                        submission.prompt().length,
                                        Math.max(1, submission.stopping().getMaxTokens())),
                        null);
            case Admission.Overloaded(Duration retryAfter) ->
                new Rejection(
                        Rejection.Reason.SERVER_OVERLOADED,
                        "too many requests are running (baton.dispatch.max-in-flight)",
                        retryAfter);
        };
    }

    @Override
    public void start() {
        running = true;
    }

    @Override
    public void stop() {
        rim.gate().close();
        try {
            if (!rim.gate().awaitEmpty(drainLimit)) {
                LOG.warn(
                        "{} requests still ran after {} (baton.dispatch.drain-limit) and are failed",
                        rim.gate().running(),
                        drainLimit);
                failAll();
                rim.gate().awaitEmpty(Duration.ofSeconds(1));
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
