package dev.baton.control;

import dev.baton.control.routing.Route;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;

/** A machine with a clock of its own and short words for what workers send. */
final class Requests {
    static final WorkerRef PREFILL = worker("prefill-0", 1);
    static final WorkerRef DECODE = worker("decode-0", 2);
    static final WorkerRef OTHER = worker("decode-1", 3);
    static final Route SPLIT = new Route(new Route.Leg(PREFILL, 0), new Route.Leg(DECODE, 0));
    static final Route LOCAL = new Route(null, new Route.Leg(DECODE, 0));
    static final Route LOCAL_OTHER = new Route(null, new Route.Leg(OTHER, 1));
    static final PhaseLimits LIMITS = new PhaseLimits(
            Duration.ofMillis(500),
            Duration.ofSeconds(1),
            Duration.ofSeconds(2),
            Duration.ofSeconds(3),
            Duration.ofSeconds(4),
            3);

    final Instant start = Instant.EPOCH;
    final RequestMachine machine;
    Instant now = start;

    private Requests(int maxTokens, PhaseLimits limits) {
        machine = new RequestMachine(
                RequestStart.first(maxTokens, start.plusSeconds(60)), number -> 7 * number, limits, start);
        machine.start(start);
    }

    static Requests fresh() {
        return new Requests(100, LIMITS);
    }

    /** Published and unclaimed. */
    static Requests queued(Route route, int maxTokens) {
        Requests request = new Requests(maxTokens, LIMITS);
        request.route(route);
        return request;
    }

    /** Published and unclaimed, and waits for long. */
    static Requests patient(Route route) {
        Duration all = Duration.ofSeconds(60);
        Requests request = new Requests(100, new PhaseLimits(all, all, all, all, all, LIMITS.attemptsWithoutToken()));
        request.route(route);
        return request;
    }

    static Requests queued(Route route) {
        return queued(route, 100);
    }

    /** Routed split, with tokens 100 and 101 accepted. */
    static Requests decoding() {
        Requests request = queued(SPLIT);
        request.on(request.tokens(PREFILL, 0, 100));
        request.on(request.tokens(DECODE, 1, 101));
        return request;
    }

    /** Answers what a raised attempt asks for. */
    List<Effect> route(Route route) {
        int number = machine.attempt().getNumber();
        on(new RequestEvent.Routed(number, route));
        return on(new RequestEvent.AttemptRecorded(number));
    }

    List<Effect> on(RequestEvent event) {
        return machine.on(event, now);
    }

    List<Effect> after(Duration time) {
        now = now.plus(time);
        return on(new RequestEvent.TimePassed());
    }

    Attempt attempt() {
        return machine.attempt();
    }

    RequestEvent tokens(WorkerRef from, int firstIndex, int... tokens) {
        return new RequestEvent.Progressed(from, progress(firstIndex, tokens).build());
    }

    RequestEvent last(WorkerRef from, int firstIndex, int... tokens) {
        Finish stop = Finish.newBuilder().setReason(Finish.Reason.STOP).build();
        return new RequestEvent.Progressed(
                from, progress(firstIndex, tokens).setFinish(stop).build());
    }

    RequestEvent failure(WorkerRef from, Failure.Code code) {
        Failure failure =
                Failure.newBuilder().setCode(code).setMessage("says the test").build();
        return new RequestEvent.Progressed(from, progress(0).setFailure(failure).build());
    }

    Progress.Builder progress(int firstIndex, int... tokens) {
        return Progress.newBuilder()
                .setRequestId("r")
                .setAttempt(attempt())
                .setFirstIndex(firstIndex)
                .addAllTokens(Arrays.stream(tokens).boxed().toList());
    }

    static WorkerRef worker(String id, long epoch) {
        return WorkerRef.newBuilder().setId(id).setEpoch(epoch).build();
    }
}
