package dev.baton.control;

import static dev.baton.control.Requests.DECODE;
import static dev.baton.control.Requests.LOCAL;
import static dev.baton.control.Requests.LOCAL_OTHER;
import static dev.baton.control.Requests.OTHER;
import static dev.baton.control.Requests.PREFILL;
import static dev.baton.control.Requests.SPLIT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.Timing;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RequestMachineTest {
    @Test
    void isRecordedAndPublishedAtOnce() {
        Requests request = Requests.fresh();
        assertThat(request.on(new RequestEvent.Routed(1, SPLIT)))
                .containsExactly(
                        new Effect.PublishPrefillJob(request.attempt(), SPLIT, TokenIds.of()),
                        new Effect.RecordAttempt(request.attempt(), SPLIT));
        assertThat(request.on(new RequestEvent.AttemptRecorded(1))).isEmpty();
    }

    @Test
    void aLaterAttemptIsRecordedBeforeItIsPublished() {
        Requests request = Requests.queued(SPLIT);
        request.on(new RequestEvent.WorkerLost(PREFILL, "dead"));
        assertThat(request.on(new RequestEvent.Routed(2, LOCAL)))
                .containsExactly(new Effect.RecordAttempt(request.attempt(), LOCAL));
        assertThat(request.on(new RequestEvent.AttemptRecorded(2)))
                .containsExactly(new Effect.PublishComputeHere(request.attempt(), LOCAL, TokenIds.of()));
    }

    @Test
    void aRouteWithoutPrefillWorkerAsksTheDecodeWorkerToCompute() {
        Requests request = Requests.fresh();
        assertThat(request.on(new RequestEvent.Routed(1, LOCAL)))
                .contains(new Effect.PublishComputeHere(request.attempt(), LOCAL, TokenIds.of()));
    }

    @Test
    void walksThroughAllPhases() {
        Requests request = Requests.queued(SPLIT);
        assertThat(request.machine.phase()).isEqualTo(Phase.QUEUED);
        assertThat(request.on(request.tokens(PREFILL, 0))).containsExactly(new Effect.EmitAdmitted());
        assertThat(request.machine.phase()).isEqualTo(Phase.PREFILLING);
        request.on(request.tokens(PREFILL, 0, 5));
        assertThat(request.machine.phase()).isEqualTo(Phase.HANDED_OFF);
        request.on(request.tokens(DECODE, 1, 6));
        assertThat(request.machine.phase()).isEqualTo(Phase.DECODING);
        assertThat(request.on(request.last(DECODE, 2, 7)))
                .containsExactly(
                        new Effect.EmitTokens(2, TokenIds.of(7), List.of()),
                        new Effect.EmitFinish(Finish.Reason.STOP),
                        new Effect.Acknowledge(DECODE, request.attempt(), 3),
                        new Effect.SendCancel(PREFILL, request.attempt()),
                        new Effect.RecordEnd(request.attempt(), Phase.DONE));
    }

    @Test
    void dropsIndexesItHasSeen() {
        Requests request = Requests.decoding();
        assertThat(request.on(request.tokens(DECODE, 0, 100, 101))).isEmpty();
        assertThat(request.on(request.tokens(DECODE, 1, 101, 102)))
                .containsExactly(new Effect.EmitTokens(2, TokenIds.of(102), List.of()));
    }

    @Test
    void tellsOfATokenThatComesAgainAndIsAnother() {
        Requests request = Requests.decoding();
        assertThat(request.on(request.tokens(DECODE, 0, 100, 901)))
                .containsExactly(new Effect.NoteDifference(DECODE, 1, 101, 901));
        RequestEvent late = request.tokens(DECODE, 1, 902);
        request.on(new RequestEvent.WorkerLost(DECODE, "dead"));
        assertThat(request.on(late)).contains(new Effect.NoteDifference(DECODE, 1, 101, 902));
    }

    @Test
    void asksForWhatIsMissingInsteadOfKeepingWhatIsAhead() {
        Requests request = Requests.queued(SPLIT);
        assertThat(request.on(request.tokens(DECODE, 1, 101)))
                .containsExactly(new Effect.EmitAdmitted(), new Effect.SendResume(DECODE, request.attempt(), 0));
        assertThat(request.on(request.tokens(DECODE, 2, 102))).isEmpty();
        assertThat(request.on(request.tokens(PREFILL, 0, 100)))
                .contains(
                        new Effect.EmitTokens(0, TokenIds.of(100), List.of()),
                        new Effect.SendResume(DECODE, request.attempt(), 1));
        assertThat(request.on(request.tokens(DECODE, 1, 101, 102)))
                .containsExactly(new Effect.EmitTokens(1, TokenIds.of(101, 102), List.of()));
        assertThat(request.after(Duration.ofSeconds(1))).isEmpty();
    }

    @Test
    void aGapThatNobodyFillsRaisesTheAttempt() {
        Requests request = Requests.decoding();
        Attempt first = request.attempt();
        request.on(request.tokens(DECODE, 5, 105));
        assertThat(request.after(Duration.ofMillis(500))).contains(new Effect.SendCancel(DECODE, first));
        assertThat(request.attempt().getNumber()).isEqualTo(2);
    }

    @Test
    void hearsOnlyWorkersThatWereRoutedToInTheLifeThatWasRoutedTo() {
        Requests request = Requests.decoding();
        assertThat(request.on(request.tokens(OTHER, 2, 102))).isEmpty();
        WorkerRef restarted = Requests.worker(DECODE.getId(), 99);
        assertThat(request.on(request.tokens(restarted, 2, 102))).isEmpty();
        assertThat(request.machine.accepted()).isEqualTo(2);
    }

    @Test
    void aPrefillWorkerIsHeardForTheFirstTokenOnly() {
        Requests request = Requests.queued(SPLIT);
        assertThat(request.on(request.tokens(PREFILL, 0, 100, 101)))
                .contains(new Effect.EmitTokens(0, TokenIds.of(100), List.of()));
        assertThat(request.on(request.tokens(PREFILL, 1, 101))).isEmpty();
    }

    @Test
    void framesOfAnEarlierAttemptAreNotHeard() {
        Requests request = Requests.decoding();
        RequestEvent late = request.tokens(DECODE, 2, 102);
        request.on(new RequestEvent.WorkerLost(DECODE, "dead"));
        request.route(LOCAL);
        assertThat(request.on(late)).noneMatch(Effect.EmitTokens.class::isInstance);
        assertThat(request.machine.accepted()).isEqualTo(2);
        assertThat(request.on(request.tokens(DECODE, 2, 102)))
                .contains(new Effect.EmitTokens(2, TokenIds.of(102), List.of()));
    }

    @Test
    void aWorkerThatGoesOnWithAnEarlierAttemptIsToldOnceMoreToStop() {
        Requests request = Requests.decoding();
        Attempt first = request.attempt();
        RequestEvent late = request.tokens(DECODE, 2, 102);
        RequestEvent lateEnd = request.last(PREFILL, 1);
        request.on(new RequestEvent.WorkerLost(DECODE, "dead"));
        assertThat(request.on(late))
                .as("before it is routed again")
                .containsExactly(new Effect.SendCancel(DECODE, first));
        request.route(LOCAL_OTHER);
        assertThat(request.on(late)).as("once for each attempt").isEmpty();
        assertThat(request.on(lateEnd)).as("what has ended needs no cancel").isEmpty();
    }

    @Test
    void anAttemptThatIsNotOfThisRequestIsNotCancelled() {
        Requests request = Requests.decoding();
        request.on(new RequestEvent.WorkerLost(DECODE, "dead"));
        Attempt foreign = Attempt.newBuilder().setNumber(1).setNonce(99).build();
        assertThat(request.on(new RequestEvent.Progressed(
                        DECODE, request.progress(2, 102).setAttempt(foreign).build())))
                .isEmpty();
    }

    @Test
    void saysOnceBeforeTheFirstTokenHowMuchOfThePromptWasCached() {
        Requests request = Requests.queued(SPLIT);
        request.on(request.tokens(PREFILL, 0));
        assertThat(request.on(new RequestEvent.Progressed(
                        PREFILL, request.progress(0, 100).setCachedTokens(64).build())))
                .startsWith(new Effect.EmitCached(64), new Effect.EmitTokens(0, TokenIds.of(100), List.of()));
        request.on(new RequestEvent.WorkerLost(DECODE, "dead"));
        request.route(LOCAL_OTHER);
        assertThat(request.on(new RequestEvent.Progressed(
                        OTHER, request.progress(1, 101).setCachedTokens(128).build())))
                .noneMatch(Effect.EmitCached.class::isInstance);
        assertThat(request.machine.cachedTokens()).isEqualTo(64);
    }

    @Test
    void goesOnElsewhereWithTheAcceptedTokensWhenTheDecodeWorkerDies() {
        Requests request = Requests.decoding();
        Attempt first = request.attempt();
        List<Effect> effects = request.on(new RequestEvent.WorkerLost(DECODE, "dead"));
        assertThat(effects)
                .contains(
                        new Effect.SendCancel(PREFILL, first),
                        new Effect.SendCancel(DECODE, first),
                        new Effect.ChooseRoute(request.attempt(), 2, Set.of(DECODE), DECODE, false));
        assertThat(request.route(LOCAL_OTHER))
                .containsExactly(new Effect.PublishComputeHere(request.attempt(), LOCAL_OTHER, TokenIds.of(100, 101)));
        assertThat(request.attempt().getNumber()).isEqualTo(2);
        assertThat(request.attempt().getNonce()).isNotEqualTo(first.getNonce());
    }

    @Test
    void whereTheKvOfTheDeadWorkerIsNotFoundTheNextAttemptDoesNotCountOnItAndAvoidsNobodyForIt() {
        Requests request = Requests.decoding();
        request.on(new RequestEvent.WorkerLost(DECODE, "dead"));
        request.route(LOCAL_OTHER);
        List<Effect> declined = request.on(request.failure(OTHER, Failure.Code.KV_NOT_FOUND));
        List<Effect> later = request.after(Duration.ofMillis(200));
        assertThat(Stream.concat(declined.stream(), later.stream()))
                .contains(new Effect.ChooseRoute(request.attempt(), 2, Set.of(DECODE), null, false));
    }

    @Test
    void aPrefillWorkerThatDiesBeforeTheHandoffRaisesTheAttempt() {
        Requests request = Requests.queued(SPLIT);
        request.on(request.tokens(PREFILL, 0));
        request.on(new RequestEvent.WorkerLost(PREFILL, "dead"));
        assertThat(request.attempt().getNumber()).isEqualTo(2);
    }

    @Test
    void aPrefillWorkerThatDiesAfterDecodeBeganChangesNothing() {
        Requests request = Requests.decoding();
        assertThat(request.on(new RequestEvent.WorkerLost(PREFILL, "dead"))).isEmpty();
        assertThat(request.attempt().getNumber()).isEqualTo(1);
    }

    @Test
    void aDecodeWorkerThatDiesBeforeItClaimedRaisesTheAttempt() {
        Requests request = Requests.queued(SPLIT);
        request.on(request.tokens(PREFILL, 0));
        request.on(new RequestEvent.WorkerLost(DECODE, "dead"));
        assertThat(request.attempt().getNumber()).isEqualTo(2);
    }

    @ParameterizedTest
    @EnumSource(names = {"NO_CAPACITY", "SUPERSEDED", "SHUTTING_DOWN", "ENGINE_FAILED"})
    void aDecodeWorkerThatCannotIsAvoidedByTheNextAttempt(Failure.Code code) {
        Requests request = Requests.queued(SPLIT);
        request.on(request.tokens(PREFILL, 0, 100));
        List<Effect> declined = request.on(request.failure(DECODE, code));
        List<Effect> later = request.after(Duration.ofMillis(200));
        assertThat(declined.contains(chooseRoute(request)) || later.contains(chooseRoute(request)))
                .isTrue();
    }

    private static Effect chooseRoute(Requests request) {
        return new Effect.ChooseRoute(request.attempt(), 1, Set.of(DECODE), null, false);
    }

    @Test
    void aBadRequestIsNotTriedAgain() {
        Requests request = Requests.queued(LOCAL);
        assertThat(request.on(request.failure(DECODE, Failure.Code.BAD_REQUEST)))
                .anyMatch(Effect.EmitFailure.class::isInstance);
        assertThat(request.machine.phase()).isEqualTo(Phase.FAILED);
    }

    @Test
    void aWorkerThatHasNotClaimedYetMayNotKnowTheRequest() {
        Requests request = Requests.queued(LOCAL);
        assertThat(request.on(new RequestEvent.StreamRestored(DECODE)))
                .containsExactly(new Effect.SendResume(DECODE, request.attempt(), 0));
        assertThat(request.on(request.failure(DECODE, Failure.Code.UNKNOWN_REQUEST)))
                .isEmpty();
        request.on(request.tokens(DECODE, 0, 100));
        request.on(request.failure(DECODE, Failure.Code.UNKNOWN_REQUEST));
        assertThat(request.attempt().getNumber()).isEqualTo(2);
    }

    @Test
    void givesUpAfterTooManyAttemptsWithoutAToken() {
        Requests request = Requests.queued(LOCAL);
        for (int attempt = 1; attempt < Requests.LIMITS.attemptsWithoutToken(); attempt++) {
            request.on(request.failure(DECODE, Failure.Code.ENGINE_FAILED));
            request.after(Duration.ofMillis(500));
            request.route(LOCAL);
        }
        assertThat(request.on(request.failure(DECODE, Failure.Code.ENGINE_FAILED)))
                .anyMatch(Effect.EmitFailure.class::isInstance);
        assertThat(request.machine.phase()).isEqualTo(Phase.FAILED);
    }

    @Test
    void attemptsThatBringTokensDoNotCountAsFruitless() {
        Requests request = Requests.queued(LOCAL);
        for (int token = 0; token < 2 * Requests.LIMITS.attemptsWithoutToken(); token++) {
            request.on(request.tokens(DECODE, token, token));
            request.on(request.failure(DECODE, Failure.Code.ENGINE_FAILED));
            request.route(LOCAL);
        }
        assertThat(request.machine.phase()).isEqualTo(Phase.QUEUED);
    }

    @Test
    void endsAtTheTokenLimitEvenWhenTheWorkerDoesNotSaySo() {
        Requests request = Requests.queued(LOCAL, 2);
        assertThat(request.on(request.tokens(DECODE, 0, 100, 101, 102)))
                .contains(
                        new Effect.EmitTokens(0, TokenIds.of(100, 101), List.of()),
                        new Effect.EmitFinish(Finish.Reason.LENGTH));
        assertThat(request.on(request.last(DECODE, 2, 102))).isEmpty();
    }

    @Test
    void aFirstTokenThatIsTheLastFreesTheDecodeWorker() {
        Requests request = Requests.queued(SPLIT);
        assertThat(request.on(request.last(PREFILL, 0, 100)))
                .contains(new Effect.EmitFinish(Finish.Reason.STOP), new Effect.SendCancel(DECODE, request.attempt()));
    }

    @Test
    void aCancelReachesAllWorkersAndRedis() {
        Requests request = Requests.queued(SPLIT);
        assertThat(request.on(new RequestEvent.CancelledByClient()))
                .containsExactly(
                        new Effect.SendCancel(PREFILL, request.attempt()),
                        new Effect.SendCancel(DECODE, request.attempt()),
                        new Effect.RecordEnd(request.attempt(), Phase.CANCELLED));
        assertThat(request.on(request.tokens(PREFILL, 0, 100))).isEmpty();
    }

    @Test
    void aCancelDuringTheWriteToRedisIsWrittenAfterIt() {
        Requests request = Requests.fresh();
        request.on(new RequestEvent.Routed(1, LOCAL));
        assertThat(request.on(new RequestEvent.CancelledByClient()))
                .containsExactly(new Effect.SendCancel(DECODE, request.attempt()));
        assertThat(request.on(new RequestEvent.AttemptRecorded(1)))
                .containsExactly(new Effect.RecordEnd(request.attempt(), Phase.CANCELLED));
    }

    @Test
    void isRefusedWhenRedisIsDownAtItsFirstAttempt() {
        Requests request = Requests.fresh();
        request.on(new RequestEvent.Routed(1, LOCAL));
        assertThat(request.on(new RequestEvent.StoreUnavailable(1, "no Redis")))
                .contains(new Effect.EmitRejection(Effect.EmitRejection.Cause.STORE_UNAVAILABLE, "no Redis"));
    }

    @Test
    void recoveryWaitsForRedisToComeBack() {
        Requests request = Requests.decoding();
        request.on(new RequestEvent.WorkerLost(DECODE, "dead"));
        request.on(new RequestEvent.Routed(2, LOCAL_OTHER));
        assertThat(request.on(new RequestEvent.StoreUnavailable(2, "no Redis"))).isEmpty();
        assertThat(request.after(Duration.ofMillis(200))).contains(chooseRouteAvoidingDecode(request));
        assertThat(request.route(LOCAL_OTHER)).anyMatch(Effect.PublishComputeHere.class::isInstance);
    }

    private static Effect chooseRouteAvoidingDecode(Requests request) {
        return new Effect.ChooseRoute(request.attempt(), 2, Set.of(DECODE), DECODE, false);
    }

    @Test
    void theHandoffIsKnownFromTheTimesThatAWorkerReports() {
        Requests request = Requests.queued(SPLIT);
        Timing sent = Timing.newBuilder().setHandoffSentUs(5).build();
        request.on(new RequestEvent.Progressed(
                PREFILL, request.progress(0).setTiming(sent).build()));
        assertThat(request.machine.phase()).isEqualTo(Phase.HANDED_OFF);
    }
}
