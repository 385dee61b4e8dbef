package dev.baton.cluster.lanes;

import dev.baton.cluster.lanes.LaneConsumer.LaneRecord;
import dev.baton.config.LaneProperties;
import dev.baton.protocol.ClusterNames;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Handoff;
import dev.baton.protocol.v1.PrefillJob;
import dev.baton.protocol.v1.UsageEvent;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;

/**
 * Writes work to lanes: at once, confirmed by all replicas, within a deadline. A record whose send failed may still
 * have been written; the claim before compute makes that harmless. Any thread; may block for the send timeout when
 * Kafka is away, so event loops must not call it.
 */
public final class LaneProducer implements AutoCloseable {
    /** W3C Trace Context. */
    private static final String TRACEPARENT = "traceparent";

    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);

    private final Producer<String, byte[]> producer;
    private final ClusterNames names;
    private final LaneMetrics metrics;
    private final boolean deadPrompts;

    /** Connects, and learns where the topics are, so that the first request does not wait for it. */
    public LaneProducer(
            Map<String, Object> connection, ClusterNames names, LaneProperties settings, LaneMetrics metrics) {
        this.names = names;
        this.deadPrompts = settings.deadPrompts();
        Map<String, Object> config = new HashMap<>(connection);
        int limit = Math.toIntExact(settings.sendTimeout().toMillis());
        int maxRecord = Math.toIntExact(settings.maxRecord().toBytes());
        config.put(ProducerConfig.LINGER_MS_CONFIG, 0);
        config.put(ProducerConfig.ACKS_CONFIG, "all");
        config.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4");
        config.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, limit);
        config.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, limit);
        config.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, limit);
        config.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, maxRecord);
        config.put(ProducerConfig.BUFFER_MEMORY_CONFIG, Math.max(32L << 20, 4L * maxRecord));
        // An idle night must not make the first request of the morning wait for metadata.
        config.put(ProducerConfig.METADATA_MAX_IDLE_CONFIG, Duration.ofDays(7).toMillis());
        this.producer = new KafkaProducer<>(config, new StringSerializer(), new ByteArraySerializer());
        this.metrics = metrics;
        try {
            for (String topic : names.topics()) {
                producer.partitionsFor(topic);
            }
        } catch (KafkaException e) {
            producer.close(Duration.ZERO);
            throw new LaneException(
                    "Kafka does not say where its topics are. Check spring.kafka.bootstrap-servers.", e);
        }
    }

    /** By a producer of the caller's. */
    LaneProducer(Producer<String, byte[]> producer, ClusterNames names, boolean deadPrompts, LaneMetrics metrics) {
        this.producer = producer;
        this.names = names;
        this.deadPrompts = deadPrompts;
        this.metrics = metrics;
    }

    /** To a prefill lane. Completes when Kafka has it. */
    public CompletionStage<Void> send(int lane, PrefillJob job) {
        return send(work(names.prefillTopic(), lane, job.getGeneration(), job.toByteArray()));
    }

    /** To a handoff lane. Completes when Kafka has it. */
    public CompletionStage<Void> send(int lane, Handoff handoff) {
        return send(work(names.handoffTopic(), lane, handoff.getGeneration(), handoff.toByteArray()));
    }

    /** The trace is in the record itself; the header is for other tools, which look for it there. */
    private static ProducerRecord<String, byte[]> work(String topic, int lane, Generation generation, byte[] value) {
        ProducerRecord<String, byte[]> record = new ProducerRecord<>(topic, lane, generation.getRequestId(), value);
        String traceparent = generation.getTags().getTraceparent();
        if (!traceparent.isEmpty()) {
            record.headers().add(TRACEPARENT, bytes(traceparent));
        }
        return record;
    }

    public CompletionStage<Void> send(UsageEvent event) {
        return send(new ProducerRecord<>(names.usageTopic(), null, event.getTenant(), event.toByteArray()));
    }

    /** A request that is taken to kill workers, with its prompt only where dead letters keep those. */
    public CompletionStage<Void> sendDead(Handoff request, String why) {
        byte[] value = deadPrompts ? request.toByteArray() : PromptRedactor.redact(request);
        ProducerRecord<String, byte[]> dead = new ProducerRecord<>(
                names.deadTopic(), null, request.getGeneration().getRequestId(), value);
        dead.headers()
                .add("topic", bytes(names.handoffTopic()))
                .add(
                        "deliveries",
                        bytes(Integer.toString(
                                request.getGeneration().getAttempt().getNumber())))
                .add("why", bytes(why));
        metrics.dead();
        return send(dead);
    }

    /** @param value the record as it was, or without its prompt; null when it could not be read at all */
    CompletionStage<Void> sendDead(LaneRecord<?> record, byte @Nullable [] value, String why) {
        ProducerRecord<String, byte[]> dead = new ProducerRecord<>(names.deadTopic(), null, record.key(), value);
        dead.headers()
                .add("topic", bytes(record.topic()))
                .add("lane", bytes(Integer.toString(record.lane())))
                .add("offset", bytes(Long.toString(record.offset())))
                .add("deliveries", bytes(Integer.toString(record.delivery())))
                .add("why", bytes(why));
        metrics.dead();
        return send(dead);
    }

    @Override
    public void close() {
        producer.close(CLOSE_LIMIT);
    }

    private CompletionStage<Void> send(ProducerRecord<String, byte[]> record) {
        CompletableFuture<Void> confirmed = new CompletableFuture<>();
        long start = System.nanoTime();
        try {
            producer.send(record, (metadata, failure) -> {
                if (failure == null) {
                    metrics.sent(Duration.ofNanos(System.nanoTime() - start));
                    confirmed.complete(null);
                } else {
                    fail(confirmed, record, failure);
                }
            });
        } catch (KafkaException e) {
            fail(confirmed, record, e);
        }
        return confirmed;
    }

    private void fail(CompletableFuture<Void> confirmed, ProducerRecord<?, ?> record, Exception failure) {
        metrics.unsent();
        confirmed.completeExceptionally(new LaneException(
                "A record for " + record.topic() + " was not confirmed by Kafka: " + failure.getMessage(), failure));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
