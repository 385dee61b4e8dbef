package dev.baton.cluster;

import dev.baton.cluster.answers.RedisAnswers;
import dev.baton.cluster.directory.KvDirectories;
import dev.baton.cluster.directory.RedisKvDirectory;
import dev.baton.cluster.lanes.KafkaConnection;
import dev.baton.cluster.lanes.KafkaProbe;
import dev.baton.cluster.lanes.LaneMetrics;
import dev.baton.cluster.lanes.LaneProducer;
import dev.baton.cluster.lanes.LaneTopics;
import dev.baton.cluster.leases.LaneLeases;
import dev.baton.cluster.ledger.UsageLedger;
import dev.baton.cluster.quotas.QuotaBook;
import dev.baton.cluster.quotas.RedisQuotaBook;
import dev.baton.cluster.registry.RegistryMetrics;
import dev.baton.cluster.registry.WorkerRegistry;
import dev.baton.cluster.registry.WorkerStates;
import dev.baton.cluster.requests.RequestStates;
import dev.baton.cluster.streams.StreamMetrics;
import dev.baton.cluster.tls.ClusterTls;
import dev.baton.config.ClusterProperties;
import dev.baton.config.LaneProperties;
import dev.baton.config.LimitProperties;
import dev.baton.config.RegistryProperties;
import dev.baton.config.SettingsAutoConfiguration;
import dev.baton.config.logs.BoundedLogs;
import dev.baton.protocol.ClusterNames;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.resource.Delay;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.autoconfigure.ssl.SslBundleRegistrar;
import org.springframework.boot.data.redis.autoconfigure.ClientResourcesBuilderCustomizer;
import org.springframework.boot.data.redis.autoconfigure.DataRedisReactiveAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.LettuceClientOptionsBuilderCustomizer;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.kafka.autoconfigure.KafkaAutoConfiguration;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundleRegistry;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.boot.ssl.SslStoreBundle;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Lazy;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;
import org.springframework.kafka.core.ConsumerFactory;
import org.springframework.kafka.core.KafkaAdmin;
import org.springframework.kafka.core.ProducerFactory;

/**
 * Redis, topics and a producer, which every role needs. A role makes its own lane consumer, token stream and heartbeat
 * publisher, which start and end with its work. Lazy beans start only where they are used.
 */
@AutoConfiguration(
        before = SslAutoConfiguration.class,
        after = {SettingsAutoConfiguration.class, DataRedisReactiveAutoConfiguration.class, KafkaAutoConfiguration.class
        })
public class ClusterAutoConfiguration {
    private static final Duration RECONNECT_FROM = Duration.ofMillis(10);
    private static final Duration RECONNECT_UP_TO = Duration.ofMillis(500);
    private static final Duration PROBE_LIMIT = Duration.ofSeconds(1);
    private static final Duration PROBE_KEPT_FOR = Duration.ofSeconds(1);

    /** Without a connection a command fails at once: sent late, it would act on a state that is out of date. */
    @Bean
    LettuceClientOptionsBuilderCustomizer redisFailsFast(RegistryProperties settings) {
        return options -> options.disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                .socketOptions(SocketOptions.builder()
                        .connectTimeout(settings.timeout())
                        .tcpNoDelay(true)
                        .build());
    }

    /** Redis is back within half a second of its start. */
    @Bean
    ClientResourcesBuilderCustomizer redisReconnectsSoon() {
        return resources ->
                resources.reconnectDelay(Delay.exponential(RECONNECT_FROM, RECONNECT_UP_TO, 2, TimeUnit.MILLISECONDS));
    }

    /** In the place of Boot's own. */
    @Bean
    @ConditionalOnMissingBean({SslBundleRegistry.class, SslBundles.class})
    ReloadingSslBundles sslBundleRegistry(ObjectProvider<SslBundleRegistrar> registrars) {
        ReloadingSslBundles bundles = new ReloadingSslBundles();
        registrars.orderedStream().forEach(registrar -> registrar.registerBundles(bundles));
        return bundles;
    }

    @Bean
    ClusterTls clusterTls(ClusterProperties settings, SslBundles bundles) {
        String name = settings.tlsBundle();
        if (name == null) {
            return ClusterTls.NONE;
        }
        SslBundle bundle = bundles.getBundle(name);
        SslStoreBundle stores = bundle.getStores();
        if (stores.getKeyStore() == null || stores.getTrustStore() == null) {
            throw new IllegalStateException("baton.cluster.tls-bundle=" + name + " needs a keystore and a truststore"
                    + " (spring.ssl.bundle.*." + name + "): each part shows its certificate, and takes only those that"
                    + " the cluster's own authority has signed");
        }
        return new ClusterTls(bundle::createSslContext);
    }

