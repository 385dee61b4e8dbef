package dev.baton.gateway.dispatch;

import dev.baton.cluster.lanes.DeadLetters;
import dev.baton.cluster.lanes.KafkaConnection;
import dev.baton.cluster.lanes.LaneProducer;
import dev.baton.cluster.registry.WorkerRegistry;
import dev.baton.cluster.requests.RequestStates;
import dev.baton.cluster.streams.StreamMetrics;
import dev.baton.cluster.streams.TokenStreams;
import dev.baton.cluster.tls.ClusterTls;
import dev.baton.cluster.tracing.Tracing;
import dev.baton.config.ClusterProperties;
import dev.baton.config.LaneProperties;
import dev.baton.config.LimitProperties;
import dev.baton.config.StreamProperties;
import dev.baton.control.PhaseLimits;
import dev.baton.control.admission.Admission;
import dev.baton.control.admission.Overload;
import dev.baton.control.admission.TtftPredictor;
import dev.baton.control.routing.DisaggPolicy;
import dev.baton.control.routing.FaultLedger;
import dev.baton.control.routing.Placement;
import dev.baton.control.routing.Router;
import dev.baton.gateway.auth.TenantWeights;
import dev.baton.gateway.connection.ClosingAnswers;
import dev.baton.protocol.ClusterNames;
import dev.baton.protocol.v1.GatewayRef;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.HexFormat;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Builds the dispatcher on the cluster's Kafka, Redis and token streams. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({DispatchProperties.class, GatewayProperties.class, UsageProperties.class})
class DispatchConfiguration {
    @Bean
    JobPublisher jobPublisher(LaneProducer producer, GatewayRef gateway) {
        return new JobPublisher(producer, gateway);
    }

    @Bean
    RequestLoops requestLoops(DispatchProperties settings, Clock clock) {
        return new RequestLoops(settings.threads(), clock);
    }

    /** This gateway in this life. */
    @Bean
    GatewayRef gatewayRef(GatewayProperties settings) {
        return GatewayRef.newBuilder()
                .setId(settings.id())
                .setEpoch(new SecureRandom().nextLong())
                .build();
    }

    @Bean
    TokenStreams tokenStreams(
            GatewayRef gateway,
            ClusterProperties cluster,
            ClusterTls tls,
            StreamProperties settings,
            RequestLoops loops,
            TokenRates rates,
            StreamMetrics metrics) {
        return new TokenStreams(gateway, cluster, tls, settings, rates.counting(loops), metrics);
    }

    @Bean
    TokenRates tokenRates() {
        return new TokenRates(System::nanoTime);
    }

    @Bean
    ClusterView clusterView(WorkerRegistry registry, TokenStreams streams, TokenRates rates, FaultLedger faults) {
        return new ClusterView(registry, streams, rates, faults);
    }

    @Bean
    LiveWorkers liveWorkers(WorkerRegistry registry, TokenStreams streams, Admission admission) {
        registry.listen(streams::listed);
        // A request that waits for a worker is no worker's work yet.
        registry.restWhile(() -> streams.atRest() && admission.inFlight() == 0);
        return new LiveWorkers(streams);
    }

    @Bean
    FaultLedger faultLedger(DispatchProperties settings, Clock clock, MeterRegistry meters) {
        FaultLedger ledger = new FaultLedger(clock, settings.breakerAfter(), settings.avoidFor());
        Gauge.builder(
                        "baton.dispatch.avoided.workers",
                        ledger,
                        known -> known.avoided().size())
                .description("workers that get no requests since they failed several in a row")
                .register(meters);
        Gauge.builder(
                        "baton.dispatch.avoided.pairs",
                        ledger,
                        known -> known.broken().size())
                .description("pairs of workers between which KV does not move")
                .register(meters);
        return ledger;
    }

    @Bean
    Placement placement(DispatchProperties settings, LiveWorkers workers, FaultLedger ledger) {
        DisaggPolicy policy = new DisaggPolicy(settings.mode(), settings.localTokens());
        return new Placement(new Router(policy, Router.Costs.defaults()), workers::of, ledger);
    }

    @Bean
    Admission admission(DispatchProperties settings, MeterRegistry meters) {
        Admission admission = new Admission(settings.maxInFlight());
        Gauge.builder("baton.dispatch.running", admission, Admission::inFlight)
                .description("choices under way")
                .register(meters);
        return admission;
    }

