package dev.baton.prefill;

import com.google.protobuf.Parser;
import dev.baton.cluster.lanes.LaneConsumer.LaneRecord;
import dev.baton.control.Phase;
import dev.baton.engine.Device;
import dev.baton.engine.EngineCommand;
import dev.baton.engine.EngineSettings;
import dev.baton.engine.schedule.Room;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.PrefillJob;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState.Role;
import dev.baton.transfer.KvExchange;
import dev.baton.worker.ActiveAttempts;
import dev.baton.worker.ModelRuntime;
import dev.baton.worker.WorkerContext;
import dev.baton.worker.WorkerRole;

/**
 * Claims each job once there is room for it, computes its prompt and sends the KV to the decode worker. A job whose claim is
 * refused, since it is superseded, expired or cancelled, is declined.
 */
final class PrefillRole implements WorkerRole<PrefillJob> {
    private final ActiveAttempts<PrefillSequence> attempts = new ActiveAttempts<>();

    @SuppressWarnings("NullAway.Init") // set by start
    private WorkerContext context;

    @SuppressWarnings("NullAway.Init") // set by start
    private ModelRuntime runtime;

    @SuppressWarnings("NullAway.Init") // set by start
    private KvExchange exchange;

    @SuppressWarnings("NullAway.Init") // set by start
    private UnaskedKv unasked;

    @Override
    public Role role() {
        return Role.PREFILL;
    }

    @Override
    public EngineSettings engine(Device device) {
        return EngineSettings.prefill(device);
    }

    @Override
    public void start(WorkerContext given, ModelRuntime model, KvExchange sessions) {
        context = given;
        runtime = model;
        exchange = sessions;
        unasked = new UnaskedKv(model.engine().capabilities().layout().blocks());
    }

    @Override
    public boolean mayBegin(PrefillJob job) {
        return unasked.hasRoom(job.getDecode(), blocks(job));
    }

    private int blocks(PrefillJob job) {
        return Room.blocksOf(
                job.getGeneration(), runtime.engine().capabilities().layout().blockTokens());
    }

    @Override
    public Parser<PrefillJob> parser() {
        return PrefillJob.parser();
    }

    @Override
    public void take(LaneRecord<PrefillJob> record) {
        Generation generation = record.value().getGeneration();
        context.claims().take(record, generation, meantFor(record.value()), Phase.PREFILLING, () -> begin(record));
    }

    @Override
    public Generation generation(PrefillJob record) {
        return record.getGeneration();
    }

    @Override
    public WorkerRef meantFor(PrefillJob record) {
        return record.getWorker();
    }

    private void begin(LaneRecord<PrefillJob> record) {
        attempts.begin(AttemptKey.of(record.value().getGeneration()), () -> sequence(record));
    }

    private PrefillSequence sequence(LaneRecord<PrefillJob> record) {
        PrefillJob job = record.value();
        PrefillSequence sequence = new PrefillSequence(context, runtime, exchange, record, attempts::remove);
        unasked.add(job.getDecode(), blocks(job));
        sequence.whenAsked(() -> unasked.remove(job.getDecode(), blocks(job)));
        return sequence;
    }

    @Override
    public void cancel(String requestId, Attempt attempt) {
        AttemptKey key = AttemptKey.of(requestId, attempt);
        attempts.cancel(key);
        runtime.engine().submit(new EngineCommand.LetGo(key.toString()));
    }

    @Override
    public boolean cancelled(AttemptKey key) {
        return attempts.cancelled(key);
    }

    @Override
    public int activeAttempts() {
        return attempts.count();
    }
}
