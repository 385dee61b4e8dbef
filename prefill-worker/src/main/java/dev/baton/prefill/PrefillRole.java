package dev.baton.prefill;

import com.google.protobuf.Parser;
import dev.baton.cluster.lanes.LaneRecord;
import dev.baton.control.Phase;
import dev.baton.engine.Device;
import dev.baton.engine.EngineSettings;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.PrefillJob;
import dev.baton.protocol.v1.WorkerState.Role;
import dev.baton.transfer.KvSender;
import dev.baton.worker.ActiveAttempts;
import dev.baton.worker.ModelRuntime;
import dev.baton.worker.WorkerContext;
import dev.baton.worker.WorkerRole;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Claims each job before any compute, computes its prompt and sends the KV to the decode worker. A job whose claim is
 * refused, since it is superseded, expired or cancelled, is declined.
 */
final class PrefillRole implements WorkerRole<PrefillJob> {
    private static final Logger LOG = LoggerFactory.getLogger(PrefillRole.class);

    private final ActiveAttempts<PrefillSequence> attempts = new ActiveAttempts<>();

    @SuppressWarnings("NullAway.Init") // set by start
    private WorkerContext context;

    @SuppressWarnings("NullAway.Init") // set by start
    private ModelRuntime runtime;

    private @Nullable KvSender sender;

    @Override
    public Role role() {
        return Role.PREFILL;
    }

    @Override
    public EngineSettings engine(Device device) {
        return EngineSettings.prefill(device);
    }

    @Override
    public void start(WorkerContext given, ModelRuntime model) throws IOException {
        context = given;
        runtime = model;
        sender = given.transfers()
                .sender(
                        model.pool(),
                        new InetSocketAddress(
                                given.properties().listenAddress(),
                                given.properties().kvPort()));
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
        KvSender open = Objects.requireNonNull(sender);
        attempts.begin(
                AttemptKey.of(record.value().getGeneration()),
                () -> new PrefillSequence(context, runtime, open, record, attempts::remove));
    }

    @Override
    public void cancel(String requestId, Attempt attempt) {
        attempts.cancel(AttemptKey.of(requestId, attempt));
    }

    @Override
    public int activeAttempts() {
        return attempts.count();
    }

    @Override
    public int kvPort() {
        KvSender open = sender;
        return open == null ? 0 : open.port();
    }

    @Override
    public void close() {
        KvSender open = sender;
        if (open == null) {
            return;
        }
        try {
            open.close();
        } catch (IOException e) {
            LOG.warn("KV sessions did not close: {}", e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
