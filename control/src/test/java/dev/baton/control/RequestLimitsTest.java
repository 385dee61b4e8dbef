package dev.baton.control;

import static dev.baton.control.Requests.DECODE;
import static dev.baton.control.Requests.PREFILL;
import static dev.baton.control.Requests.SPLIT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.Failure;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RequestLimitsTest {
    @Test
    void aNewRequestWaitsForAWorkerAndIsThenRefused() {
        Requests request = Requests.fresh();
        assertThat(request.on(new RequestEvent.NoRoute(1))).isEmpty();
        assertThat(request.after(Duration.ofMillis(499)))
                .containsExactly(new Effect.ChooseRoute(request.attempt(), 0, Set.of(), null, false));
        assertThat(request.on(new RequestEvent.NoRoute(1))).isEmpty();
        request.after(Duration.ofMillis(50));
        assertThat(request.on(new RequestEvent.NoRoute(1))).anyMatch(Effect.EmitRejection.class::isInstance);
        assertThat(request.machine.phase()).isEqualTo(Phase.FAILED);
    }

    @Test
    void eachPhaseHasItsOwnLimit() {
        Requests queued = Requests.queued(SPLIT);
        queued.after(Requests.LIMITS.queued());
        assertThat(queued.attempt().getNumber()).isEqualTo(2);

        Requests prefilling = Requests.queued(SPLIT);
        prefilling.on(prefilling.tokens(PREFILL, 0));
        prefilling.after(Requests.LIMITS.queued());
        assertThat(prefilling.attempt().getNumber()).isEqualTo(1);
        prefilling.after(Requests.LIMITS.prefilling());
        assertThat(prefilling.attempt().getNumber()).isEqualTo(2);

        Requests decoding = Requests.decoding();
        decoding.after(Requests.LIMITS.decoding().minusMillis(1));
        decoding.on(decoding.tokens(DECODE, 2, 102));
        decoding.after(Requests.LIMITS.decoding().minusMillis(1));
        assertThat(decoding.attempt().getNumber()).isEqualTo(1);
        decoding.after(Duration.ofMillis(1));
        assertThat(decoding.attempt().getNumber()).isEqualTo(2);
    }

    @Test
    void theDeadlineEndsItInAnyPhase() {
        Requests request = Requests.queued(SPLIT);
        List<Effect> effects = request.after(Duration.ofSeconds(60));
        assertThat(effects)
                .anyMatch(effect -> effect instanceof Effect.EmitFailure(Failure failure)
                        && failure.getCode() == Failure.Code.DEADLINE_EXCEEDED);
        assertThat(effects).contains(new Effect.RecordEnd(request.attempt(), Phase.FAILED));
    }

    @Test
    void wakesForTheNearestLimit() {
        Requests request = Requests.queued(SPLIT);
        assertThat(request.machine.wakeAt()).isEqualTo(request.start.plus(Requests.LIMITS.queued()));
        request.on(request.tokens(DECODE, 1, 101));
        assertThat(request.machine.wakeAt()).isEqualTo(request.start.plusMillis(500));
    }
}
