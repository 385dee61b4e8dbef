package dev.baton.decode;

import com.google.protobuf.Parser;
import dev.baton.cluster.lanes.LaneConsumer.LaneRecord;
import dev.baton.control.Phase;
import dev.baton.engine.Device;
import dev.baton.engine.EngineSettings;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Handoff;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState.Role;
import dev.baton.transfer.KvExchange;
import dev.baton.worker.ActiveAttempts;
import dev.baton.worker.ModelRuntime;
import dev.baton.worker.WorkerContext;
import dev.baton.worker.WorkerRole;

/** Claims each handoff once there is room for it, fetches its KV and generates; one that it cannot take it declines. */
class DecodeRole implements WorkerRole<Handoff> {
    private final ActiveAttempts<DecodeSequence> attempts = new ActiveAttempts<>();

    @SuppressWarnings("NullAway.Init") // set by start
    private WorkerContext context;

    @SuppressWarnings("NullAway.Init") // set by start
    private ModelRuntime runtime;

    @SuppressWarnings("NullAway.Init") // set by start
    private KvExchange exchange;

    @Override
    public Role role() {
        return Role.DECODE;
    }

    @Override
    public EngineSettings engine(Device device) {
        return EngineSettings.decode();
    }

    @Override
    public void start(WorkerContext given, ModelRuntime model, KvExchange sessions) {
        context = given;
        runtime = model;
        exchange = sessions;
    }

    @Override
    public Parser<Handoff> parser() {
        return Handoff.parser();
    }

    @Override
    public void take(LaneRecord<Handoff> record) {
        Generation generation = record.value().getGeneration();
        context.claims().take(record, generation, meantFor(record.value()), Phase.DECODING, () -> begin(record));
    }

    @Override
    public Generation generation(Handoff record) {
        return record.getGeneration();
    }

    @Override
    public WorkerRef meantFor(Handoff record) {
        return record.getWorker();
    }

    private void begin(LaneRecord<Handoff> record) {
        attempts.begin(
                AttemptKey.of(record.value().getGeneration()),
                () -> new DecodeSequence(context, runtime, exchange, record, attempts::remove));
    }

    @Override
    public void cancel(String requestId, Attempt attempt) {
        attempts.cancel(AttemptKey.of(requestId, attempt));
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
