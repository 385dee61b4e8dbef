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
        loops.onStray((worker, requestId, attempt) -> rim.streams().cancel(worker, requestId, attempt));
    }

    @Override
    public void dispatch(Submission submission, TokenSink sink) {
        Instant now = rim.clock().instant();
        RequestLoop loop = loops.of(submission.requestId());
        Admission.Request asked = new Admission.Request(
                submission.prompt().length, submission.stopping().getMaxTokens(), submission.deadline());
        if (rim.inFlight().closed()) {
            refuse(
                    sink,
                    loop,
                    new Refusal(
                            Refusal.Reason.SHUTTING_DOWN,
                            "this gateway is shutting down: send the request again",
                            Duration.ofSeconds(1)));
            return;
        }
        Admission.Decision decision =
                rim.inFlight().enter(asked, rim.placement().maxContext(submission.model()));
        if (decision instanceof Admission.Admitted(int maxTokens)) {
            Admitted request =
                    new Admitted(submission, maxTokens, rim.placement().chain(submission), now);
            ActiveRequest active = new ActiveRequest(request, sink, loop, rim, limits);
            loop.run(active::start);
        } else {
            refuse(sink, loop, refusal(decision, submission));
        }
    }

    private void refuse(TokenSink sink, RequestLoop loop, Refusal refusal) {
        rim.accounts().metrics().ended(refusal.reason());
        loop.run(() -> sink.refused(refusal));
    }

    private static Refusal refusal(Admission.Decision decision, Submission submission) {
        return switch (decision) {
            case Admission.Admitted _ -> throw new IllegalStateException("admitted is no refusal");
            case Admission.NoWorkers() ->
                new Refusal(
                        Refusal.Reason.NO_WORKERS,
                        "no live decode worker serves the model " + submission.model(),
                        null);
            case Admission.TooLate() ->
                new Refusal(Refusal.Reason.DEADLINE_EXCEEDED, "the deadline had passed on arrival", null);
            case Admission.TooLong(int maxContext) ->
                new Refusal(
                        Refusal.Reason.CONTEXT_LENGTH_EXCEEDED,
                        "This model's maximum context length is %d tokens, but the request has %d in the prompt and asks for %d more."
                                .formatted(
                                        maxContext,
                                        submission.prompt().length,
                                        Math.max(1, submission.stopping().getMaxTokens())),
                        null);
            case Admission.Overloaded(Duration retryAfter) ->
                new Refusal(
                        Refusal.Reason.SERVER_OVERLOADED,
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
        rim.inFlight().close();
        try {
            if (!rim.inFlight().awaitEmpty(drainLimit)) {
                LOG.warn(
                        "{} requests still ran after {} (baton.dispatch.drain-limit) and are failed",
                        rim.inFlight().running(),
                        drainLimit);
                failAll();
                rim.inFlight().awaitEmpty(Duration.ofSeconds(1));
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
