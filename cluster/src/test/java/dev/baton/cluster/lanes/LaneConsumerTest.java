package dev.baton.cluster.lanes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
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
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each test has a lane of its own; the topics are shared. */
@WithStack
class LaneConsumerTest {
    private static final ClusterNames NAMES = new ClusterNames("baton");
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final int OUTSTANDING = 4;

    private final List<LaneRecord<PrefillJob>> read = new CopyOnWriteArrayList<>();
    private Map<String, Object> connection;
    private TestRedis redis;
    private LaneLeases leases;
    private LaneProducer producer;

    @BeforeEach
    void connect(TestStack stack) {
        connection = Map.of("bootstrap.servers", stack.kafka());
        redis = new TestRedis(stack.redis());
        leases = leases(Duration.ofSeconds(20));
        LaneTopics.ensure(connection, NAMES, settings(8));
        producer = new LaneProducer(connection, NAMES, settings(8), metrics());
    }

    @AfterEach
    void disconnect() {
        producer.close();
        redis.close();
    }

    @Test
    void commitsTheLowWaterMarkOfJobsThatFinishOutOfOrder() throws Exception {
        int lane = 0;
        try (LaneLease lease = take("a", lane);
                LaneConsumer<PrefillJob> consumer = consumer(lease, read::add)) {
            assertThat(consumer.reading()).isTrue();
            send(lane, 0, 4);
            await().atMost(LONG).until(() -> read.size() == 4);
            read.get(1).done();
            read.get(3).done();
            read.get(0).done();
            awaitCommitted(lane, 2);
            read.get(2).done();
            awaitCommitted(lane, 4);
        }
    }

    @Test
    void givesTheNextHolderWhatTheDeadOneHadNotFinished() throws Exception {
        int lane = 1;
        LaneLease lease = leases.take(NAMES.prefillTopic(), 8, worker("a", 1), lane, LONG);
        LaneConsumer<PrefillJob> dying = consumer(lease, read::add);
        send(lane, 0, 3);
        await().atMost(LONG).until(() -> read.size() == 3);
        read.get(0).done();
        awaitCommitted(lane, 1);

        // The holder loses its lease: it must stop by itself and commit nothing more.
        redis.template()
                .delete("baton:lane:{" + NAMES.prefillTopic() + ":" + lane + "}")
                .block(LONG);
        assertThat(dying.awaitEnd(LONG)).as("fault not applied").isTrue();
        read.get(1).done();
        List<LaneRecord<PrefillJob>> again = new CopyOnWriteArrayList<>();
        try (LaneLease next = leases.take(NAMES.prefillTopic(), 8, worker("b", 1), lane, LONG);
                LaneConsumer<PrefillJob> consumer = consumer(next, again::add)) {
            await().atMost(LONG).until(() -> again.size() == 2);
            assertThat(consumer.reading()).isTrue();
            assertThat(again.stream().map(LaneRecord::key)).containsExactly("r1", "r2");
            assertThat(committed(lane)).isEqualTo(1);
            assertThat(dying.reading()).isFalse();
        } finally {
            dying.close();
            lease.close();
        }
    }

    @Test
    void readsNoMoreThanItMayHoldUnfinished() throws Exception {
        int lane = 2;
        try (LaneLease lease = take("a", lane);
                LaneConsumer<PrefillJob> consumer = consumer(lease, read::add)) {
            send(lane, 0, 3 * OUTSTANDING);
            await().atMost(LONG).until(() -> read.size() >= OUTSTANDING);
            assertThat(read.size()).isLessThan(2 * OUTSTANDING);
            int done = 0;
            while (done < 3 * OUTSTANDING) {
                int next = done;
                await().atMost(LONG).until(() -> read.size() > next);
                assertThat(read.size() - done).isLessThan(2 * OUTSTANDING);
                read.get(done++).done();
            }
            awaitCommitted(lane, 3 * OUTSTANDING);
            assertThat(consumer.reading()).isTrue();
        }
    }

    @Test
    void makesADeadLetterWithoutThePromptOfAJobThatFailsTooOften() throws Exception {
        int lane = 3;
        List<Integer> deliveries = new CopyOnWriteArrayList<>();
        try (LaneLease lease = take("a", lane);
                LaneConsumer<PrefillJob> consumer = consumer(lease, record -> {
                    deliveries.add(record.delivery());
                    throw new IllegalStateException("cannot do this one");
                })) {
            send(lane, 7, 8);
            awaitCommitted(lane, 1);
            assertThat(consumer.reading()).isTrue();
        }
        assertThat(deliveries).containsExactly(1, 2);
        ConsumerRecord<String, byte[]> dead = deadLetter("r7");
        assertThat(header(dead, "why")).contains("cannot do this one");
        assertThat(header(dead, "lane")).isEqualTo("3");
        Generation kept = PrefillJob.parseFrom(dead.value()).getGeneration();
        assertThat(kept.getRequestId()).isEqualTo("r7");
        assertThat(kept.getPromptCount()).isZero();
    }

