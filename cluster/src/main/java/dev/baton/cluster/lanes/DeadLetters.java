package dev.baton.cluster.lanes;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.baton.config.LaneProperties;
import dev.baton.protocol.ClusterNames;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Handoff;
import dev.baton.protocol.v1.PrefillJob;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * Reads the dead letters: records that could not be handled, and requests that are taken to kill workers. Each call reads
 * the topic anew and blocks for it, at most {@code baton.lanes.start-timeout}. Any thread.
 */
public final class DeadLetters {
    private static final Duration POLL = Duration.ofMillis(100);

    private final Map<String, Object> config;
    private final TopicPartition partition;
    private final ClusterNames names;
    private final Duration timeout;

    /** @param connection to Kafka, for consumers */
    public DeadLetters(Map<String, Object> connection, ClusterNames names, LaneProperties settings) {
        this.config = new HashMap<>(connection);
        config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        config.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        int maxRecord = Math.toIntExact(settings.maxRecord().toBytes());
        config.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, Math.max(1 << 20, maxRecord));
        this.partition = new TopicPartition(names.deadTopic(), 0);
        this.names = names;
        this.timeout = settings.startTimeout();
    }

    /**
     * One of them.
     *
     * @param offset by which it is found again
     * @param topic of the lane that it was read from, or would have gone to
     * @param deliveries how often it was tried
     * @param request null when the record could not be read at all; without a prompt unless dead letters keep those
     */
    public record DeadLetter(
            long offset,
            Instant at,
            String requestId,
            String topic,
            int deliveries,
            String why,
            @Nullable Generation request) {
        /** Whether it can be run again. */
        public boolean hasPrompt() {
            return request != null && request.getPromptCount() > 0;
        }
    }

    /**
     * The newest first.
     *
     * @param most 1 or more
     * @throws LaneException when Kafka does not answer in time
     */
    public List<DeadLetter> list(int most) {
        if (most < 1) {
            throw new IllegalArgumentException("most is " + most + ", must be 1 or more");
        }
        return read(Long.MAX_VALUE, most).reversed();
    }

    /** The one at that offset; empty when there is none, or none any more. */
    public Optional<DeadLetter> at(long offset) {
        return read(offset + 1, 1).stream()
                .filter(letter -> letter.offset() == offset)
                .findFirst();
    }

    /** @param before offset after the last */
    private List<DeadLetter> read(long before, int most) {
        List<DeadLetter> letters = new ArrayList<>();
        long deadline = System.nanoTime() + timeout.toNanos();
        try (KafkaConsumer<String, byte[]> consumer =
                new KafkaConsumer<>(config, new StringDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> all = List.of(partition);
            consumer.assign(all);
            long first = consumer.beginningOffsets(all, timeout).getOrDefault(partition, 0L);
            long end = Math.min(before, consumer.endOffsets(all, timeout).getOrDefault(partition, 0L));
            consumer.seek(partition, Math.max(first, end - most));
            while (consumer.position(partition, timeout) < end) {
                if (System.nanoTime() - deadline > 0) {
                    throw new LaneException("Kafka did not send the dead letters within " + timeout, null);
                }
                for (ConsumerRecord<String, byte[]> record : consumer.poll(POLL)) {
                    if (record.offset() < end) {
                        letters.add(letter(record));
                    }
                }
            }
        } catch (KafkaException e) {
            throw new LaneException("The dead letters cannot be read. Check spring.kafka.bootstrap-servers.", e);
        }
        return letters;
    }

    private DeadLetter letter(ConsumerRecord<String, byte[]> record) {
        String topic = header(record, "topic");
        return new DeadLetter(
                record.offset(),
                Instant.ofEpochMilli(record.timestamp()),
                record.key() == null ? "" : record.key(),
                topic,
                number(header(record, "deliveries")),
                header(record, "why"),
                record.value() == null ? null : request(topic, record.value()));
    }

    private @Nullable Generation request(String topic, byte[] value) {
        try {
            return topic.equals(names.prefillTopic())
                    ? PrefillJob.parseFrom(value).getGeneration()
                    : Handoff.parseFrom(value).getGeneration();
        } catch (InvalidProtocolBufferException e) {
            return null;
        }
    }

    private static String header(ConsumerRecord<?, ?> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
    }

    private static int number(String text) {
        return text.matches("[0-9]{1,9}") ? Integer.parseInt(text) : 0;
    }
}
