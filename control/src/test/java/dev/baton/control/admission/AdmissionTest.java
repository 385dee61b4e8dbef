package dev.baton.control.admission;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class AdmissionTest {
    private static final Instant NOW = Instant.EPOCH.plusSeconds(1_000);
    private final Admission admission = new Admission(4);
    private final DrainRate drain = new DrainRate(Duration.ofSeconds(10));

    @Test
    void fillsInAsManyTokensAsTheContextHolds() {
        assertThat(Admission.room(2_048, 100, 0)).hasValue(1_948);
        assertThat(Admission.room(2_048, 100, 7)).hasValue(7);
        assertThat(Admission.room(2_048, 2_048, 0)).isEmpty();
    }

    @Test
    void refusesWhatDoesNotFitTheContext() {
        assertThat(decide(2_048, 1, 0)).isEqualTo(new Admission.TooLong(2_048));
        assertThat(decide(2_000, 49, 0)).isEqualTo(new Admission.TooLong(2_048));
        assertThat(decide(2_000, 48, 0)).isEqualTo(new Admission.Admitted());
    }

    @Test
    void letsAnyLengthInWhileNoWorkerLives() {
        Admission.Situation empty = new Admission.Situation(0, 0, 0, drain);
        assertThat(admission.decide(new Admission.Request(4_096, 1, NOW.plusSeconds(1)), empty, NOW))
                .isEqualTo(new Admission.Admitted());
    }

    @Test
    void refusesWhenTheDeadlineHasPassed() {
        Admission.Situation situation = new Admission.Situation(2_048, 0, 0, drain);
        assertThat(admission.decide(new Admission.Request(1, 1, NOW), situation, NOW))
                .isEqualTo(new Admission.TooLate());
    }

    @Test
    void saysWhenAPlaceIsLikelyFree() {
        for (int ended = 0; ended < 20; ended++) {
            drain.ended(NOW);
        }
        // 20 ends in a window of 10 s are 2 per second: one place in 0.5 s, three in 1.5 s.
        assertThat(decide(10, 1, 4)).isEqualTo(new Admission.Overloaded(Duration.ofMillis(500)));
        assertThat(decide(10, 1, 6)).isEqualTo(new Admission.Overloaded(Duration.ofMillis(1_500)));
    }

    @Test
    void asksForTheLongestWaitWhenNothingDrains() {
        assertThat(decide(10, 1, 4)).isEqualTo(new Admission.Overloaded(Duration.ofSeconds(10)));
    }

    @Test
    void whatComesInTogetherFindsRoomForAllOrNone() {
        for (int ended = 0; ended < 20; ended++) {
            drain.ended(NOW);
        }
        assertThat(decide(1, 3)).isEqualTo(new Admission.Admitted());
        assertThat(decide(2, 3)).isEqualTo(new Admission.Overloaded(Duration.ofMillis(500)));
        assertThat(decide(3, 3)).as("two must end").isEqualTo(new Admission.Overloaded(Duration.ofSeconds(1)));
        assertThat(decide(4, 0)).as("its first is in").isEqualTo(new Admission.Admitted());
        assertThat(decide(0, 9)).as("more than there are, and all are free").isEqualTo(new Admission.Admitted());
        assertThat(decide(1, 9)).isInstanceOf(Admission.Overloaded.class);
    }

    @Test
    void whatGivesItsPlacesUpIsReplacedByOneThatIsCounted() {
        for (int i = 0; i < 4; i++) {
            enter(1);
        }
        assertThat(admission.missing(3)).isEqualTo(3);
        assertThat(admission.swap(3)).isTrue();
        assertThat(admission.inFlight()).isEqualTo(2);
        enter(0);
        enter(0);
        assertThat(admission.inFlight()).isEqualTo(4);
        int[] empty = new int[1];
        admission.close(() -> empty[0]++);
        assertThat(admission.swap(3)).isFalse();
        assertThat(empty[0]).isZero();
        admission.left(NOW);
        assertThat(empty[0]).isEqualTo(1);
    }

    private void enter(int places) {
        assertThat(admission.enter(new Admission.Request(1, 1, NOW.plusSeconds(60), places), 2_048, 0, NOW))
                .isEqualTo(new Admission.Admitted());
    }

    private Admission.Decision decide(int inFlight, int places) {
        return admission.decide(
                new Admission.Request(1, 1, NOW.plusSeconds(60), places),
                new Admission.Situation(2_048, inFlight, 0, drain),
                NOW);
    }

    @Test
    void endsOutsideTheWindowAreForgotten() {
        drain.ended(NOW.minusSeconds(11));
        assertThat(drain.perSecond(NOW)).isZero();
    }

    private Admission.Decision decide(int prompt, int maxTokens, int inFlight) {
        return admission.decide(
                new Admission.Request(prompt, maxTokens, NOW.plusSeconds(60)),
                new Admission.Situation(2_048, inFlight, 0, drain),
                NOW);
    }
}
