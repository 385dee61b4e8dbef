package dev.baton.control;

import static dev.baton.control.Requests.DECODE;
import static dev.baton.control.Requests.LOCAL;
import static dev.baton.control.Requests.LOCAL_OTHER;
import static dev.baton.control.Requests.OTHER;
import static dev.baton.control.Requests.PREFILL;
import static dev.baton.control.Requests.SPLIT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.control.routing.Fault;
import dev.baton.control.routing.Route;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Timing;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** To whom the end of an attempt is booked, and what follows from it. */
class BlameTest {
    private static final int MANY = 8 * Requests.LIMITS.attemptsWithoutToken();

    @Test
    void aPairThatCannotMoveKvIsBookedToThePairAndUsesUpNoAttempt() {
        Requests request = Requests.patient(SPLIT);
        for (int i = 0; i < MANY; i++) {
            request.on(request.tokens(PREFILL, request.machine.accepted(), 100 + i));
            List<Effect> effects = request.on(request.failure(DECODE, Failure.Code.TRANSFER_FAILED));
            assertThat(faults(effects)).containsExactly(new Fault.Pair(PREFILL, DECODE));
            request.after(Duration.ofSeconds(2));
            request.route(SPLIT);
        }
        assertThat(request.machine.phase()).isEqualTo(Phase.QUEUED);
        assertThat(request.machine.accepted()).isEqualTo(MANY);
    }

    @Test
    void aHandoffThatDidNotReachKafkaIsNobodysFault() {
        Requests request = Requests.queued(SPLIT);
        request.on(request.tokens(PREFILL, 0));
        assertThat(faults(request.on(request.failure(PREFILL, Failure.Code.TRANSFER_FAILED))))
                .containsExactly(new Fault.Infrastructure());
    }

    @Test
    void aPoisonRequestKillsThreeWorkersAndBecomesADeadLetter() {
        Requests poison = Requests.queued(LOCAL);
        poison.on(poison.tokens(DECODE, 0, 100, 101, 102));
        assertThat(faults(poison.on(new RequestEvent.WorkerLost(DECODE, "dead"))))
                .containsExactly(new Fault.Request(DECODE));

        List<Effect> second = dieAfterOneToken(poison, OTHER, LOCAL_OTHER);
        assertThat(second).as("the second death").anyMatch(BlameTest::alone);

        List<Effect> third = dieAfterOneToken(poison, DECODE, LOCAL);
        assertThat(third)
                .anySatisfy(effect -> assertThat(effect)
                        .isInstanceOfSatisfying(
                                Effect.PublishDeadLetter.class,
                                letter -> assertThat(letter.accepted()).hasSize(5)))
                .anySatisfy(effect -> assertThat(effect)
                        .isInstanceOfSatisfying(
                                Effect.EmitFailure.class,
                                failed -> assertThat(failed.failure().getMessage())
                                        .contains("3 workers died", "not tried again")));
        assertThat(poison.machine.phase()).isEqualTo(Phase.FAILED);
    }

    @Test
    void aPromptThatKillsPrefillWorkersIsFoundOutToo() {
        Requests poison = Requests.queued(SPLIT);
        Timing computing = Timing.newBuilder().setComputeStartedUs(1).build();
        for (int death = 1; death <= 3; death++) {
            WorkerRef first = death == 1 ? PREFILL : DECODE;
            poison.on(new RequestEvent.Progressed(
                    first, poison.progress(0).setTiming(computing).build()));
            poison.on(new RequestEvent.WorkerLost(first, "dead"));
            poison.after(Duration.ofSeconds(1));
            poison.route(LOCAL);
        }
        assertThat(poison.machine.phase()).isEqualTo(Phase.FAILED);
    }

    @Test
    void aNeighbourOfThePoisonThatGetsOnIsClearedAndNeverFails() {
        Requests neighbour = Requests.queued(LOCAL, 1_000);
        int next = 0;
        for (int i = 0; i < MANY; i++) {
            WorkerRef worker = i % 2 == 0 ? DECODE : OTHER;
            neighbour.on(neighbour.tokens(worker, next, 1));
            next++;
            List<Effect> died = neighbour.on(new RequestEvent.WorkerLost(worker, "dead"));
            boolean suspicious = died.stream().anyMatch(BlameTest::alone);
            neighbour.route(i % 2 == 0 ? LOCAL_OTHER : LOCAL);
            if (suspicious) {
                WorkerRef to = i % 2 == 0 ? OTHER : DECODE;
                List<Effect> effects = neighbour.on(neighbour.tokens(to, next, 1, 2, 3, 4, 5, 6, 7, 8, 9));
                next += Deaths.NEAR + 1;
                assertThat(effects).contains(new Effect.NoteCleared());
            }
        }
        assertThat(neighbour.machine.phase().ended()).isFalse();
        assertThat(neighbour.machine.accepted()).isEqualTo(next);
    }

    @Test
    void deathsFarApartAreChance() {
        Deaths deaths = new Deaths(6);
        for (int token = 0; token < 1_000; token += Deaths.NEAR + 1) {
            assertThat(deaths.died(token, false, true)).isFalse();
            assertThat(deaths.suspicious()).isFalse();
        }
    }

