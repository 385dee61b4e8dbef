package dev.baton.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.cluster.tracing.Tracing;
import dev.baton.control.GenerationRequest;
import dev.baton.control.PhaseLimits;
import dev.baton.control.RequestMachine;
import dev.baton.control.RequestStart;
import dev.baton.control.admission.Admission;
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
import dev.baton.protocol.v1.WorkerState;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;

/** What becomes of a loop and its requests when something in it breaks. */
@Timeout(30)
class RequestLoopTest {
    private static final Clock CLOCK = Clock.systemUTC();
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final PhaseLimits LIMITS = new PhaseLimits(Duration.ZERO, LONG, LONG, LONG, LONG, 6);

    @Test
    void anErrorInOneEventLeavesTheLoopToTheOthers() throws Exception {
        try (RequestLoops.Loop loop = new RequestLoops.Loop("broken", CLOCK)) {
            CountDownLatch after = new CountDownLatch(1);
            loop.run(() -> {
                throw new StackOverflowError("says the test");
            });
            loop.run(after::countDown);
            assertThat(after.await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(loop.alive()).isTrue();
        }
    }

    @Test
    void aLoopThatHasEndedTakesLivenessDown() {
        RequestLoops loops = new RequestLoops(2, CLOCK);
        HealthIndicator health = new DispatchConfiguration().requests(loops);
        assertThat(statusOf(health)).isEqualTo(Status.UP);
        loops.all().getFirst().close();
        assertThat(statusOf(health)).isEqualTo(Status.DOWN);
        loops.close();
    }

    @Test
    void aRequestWhoseEffectCannotBePerformedFailsAndLeaves(@TempDir Path folder) throws Exception {
        UsageSpool spool = UsageSpool.open(folder, "test", 1_000);
        try (UsageEvents usage = new UsageEvents(
                        event -> CompletableFuture.completedFuture(null), spool, new SimpleMeterRegistry());
                RequestLoops.Loop loop = new RequestLoops.Loop("effects", CLOCK)) {
            Admission admission = new Admission(10);
            RecordingSink sink = new RecordingSink();
            GenerationRequest request = new GenerationRequest(
                    "r",
                    "tenant",
                    "model",
                    new int[] {1, 2, 3},
                    Sampling.getDefaultInstance(),
                    Stopping.newBuilder().setMaxTokens(5).build(),
                    0,
                    CLOCK.instant().plusSeconds(60),
                    RequestTags.getDefaultInstance(),
                    null);
            ActiveRequest active = withoutWorkers(usage, request, sink, loop, admission);

            active.start();

            assertThat(sink.end()).isEqualTo("failed ENGINE_FAILED");
            await().until(() -> admission.inFlight() == 0);
            CountDownLatch gone = new CountDownLatch(1);
            loop.run(() -> {
                if (loop.find("r") == null) {
                    gone.countDown();
                }
            });
            assertThat(gone.await(10, TimeUnit.SECONDS)).as("forgotten").isTrue();
            assertThat(sink.wrongs).isEmpty();
        }
    }

    private static Status statusOf(HealthIndicator indicator) {
        return Objects.requireNonNull(indicator.health()).getStatus();
    }

    private static Entrance entrance(Admission admission, Placement placement, SimpleMeterRegistry meters) {
        TtftPredictor predictor = new TtftPredictor();
        Overload overload = new Overload(predictor, 1, 1);
        return new Entrance(
                admission,
                overload,
                predictor,
                placement,
                TenantWeights.EQUAL,
                new Entrance.Waits(LONG, LONG),
                CLOCK,
                new OverloadMetrics(overload, meters));
    }

    /** Choosing a route throws, as a bug would. */
    @SuppressWarnings("NullAway")
    private static ActiveRequest withoutWorkers(
            UsageEvents usage,
            GenerationRequest request,
            RecordingSink sink,
            RequestLoops.Loop loop,
            Admission admission) {
        Router router = new Router(new DisaggPolicy(ServingMode.AUTO, 64), Router.Costs.defaults());
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        WorkerState worker =
                WorkerState.newBuilder().setRole(WorkerState.Role.DECODE).build();
        // Context, names of blocks and credit are looked up before it has its turn.
        AtomicInteger looks = new AtomicInteger();
        Placement placement = new Placement(
                router,
                model -> {
                    if (looks.incrementAndGet() == 8) {
                        throw new IllegalStateException("says the test");
                    }
                    return List.of(worker);
                },
                new FaultLedger(CLOCK, 3, LONG));
        return new ActiveRequest(
                request,
                Choices.Choice.alone(),
                sink,
                new RequestMachine(
                        RequestStart.first(5, request.deadline()), number -> number, LIMITS, CLOCK.instant()),
                loop,
                null,
                null,
                null,
                placement,
                new HedgeBudget(() -> 1),
                entrance(admission, placement, meters),
                new CompletionRecorder(
                        meters,
                        usage,
                        new RequestViews(new RequestLoops(1, CLOCK)),
                        new RecomputeAlarm(1, LONG, System::nanoTime),
                        Tracing.OFF,
                        CLOCK));
    }
}
