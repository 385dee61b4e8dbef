package dev.baton.control;

import static dev.baton.control.Requests.DECODE;
import static dev.baton.control.Requests.LOCAL_OTHER;
import static dev.baton.control.Requests.OTHER;
import static dev.baton.control.Requests.PREFILL;
import static dev.baton.control.Requests.SPLIT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Decline;
import dev.baton.protocol.v1.KvSource;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.Queued;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is told of a later attempt until its first token: that a worker has begun it, and where the KV came from. */
class RecoveryStepsTest {
    private static final KvSource POOL = KvSource.newBuilder()
            .setRung(KvSource.Rung.POOL)
            .setTokens(40)
            .setFound(39)
            .build();

    @Test
    void theFirstAttemptIsNoRecovery() {
        Requests request = Requests.queued(SPLIT);
        assertThat(request.on(from(PREFILL, request.progress(0).setKvSource(POOL))))
                .containsExactly(new Effect.EmitAdmitted());
    }

    @Test
    void eachLaterAttemptTellsOnceThatAWorkerHasBegunIt() {
        Requests request = struck();
        Attempt second = request.attempt();
        assertThat(request.on(waits(request))).as("waiting is no claim").isEmpty();
        assertThat(request.on(from(OTHER, request.progress(2)))).containsExactly(new Effect.NoteClaimed(second));
        assertThat(request.on(from(OTHER, request.progress(2).setKvSource(POOL))))
                .containsExactly(new Effect.NoteRestored(second, POOL));
        assertThat(request.on(request.tokens(OTHER, 2, 102)))
                .containsExactly(new Effect.EmitTokens(2, TokenIds.of(102), List.of()));
    }

    @Test
    void aTokenThatComesBeforeAnyWordOfItIsAClaimToo() {
        Requests request = struck();
        assertThat(request.on(request.tokens(OTHER, 2, 102)))
                .containsExactly(
                        new Effect.NoteClaimed(request.attempt()),
                        new Effect.EmitTokens(2, TokenIds.of(102), List.of()));
    }

    @Test
    void anAttemptBesideASilentWorkersTellsTheSameBeforeItWins() {
        Requests request = Requests.decoding();
        Attempt second = hedge(request);
        assertThat(request.on(from(OTHER, request.progress(2).setAttempt(second))))
                .containsExactly(new Effect.NoteClaimed(second));
        assertThat(request.on(from(OTHER, request.progress(2).setAttempt(second).setKvSource(POOL))))
                .containsExactly(new Effect.NoteRestored(second, POOL));
        assertThat(request.on(from(OTHER, request.progress(2).setAttempt(second).addTokens(102))))
                .contains(new Effect.EndHedge(second, true), new Effect.EmitTokens(2, TokenIds.of(102), List.of()))
                .noneMatch(Effect.NoteClaimed.class::isInstance);
    }

    /** A record that only waits has no worker yet: its decline is heard. */
    @Test
    void anAttemptBesideThatOnlyWaitsIsNotBegun() {
        Requests request = Requests.decoding();
        Attempt second = hedge(request);
        Queued queued = Queued.newBuilder().setAhead(3).build();
        assertThat(request.on(from(OTHER, request.progress(2).setAttempt(second).setQueued(queued))))
                .isEmpty();
        Decline decline = Decline.newBuilder()
                .setAttempt(second)
                .setReason(Decline.Reason.DRAINING)
                .setRole(WorkerState.Role.DECODE)
                .build();
        assertThat(request.on(new RequestEvent.Declined(OTHER, decline)))
                .contains(new Effect.EndHedge(request.attempt(), false));
    }

    /** Its decode worker died; another is to go on. */
    private static Requests struck() {
        Requests request = Requests.decoding();
        request.on(new RequestEvent.WorkerLost(DECODE, "dead"));
        request.route(LOCAL_OTHER);
        return request;
    }

    private static Attempt hedge(Requests request) {
        request.on(new RequestEvent.WorkerSilent(DECODE));
        List<Effect> effects = request.on(new RequestEvent.HedgeRouted(1, LOCAL_OTHER));
        request.on(new RequestEvent.AttemptRecorded(2));
        return ((Effect.RecordHedge) effects.getFirst()).hedge();
    }

    private static RequestEvent waits(Requests request) {
        return from(
                OTHER,
                request.progress(2).setQueued(Queued.newBuilder().setAhead(1).build()));
    }

    private static RequestEvent from(WorkerRef worker, Progress.Builder progress) {
        return new RequestEvent.Progressed(worker, progress.build());
    }
}
