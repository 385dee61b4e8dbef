package dev.baton.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.control.Effect;
import dev.baton.control.Phase;
import dev.baton.control.TokenIds;
import dev.baton.control.routing.Fault;
import dev.baton.control.routing.Route;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.KvSource;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The record of each strike, from what a request's machine tells. */
class RecoveriesTest {
    private static final Instant PREPARED = Instant.EPOCH;
    private static final Route ROUTE = new Route(null, new Route.Leg(WorkerRef.getDefaultInstance(), 0));

    private final Recoveries recoveries = new Recoveries(PREPARED);

    @Test
    void timesCountFromTheLastTokenThatTheClientHad() {
        token(1_000);
        lost(1_010, Phase.DECODING);
        goesOn(1_011, 2);
        claimed(1_030, 2);
        restored(1_040, 2, KvSource.Rung.POOL, 39);
        assertThat(token(1_055)).isEqualTo(new Recovery(2, "decoding", "pool", 40, 1, 10, 30L, 40L, 55L));
        assertThat(token(1_060)).as("once").isNull();
        assertThat(recoveries.over()).hasSize(1);
    }

    @Test
    void withoutATokenTheyCountFromWhenTheRequestWasPrepared() {
        lost(20, Phase.PREFILLING);
        goesOn(25, 2);
        claimed(30, 2);
        restored(31, 2, KvSource.Rung.PREFILL, 0);
        assertThat(token(90)).isEqualTo(new Recovery(2, "prefilling", "prefill", 40, 40, 20, 30L, 31L, 90L));
    }

    @Test
    void whereNoWorkerHadBegunNothingWasLost() {
        lost(20, Phase.QUEUED);
        goesOn(25, 2);
        restored(31, 2, KvSource.Rung.PREFILL, 0);
        Recovery recovery = Objects.requireNonNull(token(90));
        assertThat(recovery).isEqualTo(new Recovery(2, "queued", "none", 40, 0, 20, null, 31L, 90L));
        assertThat(recovery.recomputedMost()).isFalse();
    }

    /** The attempt that follows waits unclaimed and is lost too: the tokens made before are what is lost. */
    @Test
    void anAttemptThatIsStruckBeforeItsTokenHasARecordOfItsOwn() {
        token(0);
        lost(10, Phase.DECODING);
        goesOn(11, 2);
        claimed(20, 2);
        assertThat(lost(30, Phase.QUEUED)).isEqualTo(new Recovery(2, "decoding", null, 0, 0, 10, 20L, null, null));
        goesOn(31, 3);
        restored(50, 3, KvSource.Rung.CACHE, 10);
        Recovery last = Objects.requireNonNull(token(60));
        assertThat(last).isEqualTo(new Recovery(3, "queued", "cache", 40, 30, 30, null, 50L, 60L));
        assertThat(last.recomputedMost()).isTrue();
        assertThat(recoveries.over()).hasSize(2).last().isEqualTo(last);
    }

    @Test
    void aSecondAttemptThatWinsIsARecoveryFromWhenItWasBegun() {
        token(0);
        hedge(200, 2);
        claimed(210, 2);
        restored(220, 2, KvSource.Rung.POOL, 39);
        endHedge(230, true);
        assertThat(token(231)).isEqualTo(new Recovery(2, "decoding", "pool", 40, 1, 200, 210L, 220L, 231L));
    }

    @Test
    void aSecondAttemptThatTakesOverFromADeadOneIsOneRecovery() {
        token(0);
        hedge(200, 2);
        claimed(210, 2);
        assertThat(lost(2_000, Phase.DECODING)).isNull();
        endHedge(2_000, true);
        assertThat(token(2_100)).isEqualTo(new Recovery(2, "decoding", null, 0, 0, 200, 210L, null, 2_100L));
        assertThat(recoveries.over()).hasSize(1);
    }

    @Test
    void aSecondAttemptThatIsDroppedIsNone() {
        token(0);
        hedge(200, 2);
        claimed(210, 2);
        assertThat(token(250)).isNull();
        endHedge(250, false);
        assertThat(recoveries.end()).isNull();
        assertThat(recoveries.over()).isEmpty();
    }

    @Test
    void aRequestThatEndsBeforeTheTokenSaysHowFarItGot() {
        token(0);
        lost(10, Phase.DECODING);
        goesOn(11, 2);
        assertThat(recoveries.end()).isEqualTo(new Recovery(2, "decoding", null, 0, 0, 10, null, null, null));
        lost(20, Phase.DECODING);
        assertThat(recoveries.end()).as("nothing went on").isNull();
    }

    @Test
    void whatAWorkerSaysIsHeldToSense() {
        token(0);
        lost(1, Phase.DECODING);
        goesOn(2, 2);
        restored(3, 2, KvSource.Rung.PEER, 4_000);
        restored(4, 2, KvSource.Rung.PREFILL, -1);
        restored(4, 7, KvSource.Rung.PREFILL, -1);
        assertThat(token(5)).isEqualTo(new Recovery(2, "decoding", "peer", 40, 0, 1, null, 3L, 5L));
    }

    @Test
    void theLastEightAreKept() {
        for (int attempt = 2; attempt < 14; attempt++) {
            lost(10 * attempt, Phase.DECODING);
            goesOn(10 * attempt, attempt);
            token(10 * attempt + 5);
        }
        assertThat(recoveries.over()).hasSize(Recoveries.MOST);
        assertThat(recoveries.over().getFirst().attempt()).isEqualTo(6);
        assertThat(recoveries.over().getLast().attempt()).isEqualTo(13);
    }

    private @Nullable Recovery on(long millis, Effect effect) {
        return recoveries.on(effect, Phase.DECODING, PREPARED.plusMillis(millis));
    }

    private @Nullable Recovery lost(long millis, Phase phase) {
        return on(millis, new Effect.NoteLostAttempt(attempt(1), phase, "says the test", new Fault.Infrastructure()));
    }

    private void goesOn(long millis, int number) {
        on(millis, new Effect.RecordAttempt(attempt(number), ROUTE));
    }

    private void hedge(long millis, int number) {
        on(millis, new Effect.RecordHedge(attempt(number), attempt(1)));
    }

    private void endHedge(long millis, boolean won) {
        assertThat(on(millis, new Effect.EndHedge(attempt(1), won))).isNull();
    }

    private void claimed(long millis, int number) {
        on(millis, new Effect.NoteClaimed(attempt(number)));
    }

    private void restored(long millis, int number, KvSource.Rung rung, int found) {
        on(
                millis,
                new Effect.NoteRestored(
                        attempt(number),
                        KvSource.newBuilder()
                                .setRung(rung)
                                .setTokens(40)
                                .setFound(found)
                                .build()));
    }

    private @Nullable Recovery token(long millis) {
        return on(millis, new Effect.EmitTokens(0, TokenIds.of(7), List.of()));
    }

    private static Attempt attempt(int number) {
        return Attempt.newBuilder().setNumber(number).build();
    }
}
