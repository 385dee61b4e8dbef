package dev.baton.gateway.dispatch;

import dev.baton.cluster.SteadyClock;
import dev.baton.cluster.lanes.KafkaConnection;
import dev.baton.cluster.lanes.LaneMetrics;
import dev.baton.cluster.lanes.LaneProducer;
import dev.baton.cluster.requests.RequestStates;
import dev.baton.config.LaneProperties;
import dev.baton.config.RegistryProperties;
import dev.baton.config.StreamProperties;
import dev.baton.control.routing.Placement;
import dev.baton.gateway.GatewayApplication;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.context.TypeExcludeFilter;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.type.classreading.MetadataReader;
import org.springframework.core.type.classreading.MetadataReaderFactory;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;

/** The dispatcher as the gateway wires it, and the workers that a test adds. */
final class TestCluster implements AutoCloseable {
    private final ConfigurableApplicationContext context;
    private final List<ScriptedWorker> workers = new ArrayList<>();

    private TestCluster(ConfigurableApplicationContext context) {
        this.context = context;
    }

    /** Without the HTTP edge. */
    static TestCluster start(String kafka, URI redis, String... settings) {
        return new TestCluster(new SpringApplicationBuilder(Wiring.class)
                .web(WebApplicationType.NONE)
                .run(arguments(kafka, redis, settings)));
    }

    /** The whole gateway, on a free port, without a management port. */
    static TestCluster serving(String kafka, URI redis, String... settings) {
        return serving(kafka, redis, -1, settings);
    }

    /** The same with a management port on {@code management}, 0 being any, that lets everybody in. */
    static TestCluster serving(String kafka, URI redis, int management, String... settings) {
        List<String> all = new ArrayList<>(List.of(
                "--server.port=0", "--management.server.port=" + management, "--baton.management.secured=false"));
        all.addAll(List.of(settings));
        return new TestCluster(new SpringApplicationBuilder(GatewayApplication.class)
                .initializers(context -> context.getBeanFactory().registerSingleton("tests", new NotOfTests()))
                .run(arguments(kafka, redis, all.toArray(String[]::new))));
    }

    private static String[] arguments(String kafka, URI redis, String... settings) {
        List<String> all = new ArrayList<>(List.of(
                "--spring.kafka.bootstrap-servers=" + kafka,
                "--spring.data.redis.url=" + redis,
                "--spring.main.banner-mode=off",
                "--baton.model.folder=" + Path.of("..", "models", "demo"),
                "--baton.stream.suspect-after=2s",
                "--baton.gateway.lame-duck=0s",
                "--baton.dispatch.mode=AUTO",
                "--baton.dispatch.local-tokens=64"));
        for (String setting : settings) {
            String key = setting.substring(0, setting.indexOf('=') + 1);
            all.removeIf(before -> before.startsWith(key));
            all.add(setting);
        }
        return all.toArray(String[]::new);
    }

    /** The application looks for its parts in its package, where tests have theirs. */
    private static final class NotOfTests extends TypeExcludeFilter {
        @Override
        public boolean match(MetadataReader reader, MetadataReaderFactory readers) {
            String name = reader.getClassMetadata().getClassName();
            return name.contains("TestCluster$") || name.contains("EdgeServer$");
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof NotOfTests;
        }

        @Override
        public int hashCode() {
            return NotOfTests.class.hashCode();
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import(DispatchConfiguration.class)
    static class Wiring {
        @Bean
        Clock clock() {
            return SteadyClock.system();
        }

        @Bean
        MeterRegistry meters() {
            return new SimpleMeterRegistry();
        }
    }

    int port() {
        return Integer.parseInt(context.getEnvironment().getRequiredProperty("local.server.port"));
    }

    int managementPort() {
        return Integer.parseInt(context.getEnvironment().getRequiredProperty("local.management.port"));
    }

    ScriptedWorker worker(String id) {
        return workers.stream()
                .filter(worker -> worker.self.getId().equals(id))
                .findFirst()
                .orElseThrow();
    }

    ScriptedWorker prefill(String id, String model) throws Exception {
        return add(ScriptedWorker.prefill(this, id, model));
    }

    ScriptedWorker decode(String id, String model) throws Exception {
        return add(ScriptedWorker.decode(this, id, model));
    }

    ScriptedWorker decode(String id, String model, int credit) throws Exception {
        return add(ScriptedWorker.decode(this, id, model, credit));
    }

    private ScriptedWorker add(ScriptedWorker worker) {
        workers.add(worker);
        return worker;
    }

    Dispatcher dispatcher() {
        return context.getBean(Dispatcher.class);
    }

    JobPublisher jobs() {
        return context.getBean(JobPublisher.class);
    }

    DeadRequests deadRequests() {
        return context.getBean(DeadRequests.class);
    }

    LiveWorkers workers() {
        return context.getBean(LiveWorkers.class);
    }

    Placement placement() {
        return context.getBean(Placement.class);
    }

    MeterRegistry meters() {
        return context.getBean(MeterRegistry.class);
    }

    RequestStates requests() {
        return context.getBean(RequestStates.class);
    }

    ReactiveStringRedisTemplate redis() {
        return context.getBean(ReactiveStringRedisTemplate.class);
    }

    RegistryProperties registry() {
        return context.getBean(RegistryProperties.class);
    }

    LaneProperties lanes() {
        return context.getBean(LaneProperties.class);
    }

    StreamProperties streams() {
        return context.getBean(StreamProperties.class);
    }

    Map<String, Object> kafka() {
        return context.getBean(KafkaConnection.class).consumer();
    }

    LaneProducer producer() {
        return context.getBean(LaneProducer.class);
    }

    LaneMetrics laneMetrics() {
        return new LaneMetrics(new SimpleMeterRegistry());
    }

    /** Ends the workers of a test. */
    void endWorkers() {
        workers.forEach(ScriptedWorker::close);
        workers.clear();
    }

    @Override
    public void close() {
        endWorkers();
        context.close();
    }
}