    @Bean
    Entrance entrance(
            Admission admission,
            Placement placement,
            ObjectProvider<TenantWeights> weights,
            DispatchProperties settings,
            LimitProperties limits,
            Clock clock,
            MeterRegistry meters) {
        TtftPredictor predictor = new TtftPredictor();
        // As many again as may run: a quarter of them for one tenant, so that none crowds the others out.
        Overload overload = new Overload(predictor, settings.maxInFlight(), Math.ceilDiv(settings.maxInFlight(), 4));
        Entrance entrance = new Entrance(
                admission,
                overload,
                predictor,
                placement,
                weights.getIfAvailable(() -> TenantWeights.EQUAL),
                new Entrance.Waits(settings.patience(), limits.withoutWorkers()),
                clock,
                new OverloadMetrics(overload, meters));
        Gauge.builder("baton.dispatch.waiting", entrance, Entrance::waiting)
                .description("choices under way that wait for their turn, since workers want no more for now")
                .register(meters);
        return entrance;
    }

    @Bean
    UsageEvents usageEvents(JobPublisher jobs, GatewayRef gateway, UsageProperties settings, MeterRegistry meters) {
        String name = gateway.getId() + "-" + HexFormat.of().toHexDigits(gateway.getEpoch());
        try {
            UsageSpool spool =
                    UsageSpool.open(settings.spool(), name, settings.spoolMax().toBytes());
            return new UsageEvents(jobs::usage, spool, meters);
        } catch (IOException e) {
            throw new IllegalStateException(
                    "The usage spool cannot be opened. Name a folder that this gateway may write in"
                            + " baton.usage.spool (now " + settings.spool() + ").",
                    e);
        }
    }

    @Bean
    RequestViews requestViews(RequestLoops loops) {
        return new RequestViews(loops);
    }

    @Bean
    RecomputeAlarm recomputeAlarm(DispatchProperties settings, MeterRegistry meters) {
        RecomputeAlarm alarm =
                new RecomputeAlarm(settings.recomputedAlarm(), settings.recomputedWithin(), System::nanoTime);
        Gauge.builder("baton.dispatch.recomputed.lately", alarm, RecomputeAlarm::recent)
                .description("requests whose worker was lost and that were computed again for the most part, lately")
                .register(meters);
        Gauge.builder("baton.dispatch.recomputed.alarm", alarm, raised -> raised.raised() ? 1 : 0)
                .description("1 while there are more of these than baton.dispatch.recomputed-alarm")
                .register(meters);
        return alarm;
    }

    @Bean
    CompletionRecorder completionRecorder(
            UsageEvents usage,
            RequestViews views,
            RecomputeAlarm alarm,
            Tracing tracing,
            Clock clock,
            MeterRegistry meters) {
        return new CompletionRecorder(meters, usage, views, alarm, tracing, clock);
    }

    @Bean
    RequestStore requestStore(RequestStates states, GatewayRef gateway, Clock clock) {
        return new RequestStore(states, gateway, clock);
    }

    @Bean
    ClosingAnswers closingAnswers() {
        return new ClosingAnswers();
    }

    @Bean
    Dispatcher dispatcher(
            RequestLoops loops,
            RequestStore store,
            JobPublisher jobs,
            TokenStreams streams,
            Placement placement,
            Admission admission,
            Entrance entrance,
            CompletionRecorder recorder,
            LimitProperties limits,
            DispatchProperties settings,
            GatewayProperties gateway,
            ClosingAnswers answers) {
        PhaseLimits phases = new PhaseLimits(
                limits.withoutWorkers(),
                limits.queued(),
                limits.prefilling(),
                limits.handedOff(),
                limits.betweenTokens(),
                settings.attempts());
        return new LaneDispatcher(
                loops,
                store,
                jobs,
                streams,
                placement,
                admission,
                entrance,
                recorder,
                phases,
                new LaneDispatcher.Ending(answers::begin, gateway.lameDuck(), settings.drainLimit()));
    }

    @Bean
    DeadRequests deadRequests(
            KafkaConnection kafka, ClusterNames names, LaneProperties lanes, Dispatcher dispatcher, Clock clock) {
        return new DeadRequests(new DeadLetters(kafka.consumer(), names, lanes), dispatcher, clock);
    }

    /** Liveness: a request that falls on a loop that has ended would never be answered, and only a restart helps. */
    @Bean("requests")
    HealthIndicator requests(RequestLoops loops) {
        return () -> (loops.alive() ? Health.up() : Health.down()).build();
    }

    @Bean
    WorkersHealth workersHealthIndicator(LiveWorkers workers) {
        return new WorkersHealth(workers);
    }
}
