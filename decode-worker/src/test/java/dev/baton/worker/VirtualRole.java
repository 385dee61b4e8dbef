package dev.baton.worker;

import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import dev.baton.cluster.lanes.LaneConsumer.LaneRecord;
import dev.baton.cluster.lanes.LaneProducer;
import dev.baton.cluster.lanes.VirtualKafka;
import dev.baton.cluster.lanes.VirtualLane;
import dev.baton.control.Phase;
import dev.baton.engine.Device;
import dev.baton.engine.EngineSettings;
import dev.baton.explorer.Life;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.ClusterNames;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Handoff;
import dev.baton.protocol.v1.PrefillJob;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState.Role;
import dev.baton.transfer.KvExchange;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A role with the real claims, attempts and queue, and sequences that are made up. */
final class VirtualRole<T extends Message> implements WorkerRole<T> {
    private final ActiveAttempts<VirtualSequence> attempts = new ActiveAttempts<>();
    private final VirtualSequence.Parts parts;
    private final Kind<T> kind;
    private @Nullable RecordQueue<T> queue;
    private final Set<AttemptKey> begun = new LinkedHashSet<>();
    private boolean roundPlanned;
    private boolean ticks;

    /** What differs. */
    private record Kind<T extends Message>(
            Role role,
            Phase claims,
            Parser<T> parser,
            Function<T, Generation> generation,
            Function<T, WorkerRef> meantFor,
            Maker<T> maker) {}

    private interface Maker<T> {
        VirtualSequence make(T message, Consumer<AttemptKey> whenEnded);
    }

    private VirtualRole(VirtualSequence.Parts parts, Kind<T> kind) {
        this.parts = parts;
        this.kind = kind;
    }

    static VirtualRole<PrefillJob> prefill(VirtualSequence.Parts parts, LaneProducer handoffs) {
        return new VirtualRole<>(
                parts,
                new Kind<>(
                        Role.PREFILL,
                        Phase.PREFILLING,
                        PrefillJob.parser(),
                        PrefillJob::getGeneration,
                        PrefillJob::getWorker,
                        (job, whenEnded) -> new VirtualPrefill(parts, job, handoffs, whenEnded)));
    }

    static VirtualRole<Handoff> decode(VirtualSequence.Parts parts) {
        return new VirtualRole<>(
                parts,
                new Kind<>(
                        Role.DECODE,
                        Phase.DECODING,
                        Handoff.parser(),
                        Handoff::getGeneration,
                        Handoff::getWorker,
                        (handoff, whenEnded) -> new VirtualDecode(parts, handoff, whenEnded)));
    }

    VirtualLane<T> read(
            VirtualKafka kafka,
            int lane,
            BooleanSupplier held,
            Life life,
            Life.Track thread,
            VirtualEngine engine,
            Claims claims) {
        RecordQueue<T> records = queue;
        if (records == null) {
            Life.Track own = life.thread("records");
            records = new RecordQueue<>(this, claims, engine, parts.frames(), life::now, () -> soon(own));
            queue = records;
            engine.whenRoomChanges(records::roomChanged);
        }
        return kafka.read(topic(new ClusterNames("baton")), lane, kind.parser(), records, held, life, thread);
    }

    private void soon(Life.Track thread) {
        if (!roundPlanned) {
            roundPlanned = true;
            thread.execute(() -> {
                roundPlanned = false;
                round(thread);
            });
        }
    }

    private void round(Life.Track thread) {
        RecordQueue<T> records = queue;
        if (records != null) {
            records.round();
            if (!records.idle() && !ticks) {
                ticks = true;
                thread.later(RecordQueue.TICK, () -> {
                    ticks = false;
                    round(thread);
                });
            }
        }
    }

    RecordQueue.Size waiting() {
        return queue == null ? RecordQueue.Size.NONE : queue.size();
    }

    @Override
    public Role role() {
        return kind.role();
    }

    @Override
    public EngineSettings engine(Device device) {
        throw new UnsupportedOperationException("the engine is made up");
    }

    @Override
    public Parser<T> parser() {
        return kind.parser();
    }

    @Override
    public void start(WorkerContext context, ModelRuntime runtime, KvExchange exchange) {}

    @Override
    public void take(LaneRecord<T> record) {
        T value = record.value();
        Generation generation = generation(value);
        parts.claims()
                .take(
                        record,
                        generation,
                        meantFor(value),
                        kind.claims(),
                        () -> attempts.begin(AttemptKey.of(generation), () -> {
                            begun.add(AttemptKey.of(generation));
                            return kind.maker().make(value, this::ended);
                        }));
    }

    @Override
    public Generation generation(T record) {
        return kind.generation().apply(record);
    }

    @Override
    public WorkerRef meantFor(T record) {
        return kind.meantFor().apply(record);
    }

    @Override
    public void cancel(String requestId, Attempt attempt) {
        attempts.cancel(AttemptKey.of(requestId, attempt));
    }

    @Override
    public boolean cancelled(AttemptKey key) {
        return attempts.cancelled(key);
    }

    private void ended(AttemptKey key) {
        begun.remove(key);
        attempts.remove(key);
    }

    /** For people. */
    String attempts() {
        return begun.toString();
    }

    @Override
    public int activeAttempts() {
        return attempts.count();
    }
}
