package dev.baton.worker;

import dev.baton.cluster.lanes.LaneProducer;
import dev.baton.protocol.v1.Failure;

/**
 * The parts of a worker that its role uses, beside the model.
 *
 * @param claims of requests, in Redis
 * @param handoffs to decode lanes, through Kafka
 * @param frames of tokens, to gateways
 * @param transfers of KV, to and from other workers
 * @param structures that answers must have
 */
public record WorkerContext(
        WorkerIdentity identity,
        WorkerProperties properties,
        Claims claims,
        LaneProducer handoffs,
        StepFrameBatcher frames,
        KvTransfers transfers,
        AnswerStructures structures) {
    /** The failure of a sequence that its gateway has given up. */
    public static final Failure CANCELLED = Failure.newBuilder()
            .setCode(Failure.Code.CANCELLED)
            .setMessage("cancelled by the gateway")
            .build();
}
