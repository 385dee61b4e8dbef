package dev.baton.cluster.lanes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.config.LaneProperties;
import dev.baton.protocol.ClusterNames;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Handoff;
import dev.baton.protocol.v1.PrefillJob;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What Kafka's own tools see of a trace. */
@WithStack
@Timeout(120)
class TracedRecordsTest {
    private static final String TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final ClusterNames NAMES = new ClusterNames("traced");
    private static final LaneProperties SETTINGS =
            new LaneProperties(1, 1, Duration.ofHours(1), 131_072, 64, 2, false, Duration.ofSeconds(20), LONG);

    @Test
    void jobsAndHandoffsCarryTheTraceInTheirHeaders(TestStack stack) throws Exception {
        Map<String, Object> connection = Map.of("bootstrap.servers", stack.kafka());
        LaneTopics.ensure(connection, NAMES, SETTINGS);
        Generation traced = Generation.newBuilder()
                .setRequestId("traced")
                .setTags(RequestTags.newBuilder().setTraceparent(TRACE))
                .build();
        Generation untraced = Generation.newBuilder().setRequestId("untraced").build();
        try (LaneProducer producer =
                new LaneProducer(connection, NAMES, SETTINGS, new LaneMetrics(new SimpleMeterRegistry()))) {
            for (Generation each : List.of(traced, untraced)) {
                producer.send(0, PrefillJob.newBuilder().setGeneration(each).build())
                        .toCompletableFuture()
                        .get();
                producer.send(0, Handoff.newBuilder().setGeneration(each).build())
                        .toCompletableFuture()
                        .get();
            }
        }
        for (String topic : List.of(NAMES.prefillTopic(), NAMES.handoffTopic())) {
            assertThat(traceparents(connection, topic)).as(topic).containsExactly(TRACE, "none");
        }
    }

    private static List<String> traceparents(Map<String, Object> connection, String topic) {
        List<String> found = new ArrayList<>();
        long end = System.nanoTime() + LONG.toNanos();
        try (KafkaConsumer<String, byte[]> consumer =
                new KafkaConsumer<>(connection, new StringDeserializer(), new ByteArrayDeserializer())) {
            TopicPartition lane = new TopicPartition(topic, 0);
            consumer.assign(List.of(lane));
            consumer.seekToBeginning(List.of(lane));
            while (found.size() < 2 && System.nanoTime() < end) {
                for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    Header header = record.headers().lastHeader("traceparent");
                    found.add(header == null ? "none" : new String(header.value(), StandardCharsets.UTF_8));
                }
            }
        }
        return found;
    }
}
