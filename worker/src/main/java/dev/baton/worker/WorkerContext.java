package dev.baton.worker;

import dev.baton.cluster.lanes.LaneProducer;
import dev.baton.engine.Engine;
import dev.baton.engine.EngineCommand;
import dev.baton.protocol.v1.Failure;
import dev.baton.transfer.TransferListener;
import dev.baton.transfer.TransferSettings;
import dev.baton.transfer.pool.SharedPool;
import java.time.Duration;

/** What a duty works with. */
public record WorkerContext(
        WorkerIdentity identity, Compute compute, Reports reports, Transfers transfers, WorkerProperties settings) {
    /** Why a sequence ends whose gateway has given it up. */
    public static final Failure CANCELLED = Failure.newBuilder()
            .setCode(Failure.Code.CANCELLED)
            .setMessage("cancelled by the gateway")
            .build();

    /**
     * The engine, the pool that it computes in, who finds KV elsewhere on this host, and the way for commands that must not
     * get lost.
     */
    public record Compute(Engine engine, SharedPool pool, KvRestorer restorer, CommandBacklog sure) {}

    /** Where word of a request goes: claims to Redis, handoffs to Kafka, tokens to gateways. */
    public record Reports(Claims claims, LaneProducer lanes, StepFrameBatcher frames) {}

    /** How KV moves, and who hears of it. */
    public record Transfers(TransferSettings settings, TransferListener listener, Duration arriveWithin) {}

    /** Hands over a command that must not get lost, whatever waits before the engine. Never blocks. Any thread. */
    public void submitSurely(EngineCommand command) {
        compute.sure().submit(command);
    }
}
