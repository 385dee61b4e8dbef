package dev.baton.control.admission;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.control.admission.Overload.Answer;
import dev.baton.control.admission.Overload.Later;
import dev.baton.control.admission.Overload.LetIn;
import dev.baton.control.admission.TtftPredictor.Raw;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Requests that wait ten seconds, of which one comes in every second. */
class BookedPlacesTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final double OWN = 0.001;

    private final Overload overload = new Overload(new TtftPredictor(), 8, 4);
    private Instant now = Instant.EPOCH;

    @Test
    void whoWouldWaitNoLongerThanItCanIsLetIn() {
        assertThat(ask("a", "1", 9)).isInstanceOf(LetIn.class);
        assertThat(ask("a", "2", 11)).isInstanceOf(Later.class);
    }

    @Test
    void theTimeIsTheOneAtWhichHalfOfThePatienceWillDo() {
        assertThat(later("a", "1", 12).retryAfter()).isBetween(Duration.ofSeconds(7), Duration.ofMillis(7_010));
        assertThat(later("a", "2", 12).retryAfter())
                .as("a second for the place before it")
                .isBetween(Duration.ofSeconds(8), Duration.ofMillis(8_010));
    }

    @Test
    void whoComesInItsTimeIsLetInBeforeAnybodyNew() {
        Later told = later("a", "1", 12);
        pass(told.retryAfter());
        assertThat(ask("a", "new", 12)).isInstanceOf(Later.class);
        LetIn in = (LetIn) ask("a", "1", 12);
        overload.taken(Objects.requireNonNull(in.place()));
        assertThat(overload.kept()).isEqualTo(1);
        assertThat(ask("a", "1", 12)).as("once only").isInstanceOf(Later.class);
    }

    @Test
    void whoComesEarlierKeepsItsPlaceAndItsTime() {
        Later told = later("a", "1", 12);
        pass(Duration.ofSeconds(2));
        Later again = later("a", "1", 12);
        assertThat(again.retryAfter())
                .isBetween(
                        told.retryAfter().minusMillis(2_001), told.retryAfter().minusMillis(1_999));
        assertThat(overload.booked()).isEqualTo(1);
        assertThat(ask("a", "1", 3)).as("there is room before").isInstanceOf(LetIn.class);
    }

    @Test
    void whoComesTooLateIsAsOneThatIsNew() {
        Later told = later("a", "1", 12);
        pass(told.retryAfter().plus(Bookings.KEPT).plusMillis(2));
        Answer answer = ask("a", "1", 4);
        assertThat(answer).isEqualTo(new LetIn(null));
        assertThat(overload.lapsed()).isEqualTo(1);
        assertThat(overload.booked()).isZero();
    }

    @Test
    void aNewOneTakesNoPlaceThatIsKept() {
        pass(later("a", "1", 15.5).retryAfter());
        assertThat(ask("a", "new", 3.9)).as("it fits before").isInstanceOf(LetIn.class);
        assertThat(ask("a", "new", 4.5))
                .as("the kept place would come too late")
                .isInstanceOf(Later.class);
        assertThat(ask("b", "new", 4.5)).as("of another tenant").isInstanceOf(LetIn.class);
    }

    @Test
    void wherePlacesAreKeptForNobodyNewOnesComeInWhenNothingWaits() {
        for (int i = 0; i < 4; i++) {
            later("a", "gone " + i, 30);
        }
        pass(Duration.ofSeconds(29));
        assertThat(ask("a", "new", 0)).isInstanceOf(LetIn.class);
    }

    @Test
    void namesOfRequestsAreMadeWhileOthersGetTheirAnswers() {
        AtomicInteger named = new AtomicInteger();
        Overload.Asked asked = new Overload.Asked(
                "a",
                1,
                () -> {
                    assertThat(Thread.holdsLock(overload)).isFalse();
                    return "body " + named.incrementAndGet();
                },
                PATIENCE);
        assertThat(overload.ask(asked, new Raw(9, OWN, 1), now)).isInstanceOf(LetIn.class);
        assertThat(named).as("nobody has a place").hasValue(0);
        assertThat(overload.ask(asked, new Raw(12, OWN, 1), now)).isInstanceOf(Later.class);
        assertThat(overload.ask(asked, new Raw(9, OWN, 1), now)).isInstanceOf(Answer.class);
        overload.full(asked, null, Duration.ofSeconds(1), now);
        assertThat(named).hasValue(3);
    }

    @Test
    void placesAreBounded() {
        for (int i = 0; i < 10; i++) {
            Later later = later("a", "" + i, 12);
            assertThat(later.place() != null).as("place %d", i).isEqualTo(i < 4);
        }
        for (int i = 0; i < 10; i++) {
            later("b", "" + i, 12);
            later("c", "" + i, 12);
        }
        assertThat(overload.booked()).isEqualTo(8);
        assertThat(overload.openFor("a", now)).isZero();
        pass(Duration.ofSeconds(11));
        assertThat(overload.openFor("a", now))
                .as("its own, and of another no more than one more")
                .isEqualTo(8);
        assertThat(overload.openFor("d", now)).as("one of each").isEqualTo(3);
    }

    @Test
    void nobodyIsToldMoreThanAMinuteAndThePlaceIsKept() {
        assertThat(later("a", "1", 100).retryAfter()).isEqualTo(Duration.ofMinutes(1));
        pass(Duration.ofMinutes(1));
        assertThat(later("a", "1", 100).retryAfter()).isBetween(Duration.ofSeconds(34), Duration.ofSeconds(36));
        pass(Duration.ofSeconds(36));
        assertThat(ask("a", "1", 100)).isInstanceOf(LetIn.class);
    }

    @Test
    void aPromptThatTakesTooLongByItselfIsNotSentAway() {
        Raw raw = new Raw(1, 30, 1);
        assertThat(overload.ask(new Overload.Asked("a", 1, () -> "1", PATIENCE), raw, now))
                .isInstanceOf(LetIn.class);
    }

    @Test
    void aRequestForSeveralAnswersIsKeptAPlaceForEach() {
        Later told = (Later) ask("a", "four", 12, 4);
        assertThat(overload.byTenant()).containsEntry("a", new Booked(4, 1));
        assertThat(later("a", "next", 12).retryAfter())
                .as("four seconds for the places before it")
                .isBetween(
                        told.retryAfter().plusMillis(3_990), told.retryAfter().plusMillis(4_010));
        pass(told.retryAfter());
        assertThat(overload.openFor("a", now)).isEqualTo(4);
        assertThat(ask("a", "four", 12, 4)).isInstanceOf(LetIn.class);
    }

    @Test
    void whoAsksForMoreAnswersThanATenantHasPlacesIsKeptThemWhereItHasNoOther() {
        assertThat(((Later) ask("a", "five", 12, 5)).place()).isNotNull();
        assertThat(((Later) ask("a", "more", 12, 1)).place()).isNull();
    }

    private void pass(Duration time) {
        now = now.plus(time);
    }

    private Later later(String tenant, String body, double ahead) {
        return (Later) ask(tenant, body, ahead);
    }

    private Answer ask(String tenant, String body, double ahead) {
        return ask(tenant, body, ahead, 1);
    }

    private Answer ask(String tenant, String body, double ahead, int places) {
        return overload.ask(new Overload.Asked(tenant, 1, () -> body, PATIENCE, places), new Raw(ahead, OWN, 1), now);
    }
}
