package dev.baton.worker;

import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import dev.baton.cluster.lanes.LaneConsumer.LaneRecord;
import dev.baton.engine.Device;
import dev.baton.engine.EngineSettings;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.ClusterNames;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState.Role;
import dev.baton.transfer.KvExchange;

/**
 * What makes a worker a prefill or a decode worker: what it does with the records of its lane. Each app has one, as a bean.
 * Called on the threads of the records and of the token stream: must not block.
 *
 * @param <T> the records of its lane
 */
public interface WorkerRole<T extends Message> {
    Role role();

    /** Limits of an engine on that device unless set. */
    EngineSettings engine(Device device);

    /** Of the records of its lane. */
    Parser<T> parser();

    /** Called once, before any record is read. */
    void start(WorkerContext context, ModelRuntime runtime, KvExchange exchange);

    /** Whether a record may be taken now, as far as the role knows; others may go before it meanwhile. */
    default boolean mayBegin(T record) {
        return true;
    }

    /** Takes one record, for which there is room: claims it, and ends it when it need not be delivered again. */
    void take(LaneRecord<T> record);

    /** What a record asks for. */
    Generation generation(T record);

    /** The worker that its sender chose. */
    WorkerRef meantFor(T record);

    /** A gateway gives an attempt up. */
    void cancel(String requestId, Attempt attempt);

    /** Whether an attempt was given up lately. */
    boolean cancelled(AttemptKey key);

    /** Attempts taken and not yet done. */
    int activeAttempts();

    /** Topic whose lanes it reads. */
    default String topic(ClusterNames names) {
        return switch (role()) {
            case PREFILL -> names.prefillTopic();
            case DECODE -> names.handoffTopic();
            case ROLE_UNSPECIFIED, UNRECOGNIZED -> throw new IllegalStateException("a worker without a role");
        };
    }
}
