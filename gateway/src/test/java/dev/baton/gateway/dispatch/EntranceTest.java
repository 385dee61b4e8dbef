package dev.baton.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.control.GenerationRequest;
import dev.baton.control.admission.Admission;
import dev.baton.control.admission.Overload;
import dev.baton.control.admission.TtftPredictor;
import dev.baton.control.admission.TtftPredictor.Raw;
import dev.baton.control.routing.DisaggPolicy;
import dev.baton.control.routing.FaultLedger;
import dev.baton.control.routing.Placement;
import dev.baton.control.routing.Router;
import dev.baton.control.routing.ServingMode;
import dev.baton.gateway.auth.TenantWeights;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.Stopping;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** One worker of 1,000 prompt tokens a second, which has 60,000 to compute; requests wait 30 s. */
class EntranceTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Sampling PLAIN = Sampling.getDefaultInstance();
    private static final Sampling SCORED =
            Sampling.newBuilder().setLogprobs(true).setPromptLogprobs(1).build();
    private static final Raw PREDICTED = new Raw(10, 0, 1);

    private final Admission admission = new Admission(10);
    private final TtftPredictor predictor = new TtftPredictor();
    private WorkerState worker = WorkerState.newBuilder()
            .setWorker(WorkerRef.newBuilder().setId("d").setEpoch(1))
            .setRole(WorkerState.Role.DECODE)
            .setModel("model")
            .setBlockTokens(64)
            .setBlocks(1_000)
            .setFreeBlocks(1_000)
            .setMaxContext(1_000)
            .setPrefillTokensPerSecond(1_000)
            .setDecodeTokensPerSecond(100)
            .setPlaces(8)
            .setQueued(3)
            .setRunning(2)
            .setQueuedTokens(60_000)
            .build();

    private final Placement placement = new Placement(
            new Router(new DisaggPolicy(ServingMode.AUTO, 64), Router.Costs.defaults()),
            model -> List.of(worker),
            new FaultLedger(() -> Instant.EPOCH, 2, Duration.ofSeconds(1)));
    private Instant now = Instant.EPOCH;
    private final Entrance entrance = entrance();

    @Test
    void whoIsTooLateOrComesToAGatewayThatStopsIsNotToldToComeAgainForLoad() {
        assertThat(reason(request(0, PLAIN, 10, 60))).isEqualTo(Rejection.Reason.SERVER_OVERLOADED);
        assertThat(reason(request(0, PLAIN, 10, 0))).isEqualTo(Rejection.Reason.DEADLINE_EXCEEDED);
        assertThat(reason(request(0, PLAIN, 2_000, 60))).isEqualTo(Rejection.Reason.CONTEXT_LENGTH_EXCEEDED);
        admission.close(() -> {});
        assertThat(reason(request(0, PLAIN, 10, 60))).isEqualTo(Rejection.Reason.SHUTTING_DOWN);
    }

    @Test
    void nobodyIsSentAwayForWorkThatGivesWayToIt() {
        worker = worker.toBuilder()
                .setForLater(4)
                .setQueuedTokensForLater(59_000)
                .build();
        assertThat(place(request(0, PLAIN, 10, 60)).enter(List.of(), false)).isEmpty();
        assertThat(reason(request(-10, PLAIN, 10, 60)))
                .as("to other work for later it is in front")
                .isEqualTo(Rejection.Reason.SERVER_OVERLOADED);
    }

    @Test
    void ofWorkForLaterAndOfPromptsThatAreScoredNoWaitIsLearned() {
        worker = worker.toBuilder().setQueuedTokens(10_000).build();
        double before = predictor.likely(PREDICTED).ahead();
        firstTokenAfter(25, request(-10, PLAIN, 10, 60));
        firstTokenAfter(25, request(0, SCORED, 10, 60));
        assertThat(predictor.likely(PREDICTED).ahead()).isEqualTo(before);
        firstTokenAfter(25, request(0, PLAIN, 10, 60));
        assertThat(predictor.likely(PREDICTED).ahead()).isGreaterThan(before);
    }

    @Test
    void aPromptThatIsScoredIsInFrontOfOthersWithABlockOnly() {
        placement.chain("model", new byte[0], new int[64]);
        Entrance.Place scored = place(request(0, SCORED, 900, 60));
        worker = worker.toBuilder().setQueuedTokens(0).build();
        assertThat(scored.enter(List.of(), false)).isEmpty();
        assertThat(scored.tokens()).isEqualTo(64);
    }

    private void firstTokenAfter(int seconds, GenerationRequest request) {
        Entrance.Place place = place(request);
        assertThat(place.enter(List.of(), false)).isEmpty();
        now = now.plusSeconds(seconds);
        place.firstToken();
        now = now.minusSeconds(seconds);
    }

    private Rejection.Reason reason(GenerationRequest request) {
        Optional<Rejection> rejection = place(request).enter(List.of(), false);
        return rejection.orElseThrow().reason();
    }

    private Entrance.Place place(GenerationRequest request) {
        return entrance.new Place(request, Choices.Choice.alone(), () -> {}, rejection -> {});
    }

    private GenerationRequest request(int priority, Sampling sampling, int prompt, int seconds) {
        return new GenerationRequest(
                "r",
                "tenant",
                "model",
                new int[prompt],
                sampling,
                Stopping.newBuilder().setMaxTokens(5).build(),
                priority,
                now.plusSeconds(seconds),
                RequestTags.getDefaultInstance(),
                null);
    }

    private Entrance entrance() {
        Overload overload = new Overload(predictor, 10, 10);
        return new Entrance(
                admission,
                overload,
                predictor,
                placement,
                TenantWeights.EQUAL,
                new Entrance.Waits(PATIENCE, PATIENCE),
                ((InstantSource) () -> now).withZone(ZoneOffset.UTC),
                new OverloadMetrics(overload, new SimpleMeterRegistry()));
    }
}
