package dev.baton.cluster.lanes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.cluster.lanes.LaneConsumer.LaneRecord;
import dev.baton.cluster.leases.LaneLease;
import dev.baton.cluster.leases.LaneLeases;
import dev.baton.cluster.redis.TestRedis;
import dev.baton.config.LaneProperties;
import dev.baton.config.RegistryProperties;
import dev.baton.protocol.ClusterNames;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.PrefillJob;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.stack.KafkaProcess;
import dev.baton.stack.Ports;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A broker of this test alone is emptied: its next life begins with more records than the lane had read before. */
@WithStack
@Timeout(240)
class EmptiedKafkaTest {
    private static final ClusterNames NAMES = new ClusterNames("baton");
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final LaneProperties SETTINGS =
            new LaneProperties(2, 1, Duration.ofHours(1), 131_072, 64, 2, false, Duration.ofSeconds(20), LONG);

    private final List<String> read = new CopyOnWriteArrayList<>();

    @TempDir
    private Path place;

    @Test
    void aLaneSkipsNoRecordOfTheNextLife(TestStack stack) throws Exception {
        List<Integer> ports = Ports.free(2);
        TestRedis redis = new TestRedis(stack.redis());
        KafkaProcess first = kafka(ports);
        Map<String, Object> connection = Map.of("bootstrap.servers", first.bootstrapServers());
        LaneTopics.ensure(connection, NAMES, SETTINGS);
        LaneMetrics metrics = new LaneMetrics(new SimpleMeterRegistry());
        LaneLeases leases = new LaneLeases(
                redis.template(),
                NAMES,
                new RegistryProperties(
                        LONG, Duration.ofSeconds(1), Duration.ofSeconds(1), LONG, Duration.ofMillis(100), LONG, LONG));
        WorkerRef worker = WorkerRef.newBuilder().setId("emptied").setEpoch(1).build();
        try (LaneProducer producer = new LaneProducer(connection, NAMES, SETTINGS, metrics);
                LaneLease lease = leases.take(NAMES.prefillTopic(), 2, worker, 1, LONG);
                LaneConsumer<PrefillJob> consumer = new LaneConsumerFactory(
                                connection, SETTINGS, producer, metrics, InstantSource.system())
                        .open(lease, PrefillJob.parser(), this::done)) {
            send(producer, "before", 3);
            await().atMost(LONG).until(() -> read.size() == 3);

            first.kill();
            empty();
            KafkaProcess second = kafka(ports);
            try {
                LaneTopics.ensure(connection, NAMES, SETTINGS);
                try (LaneProducer next = new LaneProducer(connection, NAMES, SETTINGS, metrics)) {
                    send(next, "after", 8);
                }
                await().atMost(LONG)
                        .untilAsserted(() -> assertThat(read)
                                .contains(
                                        "after0", "after1", "after2", "after3", "after4", "after5", "after6",
                                        "after7"));
                assertThat(consumer.reading()).isTrue();
            } finally {
                second.kill();
            }
        } finally {
            first.kill();
            redis.close();
        }
    }

    private void done(LaneRecord<PrefillJob> record) {
        read.add(record.key());
        record.done();
    }

    private KafkaProcess kafka(List<Integer> ports) {
        return KafkaProcess.start(new KafkaProcess.Settings(
                ports.get(0), ports.get(1), place.resolve("kafka"), place.resolve("kafka.log"), null, LONG));
    }

    private void empty() throws IOException {
        try (Stream<Path> files = Files.walk(place.resolve("kafka"))) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private static void send(LaneProducer producer, String name, int count) throws Exception {
        for (int i = 0; i < count; i++) {
            producer.send(
                            1,
                            PrefillJob.newBuilder()
                                    .setGeneration(Generation.newBuilder().setRequestId(name + i))
                                    .build())
                    .toCompletableFuture()
                    .get(30, TimeUnit.SECONDS);
        }
    }
}
