package dev.baton.worker;

import dev.baton.cluster.lanes.LaneProducer;
import dev.baton.cluster.tracing.Tracing;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Generation;
import java.time.Instant;

/**
 * The parts of a worker that its role uses, beside the model.
 *
 * @param claims of requests, in Redis
 * @param handoffs to decode lanes, through Kafka
 * @param frames of tokens, to gateways
 * @param transfers of KV, to and from other workers
 * @param structures that answers must have
 * @param tracing of what is done for requests
 */
public record WorkerContext(
        WorkerIdentity identity,
        WorkerProperties properties,
        Claims claims,
        LaneProducer handoffs,
        StepFrameBatcher frames,
        KvTransfers transfers,
        AnswerStructures structures,
        Tracing tracing) {
    /** The failure of a sequence that its gateway has given up. */
    public static final Failure CANCELLED = Failure.newBuilder()
            .setCode(Failure.Code.CANCELLED)
            .setMessage("cancelled by the gateway")
            .build();

    /** For one attempt, of which the record was read at that time. */
    public PhaseSpans spans(Generation generation, Instant readAt) {
        PhaseSpans spans = new PhaseSpans(tracing, generation, identity.id(), frames::now);
        spans.queued(readAt);
        return spans;
    }
}
