package dev.baton.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** A request that waited for its turn before it began. */
class LateStartTest {
    private static final Instant TURN = Instant.EPOCH.plus(Duration.ofSeconds(20));

    @Test
    void waitsForAWorkerAsLongAsOneThatBeganAtOnce() {
        RequestMachine machine = new RequestMachine(
                RequestStart.first(10, Instant.EPOCH.plusSeconds(60)),
                number -> number,
                Requests.LIMITS,
                Instant.EPOCH);
        machine.start(TURN);
        assertThat(machine.on(new RequestEvent.NoRoute(1), TURN)).isEmpty();
        Instant limit = TURN.plus(Requests.LIMITS.withoutWorkers());
        assertThat(machine.on(new RequestEvent.TimePassed(), limit))
                .hasSize(1)
                .hasOnlyElementsOfType(Effect.ChooseRoute.class);
        assertThat(machine.on(new RequestEvent.NoRoute(1), limit))
                .hasAtLeastOneElementOfType(Effect.EmitRejection.class);
    }
}
