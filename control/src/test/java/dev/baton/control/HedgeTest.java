package dev.baton.control;

import static dev.baton.control.Requests.DECODE;
import static dev.baton.control.Requests.LOCAL_OTHER;
import static dev.baton.control.Requests.OTHER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Decline;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Two attempts at once, while the worker of the first is silent. */
class HedgeTest {
    private final Requests request = Requests.decoding();
    private final Attempt first = request.attempt();
    private Attempt second = Attempt.getDefaultInstance();

    @Test
    void silenceGivesNothingUpAndAsksWhoCouldGoOnBesideIt() {
        assertThat(silence()).containsExactly(new Effect.ChooseHedge(first, 2, Set.of(), DECODE));
        assertThat(request.attempt()).isEqualTo(first);
    }

    @Test
    void asksAgainWhileTheSilenceLastsAndNobodyCan() {
        silence();
        for (int i = 0; i < 5; i++) {
            assertThat(request.on(new RequestEvent.NoHedge(1))).isEmpty();
            assertThat(request.after(Duration.ofMillis(50))).anyMatch(Effect.ChooseHedge.class::isInstance);
        }
        request.on(new RequestEvent.NoHedge(1));
        request.on(new RequestEvent.StreamRestored(DECODE));
        assertThat(request.after(Duration.ofMillis(500))).isEmpty();
    }

    @Test
    void whoBringsTheNextTokenWinsAndTheOtherIsCancelled() {
        hedge();
        List<Effect> effects = request.on(from(OTHER, second, 2, 102));
        assertThat(effects)
                .containsSubsequence(
                        new Effect.SendCancel(DECODE, first),
                        new Effect.EndHedge(second, true),
                        new Effect.EmitTokens(2, TokenIds.of(102), List.of()));
        assertThat(request.attempt()).isEqualTo(second);
        assertThat(request.on(from(DECODE, first, 2, 102))).noneMatch(Effect.EmitTokens.class::isInstance);
        assertThat(request.on(from(DECODE, first, 2, 999)))
                .as("what comes late is compared")
                .contains(new Effect.NoteDifference(DECODE, 2, 102, 999));
        assertThat(request.on(from(OTHER, second, 3, 103))).anyMatch(Effect.EmitTokens.class::isInstance);
    }

    @Test
    void theSilentOneWinsWhenItWakesFirst() {
        hedge();
        assertThat(request.on(new RequestEvent.StreamRestored(DECODE)))
                .contains(new Effect.SendResume(DECODE, first, 2));
        assertThat(request.on(from(DECODE, first, 2, 102)))
                .contains(
                        new Effect.EmitTokens(2, TokenIds.of(102), List.of()),
                        new Effect.SendCancel(OTHER, second),
                        new Effect.EndHedge(first, false));
        assertThat(request.attempt()).isEqualTo(first);
        assertThat(request.on(from(OTHER, second, 3, 103))).noneMatch(Effect.EmitTokens.class::isInstance);
    }

    @Test
    void theSecondOneThatFailsOrIsDeclinedDropsOnlyItself() {
        hedge();
        Failure failure =
                Failure.newBuilder().setCode(Failure.Code.KV_NOT_FOUND).build();
        assertThat(request.on(new RequestEvent.Progressed(
                        OTHER,
                        request.progress(0)
                                .setAttempt(second)
                                .setFailure(failure)
                                .build())))
                .containsExactly(new Effect.SendCancel(OTHER, second), new Effect.EndHedge(first, false));
        assertThat(request.attempt()).isEqualTo(first);
        assertThat(request.on(from(DECODE, first, 2, 102))).anyMatch(Effect.EmitTokens.class::isInstance);
    }

    @Test
    void theSecondOneThatIsDeclinedDropsOnlyItself() {
        hedge();
        Decline decline = Decline.newBuilder()
                .setAttempt(second)
                .setReason(Decline.Reason.DRAINING)
                .setRole(WorkerState.Role.DECODE)
                .build();
        assertThat(request.on(new RequestEvent.Declined(OTHER, decline))).contains(new Effect.EndHedge(first, false));
        assertThat(request.attempt()).isEqualTo(first);
    }

