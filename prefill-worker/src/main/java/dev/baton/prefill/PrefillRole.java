package dev.baton.prefill;

import com.google.protobuf.Parser;
import dev.baton.cluster.lanes.LaneConsumer.LaneRecord;
import dev.baton.control.Phase;
import dev.baton.engine.Device;
import dev.baton.engine.EngineCommand;
import dev.baton.engine.EngineSettings;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.PrefillJob;
import dev.baton.protocol.v1.WorkerState.Role;
import dev.baton.transfer.KvExchange;
import dev.baton.worker.ActiveAttempts;
import dev.baton.worker.ModelRuntime;
import dev.baton.worker.WorkerContext;
import dev.baton.worker.WorkerRole;

/**
 * Claims each job before any compute, computes its prompt and sends the KV to the decode worker. A job whose claim is
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
    }

    @Override
    public Parser<PrefillJob> parser() {
        return PrefillJob.parser();
    }

    @Override
    public void take(LaneRecord<PrefillJob> record) {
        Generation generation = record.value().getGeneration();
        context.claims().take(record, generation, record.value().getWorker(), Phase.PREFILLING, () -> begin(record));
    }

    @Override
    public Generation generation(PrefillJob record) {
        return record.getGeneration();
    }

    private void begin(LaneRecord<PrefillJob> record) {
        attempts.begin(
                AttemptKey.of(record.value().getGeneration()),
                () -> new PrefillSequence(context, runtime, exchange, record, attempts::remove));
    }

    @Override
    public void cancel(String requestId, Attempt attempt) {
        AttemptKey key = AttemptKey.of(requestId, attempt);
        attempts.cancel(key);
        runtime.engine().submit(new EngineCommand.LetGo(key.toString()));
    }

    @Override
    public int activeAttempts() {
        return attempts.count();
    }
}
