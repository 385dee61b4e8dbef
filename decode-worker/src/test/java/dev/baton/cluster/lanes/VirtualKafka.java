package dev.baton.cluster.lanes;

import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import dev.baton.explorer.Life;
import dev.baton.explorer.Timeline;
import dev.baton.protocol.ClusterNames;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Lanes in virtual time: a log each, with what was committed. What may be lost of a send is its answer, or the record. */
public final class VirtualKafka {
    private static final Duration SEND_TIMEOUT = Duration.ofSeconds(2);
    private static final ClusterNames NAMES = new ClusterNames("baton");

    private final Timeline time;
    private final Random random;
    private final Map<String, Log> logs = new HashMap<>();
    private final LaneMetrics metrics = new LaneMetrics(new SimpleMeterRegistry());
    private boolean away;
    private int lossy;

    public VirtualKafka(Timeline time, Random random) {
        this.time = time;
        this.random = random;
    }

    /** No broker answers. */
    public void away(boolean now) {
        away = now;
        if (!now) {
            logs.values().forEach(Log::tell);
        }
    }

    /** Of 100 sends and commits those of which the answer is lost, or, half of them, all. */
    public void lossy(int percent) {
        lossy = percent;
    }

    /** A lane's records. */
    static final class Log {
        private final Deque<ConsumerRecord<String, byte[]>> records = new ArrayDeque<>();
        private long next;
        private long committed;
        private Runnable whenAppended = () -> {};

        private void tell() {
            whenAppended.run();
        }

        long next() {
            return next;
        }

        long committed() {
            return committed;
        }

        void onAppended(Runnable then) {
            whenAppended = then;
        }

        Iterable<ConsumerRecord<String, byte[]>> records() {
            return records;
        }
    }

    Log log(String topic, int lane) {
        return logs.computeIfAbsent(topic + ":" + lane, name -> new Log());
    }

    boolean isAway() {
        return away;
    }

    /** False when it is lost. */
    boolean commit(Log log, long offset) {
        if (away || lost()) {
            return false;
        }
        log.committed = offset;
        while (!log.records.isEmpty() && log.records.peek().offset() < offset) {
            log.records.poll();
        }
        return true;
    }

    private boolean lost() {
        return lossy > 0 && random.nextInt(100) < lossy;
    }

    /** Of one process; answers come on that thread of it. */
    public LaneProducer producer(Life.Track io) {
        Producer<String, byte[]> producer = cast(Proxy.newProxyInstance(
                VirtualKafka.class.getClassLoader(), new Class<?>[] {Producer.class}, (self, method, given) -> {
                    if (method.getName().equals("send") && given.length == 2) {
                        ProducerRecord<String, byte[]> record = cast(given[0]);
                        send(io, record, cast(given[1]));
                        return null;
                    }
                    throw new UnsupportedOperationException(method.getName());
                }));
        return new LaneProducer(producer, NAMES, false, metrics);
    }

    private void send(Life.Track io, ProducerRecord<String, byte[]> record, Callback then) {
        boolean lost = away || lost();
        boolean arrives = !lost || random.nextBoolean();
        if (arrives) {
            // While no broker answers a record may still be on its way, and arrive when one does.
            time.after(way(), () -> append(record));
        }
        if (lost) {
            io.later(SEND_TIMEOUT, () -> then.onCompletion(null, new TimeoutException("not confirmed")));
        } else {
            io.after(way() * 2, () -> then.onCompletion(null, null));
        }
    }

    private void append(ProducerRecord<String, byte[]> record) {
        if (away) {
            time.after(100_000_000L, () -> append(record));
            return;
        }
        Integer lane = record.partition();
        if (lane != null) {
            Log log = log(record.topic(), lane);
            log.records.add(new ConsumerRecord<>(record.topic(), lane, log.next++, record.key(), record.value()));
            log.tell();
        }
    }

    private long way() {
        return 300_000 + random.nextInt(1_500_000);
    }

    /** Reads a lane from where it was committed, while {@code held}. */
    public <T extends Message> VirtualLane<T> read(
            String topic,
            int lane,
            Parser<T> parser,
            LaneHandler<T> handler,
            BooleanSupplier held,
            Life life,
            Life.Track thread) {
        return new VirtualLane<>(this, log(topic, lane), parser, handler, held, life, thread);
    }

    @SuppressWarnings("unchecked")
    private static <T> T cast(@Nullable Object value) {
        return (T) Objects.requireNonNull(value);
    }
}