    @Bean
    ClusterNames clusterNames(ClusterProperties cluster) {
        return cluster.names();
    }

    /** On every meter, so that one Prometheus can keep clusters apart. */
    @Bean
    MeterFilter clusterTag(ClusterProperties cluster) {
        return MeterFilter.commonTags(Tags.of("cluster", cluster.name()));
    }

    @Bean
    RequestStates requestStates(ReactiveStringRedisTemplate redis, ClusterNames names, RegistryProperties settings) {
        return new RequestStates(redis, names, settings.requestMargin(), settings.timeout());
    }

    @Bean
    @Lazy
    RedisAnswers redisAnswers(ReactiveStringRedisTemplate redis, ClusterNames names, RegistryProperties settings) {
        return new RedisAnswers(redis, names, settings.timeout());
    }

    @Bean
    @Lazy
    QuotaBook quotaBook(ReactiveStringRedisTemplate redis, ClusterNames names, RegistryProperties settings) {
        return new RedisQuotaBook(redis, names, settings.timeout());
    }

    @Bean
    @Lazy
    UsageLedger usageLedger(ReactiveStringRedisTemplate redis, ClusterNames names, RegistryProperties settings) {
        return new UsageLedger(redis, names, settings.timeout());
    }

    @Bean
    WorkerStates workerStates(
            ReactiveStringRedisTemplate redis,
            RegistryProperties settings,
            ClusterProperties cluster,
            RegistryMetrics metrics) {
        return new WorkerStates(redis, settings.timeout(), cluster, metrics);
    }

    @Bean
    RegistryMetrics registryMetrics(ObjectProvider<MeterRegistry> registry) {
        return new RegistryMetrics(registry.getIfAvailable(SimpleMeterRegistry::new));
    }

    @Bean
    @Lazy
    WorkerRegistry workerRegistry(WorkerStates states, RegistryProperties settings) {
        return new WorkerRegistry(states, settings);
    }

    @Bean
    LaneLeases laneLeases(ReactiveStringRedisTemplate redis, ClusterNames names, RegistryProperties settings) {
        return new LaneLeases(redis, names, settings);
    }

    /** An entry lives as long as a request may, so that its lease outlives the decode phase. */
    @Bean
    KvDirectories kvDirectories(
            ReactiveStringRedisTemplate redis,
            ClusterNames names,
            RegistryProperties registry,
            LimitProperties limits) {
        return fingerprint -> new RedisKvDirectory(redis, names, fingerprint, limits.deadline(), registry.timeout());
    }

    @Bean
    KafkaConnection kafkaConnection(
            KafkaAdmin admin, ProducerFactory<?, ?> producers, ConsumerFactory<?, ?> consumers) {
        return new KafkaConnection(
                admin.getConfigurationProperties(),
                producers.getConfigurationProperties(),
                consumers.getConfigurationProperties());
    }

    @Bean
    @Lazy
    LaneProducer laneProducer(
            KafkaConnection connection, ClusterNames names, LaneProperties settings, LaneMetrics metrics) {
        LaneTopics.ensure(connection.admin(), names, settings);
        return new LaneProducer(connection.producer(), names, settings, metrics);
    }

    @Bean
    MeterBinder droppedLogLines() {
        return meters -> FunctionCounter.builder("baton.log.dropped", this, any -> BoundedLogs.dropped())
                .description("log lines that were dropped since nobody took this process's output")
                .register(meters);
    }

    @Bean
    KafkaProbe kafkaProbe(KafkaConnection connection) {
        return new KafkaProbe(connection.admin(), PROBE_LIMIT, PROBE_KEPT_FOR);
    }

    /** Up while a broker answers: without one no new request starts. */
    @Bean("kafka")
    HealthIndicator kafka(KafkaProbe probe) {
        return () -> (probe.answers() ? Health.up() : Health.down()).build();
    }

    @Bean
    LaneMetrics laneMetrics(ObjectProvider<MeterRegistry> registry) {
        return new LaneMetrics(registry.getIfAvailable(SimpleMeterRegistry::new));
    }

    @Bean
    StreamMetrics streamMetrics(ObjectProvider<MeterRegistry> registry) {
        return new StreamMetrics(registry.getIfAvailable(SimpleMeterRegistry::new));
    }
}