    @Test
    void goesOnBehindARecordThatCannotBeRead() throws Exception {
        int lane = 4;
        try (KafkaProducer<String, byte[]> raw =
                new KafkaProducer<>(connection, new StringSerializer(), new ByteArraySerializer())) {
            raw.send(new ProducerRecord<>(NAMES.prefillTopic(), lane, "broken", new byte[] {(byte) 0xff}))
                    .get(20, TimeUnit.SECONDS);
        }
        send(lane, 1, 2);
        try (LaneLease lease = take("a", lane);
                LaneConsumer<PrefillJob> consumer = consumer(lease, read::add)) {
            await().atMost(LONG).until(() -> read.size() == 1);
            read.getFirst().done();
            awaitCommitted(lane, 2);
            assertThat(consumer.reading()).isTrue();
        }
        assertThat(header(deadLetter("broken"), "why")).contains("cannot be read");
    }

    @Test
    void carriesAJobOfTheLongestContext() throws Exception {
        int lane = 5;
        PrefillJob job = PrefillJob.newBuilder()
                .setGeneration(Generation.newBuilder()
                        .setRequestId("long")
                        .addAllPrompt(IntStream.range(0, settings(8).maxTokens())
                                .map(i -> Integer.MAX_VALUE - i)
                                .boxed()
                                .toList()))
                .build();
        try (LaneLease lease = take("a", lane);
                LaneConsumer<PrefillJob> consumer = consumer(lease, read::add)) {
            producer.send(lane, job).toCompletableFuture().get(20, TimeUnit.SECONDS);
            await().atMost(LONG).until(() -> read.size() == 1);
            assertThat(read.getFirst().value()).isEqualTo(job);
            assertThat(consumer.reading()).isTrue();
        }
    }

    @Test
    void refusesTopicsWithAnotherNumberOfLanes() {
        assertThatThrownBy(() -> LaneTopics.ensure(connection, NAMES, settings(3)))
                .isInstanceOf(LaneException.class)
                .hasMessageContaining("has 8 lanes")
                .hasMessageContaining("baton.lanes.count");
    }

    @Test
    void saysWhichSettingToCheckWhenKafkaDoesNotAnswer() {
        Map<String, Object> nowhere = Map.of("bootstrap.servers", "127.0.0.1:1");
        LaneProperties hasty =
                new LaneProperties(8, 1, LONG, 100, 4, 2, false, Duration.ofMillis(200), Duration.ofMillis(500));
        assertThatThrownBy(() -> LaneTopics.ensure(nowhere, NAMES, hasty))
                .hasMessageContaining("spring.kafka.bootstrap-servers");
    }

    private LaneLease take(String worker, int lane) throws InterruptedException {
        return leases.take(NAMES.prefillTopic(), 8, worker(worker, 1), lane, LONG);
    }

    private LaneConsumer<PrefillJob> consumer(LaneLease lease, LaneHandler<PrefillJob> handler) {
        return new LaneConsumerFactory(connection, settings(8), producer, metrics(), InstantSource.system())
                .open(lease, PrefillJob.parser(), handler);
    }

    private void send(int lane, int from, int to) throws Exception {
        for (int i = from; i < to; i++) {
            PrefillJob job = PrefillJob.newBuilder()
                    .setGeneration(Generation.newBuilder().setRequestId("r" + i).addPrompt(17))
                    .build();
            producer.send(lane, job).toCompletableFuture().get(20, TimeUnit.SECONDS);
        }
    }

    private void awaitCommitted(int lane, long offset) throws Exception {
        try (Admin admin = Admin.create(connection)) {
            await().atMost(LONG).until(() -> committed(admin, lane) == offset);
        }
    }

    private long committed(int lane) throws Exception {
        try (Admin admin = Admin.create(connection)) {
            return committed(admin, lane);
        }
    }

    private static long committed(Admin admin, int lane) throws Exception {
        OffsetAndMetadata found = admin.listConsumerGroupOffsets("baton-lanes")
                .partitionsToOffsetAndMetadata()
                .get(20, TimeUnit.SECONDS)
                .get(new TopicPartition(NAMES.prefillTopic(), lane));
        return found == null ? -1 : found.offset();
    }

    private ConsumerRecord<String, byte[]> deadLetter(String key) {
        List<ConsumerRecord<String, byte[]>> found = new CopyOnWriteArrayList<>();
        try (KafkaConsumer<String, byte[]> consumer =
                new KafkaConsumer<>(connection, new StringDeserializer(), new ByteArrayDeserializer())) {
            TopicPartition partition = new TopicPartition(NAMES.deadTopic(), 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            await().atMost(LONG).until(() -> {
                consumer.poll(Duration.ofMillis(100)).forEach(found::add);
                return found.stream().anyMatch(record -> key.equals(record.key()));
            });
        }
        return found.stream()
                .filter(record -> key.equals(record.key()))
                .findFirst()
                .orElseThrow();
    }

    private static String header(ConsumerRecord<?, ?> record, String name) {
        return new String(record.headers().lastHeader(name).value(), StandardCharsets.UTF_8);
    }

    private LaneLeases leases(Duration ttl) {
        return new LaneLeases(
                redis.template(),
                NAMES,
                new RegistryProperties(
                        LONG, Duration.ofSeconds(1), Duration.ofSeconds(1), ttl, Duration.ofMillis(100), LONG, LONG));
    }

    private static LaneProperties settings(int lanes) {
        return new LaneProperties(
                lanes, 1, Duration.ofHours(1), 131_072, OUTSTANDING, 2, false, Duration.ofSeconds(20), LONG);
    }

    private static LaneMetrics metrics() {
        return new LaneMetrics(new SimpleMeterRegistry());
    }

    private static WorkerRef worker(String id, long epoch) {
        return WorkerRef.newBuilder().setId(id).setEpoch(epoch).build();
    }
}
