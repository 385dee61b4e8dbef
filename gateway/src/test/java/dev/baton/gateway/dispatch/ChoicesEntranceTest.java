package dev.baton.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.control.GenerationRequest;
import dev.baton.control.admission.Admission;
import dev.baton.control.admission.Booked;
import dev.baton.control.admission.Overload;
import dev.baton.control.admission.TtftPredictor;
import dev.baton.control.routing.DisaggPolicy;
import dev.baton.control.routing.FaultLedger;
import dev.baton.control.routing.Placement;
import dev.baton.control.routing.Router;
import dev.baton.control.routing.ServingMode;
import dev.baton.gateway.auth.TenantWeights;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.Stopping;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A gateway with five places and no worker, at one moment. */
class ChoicesEntranceTest {
    private static final Clock CLOCK = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);
    private static final Duration LONG = Duration.ofMinutes(1);

    private final Admission admission = new Admission(5);
    private final Overload overload = new Overload(new TtftPredictor(), 8, 8);
    private final List<String> displaced = new ArrayList<>();
    private final Entrance entrance = new Entrance(
            admission,
            overload,
            new TtftPredictor(),
            new Placement(
                    new Router(new DisaggPolicy(ServingMode.AUTO, 64), Router.Costs.defaults()),
                    model -> List.of(),
                    new FaultLedger(CLOCK, 3, LONG)),
            TenantWeights.EQUAL,
            new Entrance.Waits(LONG, LONG),
            CLOCK,
            new OverloadMetrics(overload, new SimpleMeterRegistry()),
            task -> {});

    @Test
    void theChoicesOfARequestComeInTogether() {
        enter("a", 1);
        assertThat(enter("b", 4)).containsOnly("let in");
        assertThat(admission.inFlight()).isEqualTo(5);
    }

    @Test
    void theyAreSentAwayTogetherAndAreKeptAPlaceEach() {
        enter("a", 1);
        enter("a", 1);
        assertThat(enter("b", 4)).containsOnly("SERVER_OVERLOADED");
        assertThat(admission.inFlight()).isEqualTo(2);
        assertThat(overload.byTenant()).containsEntry("b", new Booked(4, 1));
        assertThat(overload.booked()).isEqualTo(1);
    }

    @Test
    void theyTakeThePlacesOfThoseWithMoreWaitingOrNone() {
        for (int i = 0; i < 5; i++) {
            enter("many", 1);
        }
        assertThat(enter("few", 3)).containsOnly("SERVER_OVERLOADED");
        assertThat(displaced).isEmpty();
        assertThat(enter("few", 2)).containsOnly("let in");
        assertThat(displaced).containsExactly("many", "many");
        assertThat(admission.inFlight()).isEqualTo(5);
    }

    private List<String> enter(String tenant, int count) {
        Choices all = new Choices(count, count);
        List<String> answers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Entrance.Place place =
                    entrance.new Place(request(tenant), all.choice(i), () -> {}, why -> displaced.add(tenant));
            answers.add(place.enter(List.of(), false)
                    .map(rejection -> rejection.reason().name())
                    .orElse("let in"));
            if (answers.getLast().equals("let in")) {
                place.queue();
            }
        }
        return answers;
    }

    private static GenerationRequest request(String tenant) {
        return new GenerationRequest(
                "r",
                tenant,
                "model",
                new int[] {1, 2, 3},
                Sampling.getDefaultInstance(),
                Stopping.newBuilder().setMaxTokens(5).build(),
                0,
                CLOCK.instant().plusSeconds(60),
                RequestTags.getDefaultInstance(),
                null);
    }
}
