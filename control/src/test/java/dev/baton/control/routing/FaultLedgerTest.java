package dev.baton.control.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.WorkerRef;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class FaultLedgerTest {
    private static final WorkerRef PREFILL = worker("p0");
    private static final WorkerRef DECODE = worker("d0");
    private static final Duration PAUSE = Duration.ofSeconds(2);

    private Instant now = Instant.EPOCH;
    private final FaultLedger ledger = new FaultLedger(() -> now, 3, PAUSE);

    @Test
    void severalRequestsInARowOpenTheBreakerAndOneProbeClosesIt() {
        fails("a", "b");
        assertThat(ledger.avoided()).isEmpty();
        fails("c");
        assertThat(ledger.avoided()).containsExactly(DECODE);
        now = now.plus(PAUSE);
        assertThat(ledger.avoided()).as("one may try").isEmpty();
        ledger.given(DECODE, "probe");
        assertThat(ledger.avoided()).as("the others wait for the probe").containsExactly(DECODE);
        ledger.succeeded(DECODE);
        assertThat(ledger.avoided()).isEmpty();
        fails("d", "e");
        assertThat(ledger.avoided()).as("it begins anew").isEmpty();
    }

    @Test
    void aProbeThatFailsDoublesThePause() {
        fails("a", "b", "c");
        now = now.plus(PAUSE);
        ledger.given(DECODE, "probe");
        fails("late"); // sent before the pause: it is no probe
        fails("probe");
        now = now.plus(PAUSE.multipliedBy(2).minusMillis(1));
        assertThat(ledger.avoided()).containsExactly(DECODE);
        now = now.plusMillis(1);
        assertThat(ledger.avoided()).isEmpty();
    }

    @Test
    void aProbeOfWhichNothingIsHeardMakesWayForAnother() {
        fails("a", "b", "c");
        now = now.plus(PAUSE);
        ledger.given(DECODE, "probe");
        now = now.plus(PAUSE);
        assertThat(ledger.avoided()).isEmpty();
    }

    @Test
    void oneRequestThatFailsAgainAndAgainDoesNotOpenIt() {
        fails("a", "a", "a", "a", "a", "a");
        assertThat(ledger.avoided()).isEmpty();
    }

    @Test
    void aBrokenPairIsAvoidedAsAPairForLongerEachTimeAndForgottenWhenItWorks() {
        Fault.Pair pair = new Fault.Pair(PREFILL, DECODE);
        Duration pause = PAUSE;
        for (int i = 0; i < 10; i++) {
            ledger.book(pair, "r" + i);
            assertThat(ledger.broken()).containsExactly(pair);
            now = now.plus(pause).minusMillis(1);
            assertThat(ledger.broken()).containsExactly(pair);
            now = now.plusMillis(1);
            assertThat(ledger.broken()).isEmpty();
            pause = pause.multipliedBy(i < 5 ? 2 : 1);
        }
        assertThat(ledger.avoided()).as("neither of the two is ill").isEmpty();
        ledger.moved(PREFILL, DECODE);
        ledger.book(pair, "r");
        now = now.plus(PAUSE);
        assertThat(ledger.broken()).isEmpty();
    }

    @Test
    void infrastructureAndDeathsSayNothingOfAWorkerThatLives() {
        for (int i = 0; i < 10; i++) {
            ledger.book(new Fault.Infrastructure(), "r" + i);
            ledger.book(new Fault.Request(DECODE), "r" + i);
        }
        assertThat(ledger.avoided()).isEmpty();
        assertThat(ledger.broken()).isEmpty();
    }

    private void fails(String... requests) {
        for (String request : requests) {
            ledger.book(new Fault.Worker(DECODE), request);
        }
    }

    private static WorkerRef worker(String id) {
        return WorkerRef.newBuilder().setId(id).setEpoch(1).build();
    }
}
