package dev.baton.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.cluster.lanes.KafkaConnection;
import dev.baton.cluster.lanes.LaneConsumer.LaneRecord;
import dev.baton.cluster.lanes.LaneConsumerFactory;
import dev.baton.cluster.lanes.LaneMetrics;
import dev.baton.cluster.lanes.LaneProducer;
import dev.baton.cluster.leases.LaneLease;
import dev.baton.cluster.leases.LaneLeases;
import dev.baton.config.LaneProperties;
import dev.baton.protocol.ClusterNames;
import dev.baton.protocol.v1.Handoff;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

@WithStack
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(180)
class LaneKeeperTest {
    private static final ClusterNames NAMES = new ClusterNames("baton");
    private static final Duration LONG = Duration.ofSeconds(20);

    private ConfigurableApplicationContext context;

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration(exclude = WorkerAutoConfiguration.class)
    static class Wiring {}

    @BeforeAll
    void connect(TestStack stack) {
        context = new SpringApplicationBuilder(Wiring.class)
                .web(WebApplicationType.NONE)
                .run(
                        "--spring.kafka.bootstrap-servers=" + stack.kafka(),
                        "--spring.data.redis.url=" + stack.redis(),
                        "--baton.model.folder=none");
    }

    @AfterAll
    void disconnect() {
        context.close();
    }

    @Test
    void readsOnAfterAConsumerThatKafkaDidNotLetItMake() throws Exception {
        Map<String, Object> connection =
                new HashMap<>(context.getBean(KafkaConnection.class).consumer());
        Object servers = connection.put("security.protocol", "NONSENSE");
        AtomicInteger failures = new AtomicInteger();
        List<String> taken = new CopyOnWriteArrayList<>();
        LaneProducer producer = context.getBean(LaneProducer.class);
        LaneProperties settings = context.getBean(LaneProperties.class);
        try (LaneKeeper<Handoff> keeper = new LaneKeeper<>(this::take, lease -> {
            try {
                return new LaneConsumerFactory(
                                connection, settings, producer, context.getBean(LaneMetrics.class), Clock.systemUTC())
                        .open(lease, Handoff.parser(), record -> took(record, taken));
            } catch (RuntimeException e) {
                failures.incrementAndGet();
                connection.remove("security.protocol");
                throw e;
            }
        })) {
            await().atMost(LONG).until(keeper::reading);
            assertThat(failures).as("fault not applied").hasValue(1);
            String id = UUID.randomUUID().toString();
            Handoff.Builder handoff = Handoff.newBuilder();
            handoff.getGenerationBuilder().setRequestId(id);
            producer.send(keeper.lane(), handoff.build());
            await().atMost(LONG).until(() -> taken.contains(id));
        }
        assertThat(servers).as("nothing was there before").isNull();
    }

    private LaneLease take() throws InterruptedException {
        WorkerRef self = WorkerRef.newBuilder().setId("keeper").setEpoch(1).build();
        return context.getBean(LaneLeases.class)
                .take(
                        NAMES.handoffTopic(),
                        context.getBean(LaneProperties.class).count(),
                        self,
                        null,
                        LONG);
    }

    private static void took(LaneRecord<Handoff> record, List<String> taken) {
        taken.add(record.value().getGeneration().getRequestId());
        record.done();
    }
}
