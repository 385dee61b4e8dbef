package dev.baton.worker;

import dev.baton.cluster.ClusterAutoConfiguration;
import dev.baton.cluster.directory.KvDirectories;
import dev.baton.cluster.lanes.KafkaConnection;
import dev.baton.cluster.lanes.LaneConsumerFactory;
import dev.baton.cluster.lanes.LaneMetrics;
import dev.baton.cluster.lanes.LaneProducer;
import dev.baton.cluster.leases.LaneLeases;
import dev.baton.cluster.registry.WorkerStates;
import dev.baton.cluster.requests.RequestStates;
import dev.baton.cluster.streams.StreamMetrics;
import dev.baton.config.ClusterProperties;
import dev.baton.config.LaneProperties;
import dev.baton.config.ModelProperties;
import dev.baton.config.RegistryProperties;
import dev.baton.config.StreamProperties;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/** Puts a worker together around the {@link WorkerRole} that the app brings. */
@AutoConfiguration(after = ClusterAutoConfiguration.class)
@EnableConfigurationProperties({
    WorkerProperties.class,
    EngineProperties.class,
    KvProperties.class,
    TransferProperties.class
})
class WorkerAutoConfiguration {
    @Bean
    NodeSettings nodeSettings(Own own, Shared shared) {
        return new NodeSettings(
                own.worker(),
                shared.model(),
                own.engine(),
                own.kv(),
                own.transfer(),
                shared.cluster(),
                shared.lanes(),
                shared.registry(),
                shared.stream(),
                Clock.systemUTC());
    }

    @Bean
    Own ownSettings(WorkerProperties worker, EngineProperties engine, KvProperties kv, TransferProperties transfer) {
        return new Own(worker, engine, kv, transfer);
    }

    @Bean
    Shared sharedSettings(
            ModelProperties model,
            ClusterProperties cluster,
            LaneProperties lanes,
            RegistryProperties registry,
            StreamProperties stream) {
        return new Shared(model, cluster, lanes, registry, stream);
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
    WorkerNode.Cluster nodeCluster(
            RequestStates requests,
            WorkerStates states,
            LaneLeases leases,
            LaneProducer producer,
            LaneConsumerFactory consumers,
            StreamMetrics streams,
            KvDirectories directories) {
        return new WorkerNode.Cluster(requests, states, leases, producer, consumers, streams, directories);
    }

    @Bean
    @ConditionalOnMissingBean
    ProcessExit processExit() {
        return System::exit;
    }

    @Bean
    WorkerNode workerNode(
            WorkerRole role,
            NodeSettings settings,
            WorkerNode.Cluster cluster,
            WorkerMetrics metrics,
            ProcessExit exit) {
        return new WorkerNode(role, settings, cluster, metrics, exit);
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

    record Own(WorkerProperties worker, EngineProperties engine, KvProperties kv, TransferProperties transfer) {}

    record Shared(
            ModelProperties model,
            ClusterProperties cluster,
            LaneProperties lanes,
            RegistryProperties registry,
            StreamProperties stream) {}
}