    @Test
    void theDeathOfTheSilentOneLeavesTheSecond() {
        hedge();
        List<Effect> effects = request.on(new RequestEvent.WorkerLost(DECODE, "dead"));
        assertThat(effects).contains(new Effect.EndHedge(second, true)).noneMatch(Effect.ChooseRoute.class::isInstance);
        assertThat(request.attempt()).isEqualTo(second);
        assertThat(request.on(from(OTHER, second, 2, 102))).anyMatch(Effect.EmitTokens.class::isInstance);
    }

    @Test
    void bothDeadRaisesAThird() {
        hedge();
        request.on(new RequestEvent.WorkerLost(DECODE, "dead"));
        assertThat(request.on(new RequestEvent.WorkerLost(OTHER, "dead"))).isNotEmpty();
        request.after(Duration.ofSeconds(1));
        assertThat(request.attempt().getNumber()).isEqualTo(3);
    }

    @Test
    void whatCannotBeWrittenOrPublishedDropsOnlyTheSecond() {
        silence();
        request.on(new RequestEvent.HedgeRouted(1, LOCAL_OTHER));
        assertThat(request.on(new RequestEvent.StoreUnavailable(2, "no Redis")))
                .contains(new Effect.EndHedge(first, false));
        assertThat(request.attempt()).isEqualTo(first);
        assertThat(request.on(from(DECODE, first, 2, 102))).anyMatch(Effect.EmitTokens.class::isInstance);
    }

    @Test
    void anAnswerThatComesTooLateIsGivenBack() {
        silence();
        request.on(new RequestEvent.StreamRestored(DECODE));
        assertThat(request.on(new RequestEvent.HedgeRouted(1, LOCAL_OTHER)))
                .containsExactly(new Effect.EndHedge(first, false));
    }

    @Test
    void theClientsEndCancelsBoth() {
        hedge();
        assertThat(request.on(new RequestEvent.CancelledByClient()))
                .contains(new Effect.SendCancel(DECODE, first), new Effect.SendCancel(OTHER, second));
    }

    @Test
    void aSecondOneMayBringTheEnd() {
        hedge();
        Finish stop = Finish.newBuilder().setReason(Finish.Reason.STOP).build();
        assertThat(request.on(new RequestEvent.Progressed(
                        OTHER,
                        request.progress(2).setAttempt(second).setFinish(stop).build())))
                .contains(new Effect.EmitFinish(Finish.Reason.STOP), new Effect.SendCancel(DECODE, first));
    }

    @Test
    void aRequestThatMayKillWorkersIsNotComputedTwice() {
        for (int death = 0; death < 2; death++) {
            request.on(new RequestEvent.WorkerLost(death == 0 ? DECODE : OTHER, "dead"));
            request.route(death == 0 ? LOCAL_OTHER : Requests.LOCAL);
            request.on(request.tokens(death == 0 ? OTHER : DECODE, 2 + death, 7));
        }
        assertThat(silence()).isEmpty();
    }

    private List<Effect> silence() {
        return request.on(new RequestEvent.WorkerSilent(DECODE));
    }

    private void hedge() {
        silence();
        assertThat(request.on(new RequestEvent.HedgeRouted(1, LOCAL_OTHER)))
                .singleElement()
                .isInstanceOfSatisfying(Effect.RecordHedge.class, record -> {
                    assertThat(record.beside()).isEqualTo(first);
                    second = record.hedge();
                });
        assertThat(request.on(new RequestEvent.AttemptRecorded(2)))
                .containsExactly(new Effect.PublishComputeHere(second, LOCAL_OTHER, TokenIds.of(100, 101)));
    }

    private RequestEvent from(WorkerRef worker, Attempt attempt, int firstIndex, int... tokens) {
        return new RequestEvent.Progressed(
                worker,
                request.progress(firstIndex)
                        .setAttempt(attempt)
                        .addAllTokens(Arrays.stream(tokens).boxed().toList())
                        .build());
    }
}
