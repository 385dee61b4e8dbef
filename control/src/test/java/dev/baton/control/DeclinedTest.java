package dev.baton.control;

import static dev.baton.control.Requests.DECODE;
import static dev.baton.control.Requests.OTHER;
import static dev.baton.control.Requests.PREFILL;
import static dev.baton.control.Requests.SPLIT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Decline;
import dev.baton.protocol.v1.Decline.Reason;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState.Role;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a request does when a worker says that it does not work on its record. */
class DeclinedTest {
    @ParameterizedTest
    @EnumSource(
            value = Reason.class,
            names = {
                "EXPIRED",
                "ABSENT",
                "SUPERSEDED",
                "STORE_UNAVAILABLE",
                "DEAD_LETTER",
                "DRAINING",
                "OTHER_WORKER",
                "NO_STREAM"
            })
    void isSentAgainAtOnceAndNotWhenALimitIsUp(Reason reason) {
        Requests request = Requests.queued(SPLIT);
        Attempt first = request.attempt();
        List<Effect> effects = request.on(declined(PREFILL, Role.PREFILL, first, reason));
        assertThat(effects).anyMatch(Effect.ChooseRoute.class::isInstance);
        assertThat(effects).contains(new Effect.SendCancel(DECODE, first));
        assertThat(request.attempt().getNumber()).isEqualTo(2);
    }

    @Test
    void isNotSentAgainWhileTheOneThatTookItIsAboutToSaySo() {
        Requests request = Requests.queued(SPLIT);
        assertThat(request.on(declined(OTHER, Role.PREFILL, request.attempt(), Reason.TAKEN)))
                .isEmpty();
    }

    @Test
    void isNotSentAgainOnceSomebodyWorksOnIt() {
        Requests request = Requests.queued(SPLIT);
        request.on(request.tokens(PREFILL, 0));
        assertThat(request.on(declined(OTHER, Role.PREFILL, request.attempt(), Reason.OTHER_WORKER)))
                .isEmpty();
        assertThat(request.attempt().getNumber()).isEqualTo(1);
    }

    @Test
    void isSentAgainWhenItsHandoffIsDeclinedAfterThePrefill() {
        Requests request = Requests.queued(SPLIT);
        request.on(request.tokens(PREFILL, 0, 100));
        List<Effect> effects = request.on(declined(DECODE, Role.DECODE, request.attempt(), Reason.DRAINING));
        assertThat(effects).contains(new Effect.ChooseRoute(request.attempt(), 1, Set.of(DECODE), null, false));
    }

    @Test
    void goesOnWhenAHandoffIsDeclinedThatIsDecodedAlready() {
        Requests request = Requests.decoding();
        assertThat(request.on(declined(OTHER, Role.DECODE, request.attempt(), Reason.OTHER_WORKER)))
                .isEmpty();
    }

    @Test
    void doesNotMindADeclineOfAnEarlierAttempt() {
        Requests request = Requests.queued(SPLIT);
        Attempt first = request.attempt();
        request.on(new RequestEvent.WorkerLost(PREFILL, "dead"));
        request.route(SPLIT);
        assertThat(request.on(declined(PREFILL, Role.PREFILL, first, Reason.ABSENT)))
                .isEmpty();
    }

    /** It says nothing about the request: Redis was emptied, a lane has moved, a worker ends. */
    @Test
    void doesNotUseUpTheAttemptsThatMayFail() {
        Requests request = Requests.patient(SPLIT);
        for (int i = 0; i < 2 * Requests.LIMITS.attemptsWithoutToken(); i++) {
            request.on(declined(PREFILL, Role.PREFILL, request.attempt(), Reason.ABSENT));
            assertThat(request.machine.phase().ended()).isFalse();
            request.after(Duration.ofSeconds(2));
            request.route(SPLIT);
        }
        request.on(request.tokens(PREFILL, 0, 100));
        assertThat(request.machine.accepted()).isEqualTo(1);
    }

    private static RequestEvent declined(WorkerRef worker, Role role, Attempt attempt, Reason reason) {
        return new RequestEvent.Declined(
                worker,
                Decline.newBuilder()
                        .setRequestId("r")
                        .setAttempt(attempt)
                        .setReason(reason)
                        .setMessage("says the test")
                        .setRole(role)
                        .build());
    }
}
