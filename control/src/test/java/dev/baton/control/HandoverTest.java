package dev.baton.control;

import static dev.baton.control.Requests.DECODE;
import static dev.baton.control.Requests.LOCAL_OTHER;
import static dev.baton.control.Requests.OTHER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.control.routing.Fault;
import dev.baton.protocol.v1.Attempt;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A worker that is about to end, and who goes on with what it decodes. */
class HandoverTest {
    private final Requests request = Requests.decoding();
    private final Attempt first = request.attempt();

    @Test
    void nothingIsGivenUpBeforeSomebodyCanGoOn() {
        assertThat(request.on(new RequestEvent.WorkerLeaves(DECODE)))
                .containsExactly(new Effect.ChooseSuccessor(first, request.machine.acceptedTokens(), Set.of(), DECODE));
        assertThat(request.attempt()).isEqualTo(first);
        assertThat(request.on(request.tokens(DECODE, 2, 102))).anyMatch(Effect.EmitTokens.class::isInstance);
    }

    @Test
    void theSuccessorGoesOnFromAllThatTheClientHas() {
        request.on(new RequestEvent.WorkerLeaves(DECODE));
        request.on(request.tokens(DECODE, 2, 102));
        RequestEvent late = request.tokens(DECODE, 3, 103);
        List<Effect> effects = request.on(new RequestEvent.SuccessorRouted(1, LOCAL_OTHER));

        Attempt second = request.attempt();
        assertThat(second.getNumber()).isEqualTo(2);
        assertThat(effects)
                .containsSubsequence(
                        new Effect.SendCancel(DECODE, first),
                        new Effect.TakeSuccessor(second),
                        new Effect.RecordAttempt(second, LOCAL_OTHER))
                .anyMatch(effect -> effect instanceof Effect.NoteLostAttempt lost
                        && lost.fault().equals(new Fault.Handover(DECODE)));
        assertThat(request.on(late))
                .as("the one that leaves is heard no more")
                .noneMatch(Effect.EmitTokens.class::isInstance);
        assertThat(request.on(new RequestEvent.AttemptRecorded(2)))
                .contains(new Effect.PublishComputeHere(second, LOCAL_OTHER, request.machine.acceptedTokens()));
        assertThat(request.machine.acceptedTokens()).hasSize(3);
    }

    @Test
    void aWorkerThatDoesNotDecodeItHandsNothingOver() {
        assertThat(request.on(new RequestEvent.WorkerLeaves(OTHER))).isEmpty();
        assertThat(Requests.queued(Requests.LOCAL).on(new RequestEvent.WorkerLeaves(DECODE)))
                .as("nothing is decoded yet: the worker declines it")
                .isEmpty();
    }

    @Test
    void whatIsRoutedTooLateIsDropped() {
        request.on(new RequestEvent.WorkerLeaves(DECODE));
        request.on(new RequestEvent.WorkerLost(DECODE, "dead"));
        assertThat(request.on(new RequestEvent.SuccessorRouted(1, LOCAL_OTHER)))
                .containsExactly(new Effect.DropSuccessor());
    }

    /** An end that is announced is nobody's failure, however often it happens. */
    @Test
    void handoversUseUpNoneOfTheAttemptsThatMayFail() {
        for (int i = 1; i < 60; i++) {
            request.on(new RequestEvent.WorkerLeaves(i % 2 == 1 ? DECODE : OTHER));
            request.on(new RequestEvent.SuccessorRouted(i, i % 2 == 1 ? LOCAL_OTHER : Requests.LOCAL));
            request.on(new RequestEvent.AttemptRecorded(i + 1));
            assertThat(request.on(request.tokens(i % 2 == 1 ? OTHER : DECODE, 1 + i, 101 + i)))
                    .anyMatch(Effect.EmitTokens.class::isInstance);
        }
        assertThat(request.machine.phase()).isEqualTo(Phase.DECODING);
    }
}
