package dev.baton.cluster.lanes;

import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * A record read from a lane. Its receiver must call {@link #done} or {@link #fail} once, from any thread: until then
 * the lane's committed offset stays below it. Later calls do nothing.
 */
public final class LaneRecord<T> {
    private final T value;
    private final ConsumerRecord<String, byte[]> source;
    private final int delivery;
    private final Instant readAt;
    private final BiConsumer<LaneRecord<T>, @Nullable String> end;
    private final AtomicBoolean ended = new AtomicBoolean();

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

    /** The record need not be read again: it is taken over, finished, or no longer wanted. */
    public void done() {
        if (ended.compareAndSet(false, true)) {
            end.accept(this, null);
        }
    }

    /** It could not be handled: delivered again, or a dead letter when it has failed too often. */
    public void fail(String why) {
        if (ended.compareAndSet(false, true)) {
            end.accept(this, why);
        }
    }

    ConsumerRecord<String, byte[]> source() {
        return source;
    }
}