    @Test
    void aRequestThatCannotBeAloneIsTakenToBeTheCauseInTheEnd() {
        Deaths deaths = new Deaths(6);
        for (int death = 1; death < 6; death++) {
            assertThat(deaths.died(5, false, false)).isFalse();
        }
        assertThat(deaths.died(5, false, false)).isTrue();
    }

    @Test
    void kafkaAwayForThirteenSecondsAfterAWorkersDeathIsWaitedOutWithinTheDeadline() {
        Requests request = Requests.decoding();
        request.on(new RequestEvent.WorkerLost(DECODE, "dead"));
        for (int seconds = 0; seconds < 40; seconds += 2) {
            int number = request.attempt().getNumber();
            request.after(Duration.ofSeconds(2));
            request.route(LOCAL_OTHER);
            List<Effect> failed = request.on(new RequestEvent.PublishFailed(number, "Kafka is away"));
            assertThat(faults(failed)).containsExactly(new Fault.Infrastructure());
            assertThat(request.machine.phase()).as("after %d s", seconds).isEqualTo(Phase.QUEUED);
        }
        request.after(Duration.ofSeconds(2));
        request.route(LOCAL_OTHER);
        assertThat(request.on(request.tokens(OTHER, 2, 102))).anyMatch(Effect.EmitTokens.class::isInstance);
    }

    @Test
    void aLostConfirmationOfARecordThatSomebodyHasClaimedIsNoEvent() {
        Requests first = Requests.queued(LOCAL);
        first.on(first.tokens(DECODE, 0));
        assertThat(first.on(new RequestEvent.PublishFailed(1, "no confirmation")))
                .isEmpty();

        Requests later = Requests.decoding();
        later.on(new RequestEvent.WorkerLost(DECODE, "dead"));
        later.route(LOCAL_OTHER);
        later.on(later.tokens(OTHER, 2, 102));
        assertThat(later.on(new RequestEvent.PublishFailed(2, "no confirmation")))
                .isEmpty();
        assertThat(later.on(later.tokens(OTHER, 3, 103))).anyMatch(Effect.EmitTokens.class::isInstance);
    }

    @Test
    void aWorkerThatReloadsForMoreThanAMinuteLosesNoStream() {
        Requests request = Requests.queued(LOCAL);
        request.on(request.tokens(DECODE, 0, 100));
        request.on(new RequestEvent.WorkerLost(DECODE, "dead"));
        for (int tenths = 0; tenths < 580; tenths++) {
            List<Effect> effects = request.after(Duration.ofMillis(100));
            if (effects.stream().anyMatch(Effect.ChooseRoute.class::isInstance)) {
                request.on(new RequestEvent.NoRoute(2));
            } else if (tenths == 0) {
                request.on(new RequestEvent.NoRoute(2));
            }
            assertThat(request.machine.phase()).isEqualTo(Phase.QUEUED);
        }
        request.after(Duration.ofMillis(1_900));
        request.route(LOCAL_OTHER);
        assertThat(request.on(request.tokens(OTHER, 1, 101))).anyMatch(Effect.EmitTokens.class::isInstance);
    }

    @Test
    void aPromptThatKillsBeforeItsWorkerCanSaySoIsFoundOutInTheEnd() {
        Requests poison = Requests.patient(LOCAL);
        for (int death = 1; death <= 10; death++) {
            poison.on(poison.tokens(DECODE, 0));
            poison.on(new RequestEvent.WorkerLost(DECODE, "dead"));
            poison.after(Duration.ofSeconds(2));
            poison.route(LOCAL);
        }
        assertThat(poison.machine.phase()).isEqualTo(Phase.FAILED);
    }

    @Test
    void aWorkerThatDiesBeforeItClaimsSaysNothingAboutTheRequest() {
        Requests request = Requests.patient(SPLIT);
        for (int i = 0; i < MANY; i++) {
            assertThat(faults(request.on(new RequestEvent.WorkerLost(PREFILL, "dead"))))
                    .containsExactly(new Fault.Infrastructure());
            request.after(Duration.ofSeconds(2));
            request.route(SPLIT);
        }
        assertThat(request.machine.phase()).isEqualTo(Phase.QUEUED);
    }

    @Test
    void aGatewayThatStoodStillRaisesNobody() {
        Requests request = Requests.decoding();
        Duration frozen = Duration.ofSeconds(20);
        request.now = request.now.plus(frozen);
        request.on(new RequestEvent.Slept(frozen));
        assertThat(request.on(new RequestEvent.TimePassed())).isEmpty();
        assertThat(request.attempt().getNumber()).isEqualTo(1);
        request.after(Requests.LIMITS.decoding());
        assertThat(request.attempt().getNumber()).isEqualTo(2);
    }

    private static List<Effect> dieAfterOneToken(Requests request, WorkerRef worker, Route route) {
        request.after(Duration.ofSeconds(1));
        request.route(route);
        request.on(request.tokens(worker, request.machine.accepted(), 7));
        return request.on(new RequestEvent.WorkerLost(worker, "dead"));
    }

    private static boolean alone(Effect effect) {
        return effect instanceof Effect.ChooseRoute choose && choose.alone();
    }

    private static List<Fault> faults(List<Effect> effects) {
        List<Fault> faults = new ArrayList<>();
        for (Effect effect : effects) {
            if (effect instanceof Effect.NoteLostAttempt lost) {
                faults.add(lost.fault());
            }
        }
        return faults;
    }
}
