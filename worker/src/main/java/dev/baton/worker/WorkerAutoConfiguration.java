package dev.baton.worker;

import dev.baton.cluster.ClusterAutoConfiguration;
import dev.baton.cluster.SteadyClock;
import dev.baton.cluster.directory.KvDirectories;
import dev.baton.cluster.lanes.KafkaConnection;
import dev.baton.cluster.lanes.LaneConsumerFactory;
import dev.baton.cluster.lanes.LaneMetrics;
import dev.baton.cluster.lanes.LaneProducer;
import dev.baton.cluster.leases.LaneLeases;
import dev.baton.cluster.registry.WorkerStates;
import dev.baton.cluster.requests.RequestStates;
import dev.baton.cluster.streams.StreamMetrics;
import dev.baton.cluster.streams.TokenStreamServer;
import dev.baton.cluster.tls.ClusterTls;
import dev.baton.cluster.tracing.Tracing;
import dev.baton.config.ArithmeticProperties;
import dev.baton.config.BlockProperties;
import dev.baton.config.ClusterProperties;
import dev.baton.config.LaneProperties;
import dev.baton.config.ModelProperties;
import dev.baton.config.RegistryProperties;
import dev.baton.config.StreamProperties;
import dev.baton.protocol.v1.Welcome;
import dev.baton.transfer.TransferSettings;
import dev.baton.transfer.pool.HostId;
import dev.baton.transfer.session.SessionLimits;
import dev.baton.transfer.session.SessionTls;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/**
 * Puts a worker together around the {@link WorkerRole} that the app brings. Binds the groups of workers, and those on
 * which all workers must agree.
 */
@AutoConfiguration(after = ClusterAutoConfiguration.class)
@EnableConfigurationProperties({
    WorkerProperties.class,
    EngineProperties.class,
    KvProperties.class,
    TransferProperties.class,
    ArithmeticProperties.class,
    BlockProperties.class
})
class WorkerAutoConfiguration {
    private static final Duration HALT_AFTER = Duration.ofSeconds(15);

    @Bean
    WorkerIdentity workerIdentity(WorkerProperties worker, WorkerRole<?> role) {
        return WorkerIdentity.withNewEpoch(worker.id(), role.role());
    }

    /** The node starts it and closes it, in its order. */
    @Bean(destroyMethod = "")
    TokenStreamServer tokenStreamServer(
            WorkerIdentity identity,
            WorkerRole<?> role,
            ClusterProperties cluster,
            StreamProperties stream,
            StreamMetrics metrics) {
        Welcome welcome = Welcome.newBuilder()
                .setWorker(identity.ref())
                .setRole(identity.role())
                .build();
        return new TokenStreamServer(welcome, cluster, stream, role::cancel, metrics);
    }

    @Bean
    KvTransfers kvTransfers(
            ClusterProperties cluster, ClusterTls tls, TransferProperties transfer, WorkerMetrics metrics) {
        TransferSettings settings = new TransferSettings(
                cluster.proving(),
                tls.source() == null ? null : new SessionTls(tls.source()),
                HostId.id(),
                transfer.transport(),
                true,
                transfer.ticketWithin(),
                SessionLimits.defaults());
        return new KvTransfers(settings, metrics, transfer.arriveWithin(), transfer.fetchWithin());
    }

    @Bean
    WorkerContext workerContext(
            WorkerIdentity identity,
            WorkerProperties properties,
            RequestStates requests,
            LaneProducer producer,
            TokenStreamServer streams,
            StreamProperties stream,
            KvTransfers transfers,
            ModelProperties model,
            Tracing tracing) {
        Clock clock = SteadyClock.system();
        return new WorkerContext(
                identity,
                properties,
                new Claims(requests, identity, streams, stream.retryUpTo().plus(stream.connectTimeout()), clock),
                producer,
                new StepFrameBatcher(clock, streams),
                transfers,
                new AnswerStructures(model.folder()),
                tracing);
    }

    @Bean
    ModelLoader modelLoader(
            WorkerIdentity identity,
            ModelProperties model,
            ArithmeticProperties arithmetic,
            EngineProperties engine,
            KvProperties kv,
            BlockProperties block) {
        return new ModelLoader(identity, model, ModelLoader.precision(arithmetic), engine, kv, block);
    }

    @Bean
    WorkerMetrics workerMetrics(MeterRegistry registry) {
        return new WorkerMetrics(registry);
    }

    @Bean
    LaneConsumerFactory laneConsumers(
            KafkaConnection kafka, LaneProperties settings, LaneProducer producer, LaneMetrics metrics) {
        return new LaneConsumerFactory(kafka.consumer(), settings, producer, metrics, Clock.systemUTC());
    }

    @Bean
    LaneSource laneSource(
            LaneLeases leases,
            LaneConsumerFactory consumers,
            WorkerIdentity identity,
            ClusterProperties cluster,
            LaneProperties lanes,
            WorkerProperties worker) {
        return new LaneSource(
                leases, consumers, identity, cluster.names(), lanes.count(), worker.lane(), lanes.startTimeout());
    }

    @Bean
    @ConditionalOnMissingBean
    ProcessExit processExit() {
        return status -> {
            // What hangs may hang the shutdown too.
            Thread.ofPlatform().name("halt").daemon(true).start(() -> {
                LockSupport.parkNanos(HALT_AFTER.toNanos());
                Runtime.getRuntime().halt(status);
            });
            System.exit(status);
        };
    }

    @Bean
    WorkerNode workerNode(
            WorkerRole<?> role,
            WorkerContext context,
            ModelLoader loader,
            LaneSource lanes,
            TokenStreamServer streams,
            ClusterTls tls,
            WorkerStates states,
            RegistryProperties registry,
            KvDirectories directories,
            EngineProperties engine,
            WorkerMetrics metrics,
            ProcessExit exit) {
        return new WorkerNode(
                role, context, loader, lanes, streams, tls, states, registry, directories, engine, metrics, exit);
    }

    @Bean
    PoolEndpoint poolEndpoint(WorkerNode node) {
        return new PoolEndpoint(node);
    }

    /** Ready to take work: the lane is read. */
    @Bean("worker")
    HealthIndicator worker(WorkerNode node) {
        return () -> health(node.ready());
    }

    /** Beyond help when down: only a new start brings it back. */
    @Bean("engine")
    HealthIndicator engine(WorkerNode node) {
        return () -> health(node.alive());
    }

    private static Health health(boolean good) {
        return (good ? Health.up() : Health.down()).build();
    }
}
