package dev.baton.cluster.lanes;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import dev.baton.cluster.lanes.LaneConsumer.LaneRecord;
import dev.baton.explorer.Life;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Reads a lane as {@link LaneConsumer} does, with its low-water mark and its records: out of order completed, committed every
 * 200 ms, never once the lease is over.
 */
public final class VirtualLane<T extends Message> {
    private static final Duration POLL = Duration.ofMillis(100);
    private static final long COMMIT_EVERY = 200_000_000L;
    private static final int OUTSTANDING = 256;

    private final VirtualKafka kafka;
    private final VirtualKafka.Log log;
    private final Parser<T> parser;
    private final LaneHandler<T> handler;
    private final BooleanSupplier held;
    private final Life life;
    private final Life.Track thread;
    private final Queue<LaneRecord<T>> completions = new ArrayDeque<>();
    private final LowWatermark lowWatermark;
    private long next;
    private long committed;
    private long committedAt;
    private boolean ended;
    private long polls;

    VirtualLane(
            VirtualKafka kafka,
            VirtualKafka.Log log,
            Parser<T> parser,
            LaneHandler<T> handler,
            BooleanSupplier held,
            Life life,
            Life.Track thread) {
        this.kafka = kafka;
        this.log = log;
        this.parser = parser;
        this.handler = handler;
        this.held = held;
        this.life = life;
        this.thread = thread;
        this.next = log.committed();
        this.committed = next;
        this.lowWatermark = new LowWatermark(next);
        log.onAppended(() -> thread.after(500_000, this::soon));
        soon();
    }

    public int outstanding() {
        return lowWatermark.outstanding();
    }

    /** Whether all is read, completed and committed. */
    public boolean done() {
        return lowWatermark.outstanding() == 0 && log.committed() == log.next();
    }

    public long polls() {
        return polls;
    }

    /** Once this is not, it never is again. */
    public boolean reading() {
        return !ended && held.getAsBoolean();
    }

    public void close() {
        if (reading()) {
            takeCompletions();
            kafka.commit(log, lowWatermark.offset());
        }
        ended = true;
    }

    private void soon() {
        if (reading()) {
            round();
        }
    }

    private void round() {
        if (!reading()) {
            ended = true;
            return;
        }
        polls++;
        takeCompletions();
        commit();
        if (!kafka.isAway()) {
            read();
        }
        boolean rests = lowWatermark.outstanding() == 0
                && lowWatermark.offset() == committed
                && next == log.next()
                && completions.isEmpty();
        long mine = polls;
        thread.later(rests ? Duration.ofSeconds(1) : POLL, () -> {
            if (mine == polls) {
                round();
            }
        });
    }

    private void takeCompletions() {
        for (LaneRecord<T> record = completions.poll(); record != null; record = completions.poll()) {
            lowWatermark.completed(record.offset(), record.source());
        }
    }

    private void commit() {
        long offset = lowWatermark.offset();
        if (offset == committed || life.now() - committedAt < COMMIT_EVERY) {
            return;
        }
        committedAt = life.now();
        committed = kafka.commit(log, offset) ? offset : -1;
    }

    private void read() {
        List<ConsumerRecord<String, byte[]>> fresh = new ArrayList<>();
        for (ConsumerRecord<String, byte[]> record : log.records()) {
            if (record.offset() >= next && lowWatermark.outstanding() + fresh.size() < OUTSTANDING) {
                fresh.add(record);
            }
        }
        for (ConsumerRecord<String, byte[]> record : fresh) {
            if (!reading()) {
                return;
            }
            lowWatermark.read(record.offset(), record);
            next = record.offset() + 1;
            life.notes()
                    .add(
                            "%s reads a record of %s, %s %d",
                            life.name(), record.key(), record.topic(), record.partition());
            handler.handle(
                    new LaneRecord<>(parsed(record), record, 1, life.clock().instant(), this::end));
        }
    }

    private T parsed(ConsumerRecord<String, byte[]> record) {
        try {
            return parser.parseFrom(record.value());
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("a record that cannot be read", e);
        }
    }

    private void end(LaneRecord<T> record, @Nullable String failure) {
        life.notes().add("%s is done with a record of %s", life.name(), record.key());
        if (failure != null) {
            throw new IllegalStateException("a record that could not be handled: " + failure);
        }
        completions.add(record);
    }
}
