package dev.baton.cluster.lanes;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import dev.baton.cluster.leases.LaneLease;
import dev.baton.config.LaneProperties;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads one lane for as long as its lease holds. Records go to the handler as they come and are completed out of order;
 * what is committed is the low-water mark, so that a crash repeats records and never skips one. When too many are
 * unfinished it pauses. Once the lease is lost it reads nothing, commits nothing and ends.
 *
 * <p>It starts at the committed offset; on a lane never committed, at the oldest record within the retention. Whether a
 * record is still wanted is the handler's to say.
 */
public final class LaneConsumer<T extends Message> implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LaneConsumer.class);
    private static final Duration POLL = Duration.ofMillis(100);
    /** While no record is unfinished and nothing is to be committed; also how long the broker holds an empty answer. */
    private static final Duration POLL_AT_REST = Duration.ofSeconds(1);

    private static final Duration COMMIT_EVERY = Duration.ofMillis(200);
    private static final Duration END_LIMIT = Duration.ofSeconds(5);
    private static final Duration RETRY_PAUSE = Duration.ofMillis(200);

    /** A record's end, on its way to the lane's thread. */
    private record Completion<T>(
            LaneRecord<T> record, @Nullable String failure) {}

    private final LaneLease lease;
    private final Parser<T> parser;
    private final LaneHandler<T> handler;
    private final LaneProperties settings;
    private final LaneProducer producer;
    private final LaneMetrics metrics;
    private final InstantSource clock;
    private final TopicPartition partition;
    private final KafkaLife kafka = new KafkaLife();
    private final KafkaConsumer<String, byte[]> consumer;
    private final Queue<Completion<T>> completions = new ConcurrentLinkedQueue<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Thread thread;
    private final AtomicLong polls = new AtomicLong();
    private volatile boolean stopping;
    private volatile boolean paused;
    private volatile boolean resting;

    // Owned by the lane's thread.
    private LowWatermark lowWatermark = new LowWatermark(0);
    private long committed = -1;
    private long committedAt;

    LaneConsumer(LaneConsumerFactory factory, LaneLease lease, Parser<T> parser, LaneHandler<T> handler) {
        this.lease = lease;
        this.parser = parser;
        this.handler = handler;
        this.settings = factory.settings();
        this.producer = factory.producer();
        this.metrics = factory.metrics();
        this.clock = factory.clock();
        this.partition = new TopicPartition(lease.topic(), lease.lane());
        this.consumer = new KafkaConsumer<>(config(factory.connection()), kafka, new ByteArrayDeserializer());
        this.thread = Thread.ofPlatform()
                .name("lane-" + lease.topic() + "-" + lease.lane())
                .daemon(true)
                .start(this::run);
    }

    /** Whether it reads: neither closed nor without its lease. */
    public boolean reading() {
        return ended.getCount() > 0 && !stopping && lease.held();
    }

    /** Polls so far, those that failed included: one a second at least unless its thread is stuck. Any thread. */
    public long polls() {
        return polls.get();
    }

    /** Waits until it has ended: closed, or the lease lost. True when it has within {@code limit}. */
    public boolean awaitEnd(Duration limit) throws InterruptedException {
        return ended.await(limit.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Stops reading, commits what is completed, ends. Records not completed come again to the next holder. */
    @Override
    public void close() {
        stopping = true;
        if (resting) {
            consumer.wakeup();
        }
        if (Thread.currentThread() == thread) {
            return;
        }
        try {
            if (!thread.join(END_LIMIT)) {
                consumer.wakeup();
                LOG.warn("Lane {} has not ended within {}", partition, END_LIMIT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Map<String, Object> config(Map<String, Object> connection) {
        Map<String, Object> config = new HashMap<>(connection);
        int maxRecord = Math.toIntExact(settings.maxRecord().toBytes());
        config.put(ConsumerConfig.GROUP_ID_CONFIG, "baton-lanes");
        config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        config.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        config.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, Math.toIntExact(POLL_AT_REST.toMillis()));
        config.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, Math.max(1 << 20, maxRecord));
        config.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, settings.outstanding());
        config.put(ConsumerConfig.CLIENT_ID_CONFIG, lease.topic() + "-" + lease.lane());
        return config;
    }

    private void run() {
        try (consumer) {
            consumer.assign(List.of(partition));
            boolean placed = false;
            while (!stopping && lease.held()) {
                polls.incrementAndGet();
                try {
                    if (kafka.takeChanged()) {
                        LOG.warn("Lane {} begins again: another Kafka answers, the one before was emptied", partition);
                        placed = false;
                    }
                    if (!placed) {
                        place();
                        placed = true;
                    }
                    round();
                } catch (WakeupException e) {
                    // A completion may let a paused lane go on.
                } catch (KafkaException e) {
                    LOG.warn("Lane {}: Kafka failed, trying again: {}", partition, e.toString());
                    TimeUnit.NANOSECONDS.sleep(RETRY_PAUSE.toNanos());
                }
            }
            takeCompletions();
            commitLast();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (WakeupException e) {
            LOG.debug("Lane {} was woken while it ended", partition);
        } catch (RuntimeException e) {
            LOG.error("Lane {} has ended by a bug; it is not read until this worker starts again", partition, e);
        } finally {
            ended.countDown();
            LOG.info("Lane {} is read no more", partition);
        }
    }

    private void place() {
        OffsetAndMetadata last =
                consumer.committed(Set.of(partition), settings.startTimeout()).get(partition);
        long offset;
        if (last != null) {
            offset = last.offset();
        } else {
            // The end is asked for first: what is sent between the two questions is not skipped.
            long end = consumer.endOffsets(List.of(partition), settings.startTimeout())
                    .getOrDefault(partition, 0L);
            long since = clock.instant().minus(settings.retention()).toEpochMilli();
            OffsetAndTimestamp oldest = consumer.offsetsForTimes(Map.of(partition, since), settings.startTimeout())
                    .get(partition);
            offset = oldest != null ? oldest.offset() : end;
        }
        consumer.seek(partition, offset);
        lowWatermark = new LowWatermark(offset);
        committed = last != null ? offset : -1;
        LOG.info("Lane {} is read from offset {}", partition, offset);
    }

    private void round() {
        takeCompletions();
        commit(false);
        boolean full = lowWatermark.outstanding() >= settings.outstanding();
        if (full && !paused) {
            consumer.pause(List.of(partition));
            paused = true;
        } else if (paused && lowWatermark.outstanding() <= settings.outstanding() / 2) {
            consumer.resume(List.of(partition));
            paused = false;
        }
        for (ConsumerRecord<String, byte[]> record : poll()) {
            if (stopping || !lease.held()) {
                return;
            }
            if (lowWatermark.read(record.offset(), record)) {
                LOG.warn("Lane {} begins again at offset {}: Kafka was emptied", partition, record.offset());
                committed = -1;
            }
            deliver(record, 1);
        }
        metrics.outstanding(lowWatermark.outstanding());
    }

    private ConsumerRecords<String, byte[]> poll() {
        if (lowWatermark.outstanding() > 0 || lowWatermark.offset() != committed) {
            return consumer.poll(POLL);
        }
        resting = true;
        try {
            return stopping ? ConsumerRecords.empty() : consumer.poll(POLL_AT_REST);
        } finally {
            resting = false;
        }
    }

    private void deliver(ConsumerRecord<String, byte[]> source, int delivery) {
        Instant now = clock.instant();
        T value;
        try {
            value = parser.parseFrom(source.value());
        } catch (InvalidProtocolBufferException e) {
            LOG.warn("Lane {}: the record at {} cannot be read and becomes a dead letter", partition, source.offset());
            deadLetter(
                    new LaneRecord<>(source.key(), source, delivery, now, (record, why) -> {}),
                    null,
                    "cannot be read: " + e.getMessage());
            return;
        }
        LaneRecord<T> record = new LaneRecord<>(value, source, delivery, now, this::end);
        metrics.waited(Duration.between(record.sentAt(), now));
        try {
            handler.handle(record);
        } catch (RuntimeException | Error e) {
            LOG.warn("Lane {}: the record at {} could not be handled", partition, source.offset(), e);
            record.fail(e.toString());
        }
    }

    /** Any thread. */
    private void end(LaneRecord<T> record, @Nullable String failure) {
        completions.add(new Completion<>(record, failure));
        if (paused) {
            consumer.wakeup();
        }
    }

    private void takeCompletions() {
        for (Completion<T> next = completions.poll(); next != null; next = completions.poll()) {
            LaneRecord<T> record = next.record();
            if (next.failure() == null) {
                lowWatermark.completed(record.offset(), record.source());
            } else if (record.delivery() < settings.deliveries()) {
                deliver(record.source(), record.delivery() + 1);
            } else {
                byte[] value = settings.deadPrompts() ? record.source().value() : PromptRedactor.redact(record.value());
                deadLetter(record, value, next.failure());
                tellDead(record, next.failure());
            }
        }
    }

    private void deadLetter(LaneRecord<?> record, byte @Nullable [] value, String why) {
        producer.sendDead(record, value, why).whenComplete((sent, failure) -> {
            if (failure != null) {
                LOG.error("A dead letter of lane {} at {} is lost: {}", partition, record.offset(), why, failure);
            }
        });
        lowWatermark.completed(record.offset(), record.source());
    }

    private void tellDead(LaneRecord<T> record, String why) {
        try {
            handler.dead(record.value(), why);
        } catch (RuntimeException e) {
            LOG.error("Lane {}: the owner of the dead letter at {} was not told", partition, record.offset(), e);
        }
    }

    /** A wake-up that was meant for the poll before may end the first try. */
    private void commitLast() {
        long before = committed;
        try {
            commit(true);
        } catch (WakeupException e) {
            committed = before;
            commit(true);
        }
    }

    private void commit(boolean last) {
        long offset = lowWatermark.offset();
        long now = System.nanoTime();
        boolean due = last || now - committedAt >= COMMIT_EVERY.toNanos();
        if (offset == committed || !due || !lease.held()) {
            return;
        }
        Map<TopicPartition, OffsetAndMetadata> offsets = Map.of(partition, new OffsetAndMetadata(offset));
        committed = offset;
        committedAt = now;
        if (last) {
            consumer.commitSync(offsets, END_LIMIT);
            metrics.committed();
        } else {
            consumer.commitAsync(offsets, (done, failure) -> {
                if (failure == null) {
                    metrics.committed();
                } else {
                    // The next commit says more; a crash before it repeats records, which claims make harmless.
                    LOG.warn("Lane {}: offset {} was not committed: {}", partition, offset, failure.toString());
                    committed = -1;
                }
            });
        }
    }

    /**
     * A record read from a lane. Its receiver must call {@link #done} or {@link #fail} once, from any thread: until then
     * the lane's committed offset stays below it. Later calls do nothing.
     */
    public static final class LaneRecord<T> {
        private final T value;
        private final ConsumerRecord<String, byte[]> source;
        private final int delivery;
        private final Instant readAt;
        private final BiConsumer<LaneRecord<T>, @Nullable String> end;
        private final AtomicBoolean ended = new AtomicBoolean();
        private volatile Runnable whenEnded = () -> {};

        LaneRecord(
                T value,
                ConsumerRecord<String, byte[]> source,
                int delivery,
                Instant readAt,
                BiConsumer<LaneRecord<T>, @Nullable String> end) {
            this.value = value;
            this.source = source;
            this.delivery = delivery;
            this.readAt = readAt;
            this.end = end;
        }

        public T value() {
            return value;
        }

        public String key() {
            return source.key();
        }

        public String topic() {
            return source.topic();
        }

        public int lane() {
            return source.partition();
        }

        public long offset() {
            return source.offset();
        }

        /** When the producer sent it, by its clock. */
        public Instant sentAt() {
            return Instant.ofEpochMilli(source.timestamp());
        }

        /** When it was polled. */
        public Instant readAt() {
            return readAt;
        }

        /** 1 at first, one more after each {@link #fail}. */
        public int delivery() {
            return delivery;
        }

        /** To be called when it has ended, by the thread that ends it. Set before it is handed on. */
        public void whenEnded(Runnable then) {
            whenEnded = then;
        }

        /** The record need not be read again: it is taken over, finished, or no longer wanted. */
        public void done() {
            if (ended.compareAndSet(false, true)) {
                end.accept(this, null);
                whenEnded.run();
            }
        }

        /** It could not be handled: delivered again, or a dead letter when it has failed too often. */
        public void fail(String why) {
            if (ended.compareAndSet(false, true)) {
                end.accept(this, why);
                whenEnded.run();
            }
        }

        ConsumerRecord<String, byte[]> source() {
            return source;
        }
    }
}
