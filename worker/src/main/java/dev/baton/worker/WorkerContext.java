package dev.baton.worker;

import dev.baton.cluster.lanes.LaneProducer;
import dev.baton.config.WorkerSettings;
import dev.baton.engine.Engine;
import dev.baton.engine.EngineCommand;
import dev.baton.transfer.TransferListener;
import dev.baton.transfer.TransferSettings;
import dev.baton.transfer.pool.SharedPool;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a duty works with. */
public record WorkerContext(
        WorkerIdentity identity, Compute compute, Reports reports, Transfers transfers, WorkerSettings settings) {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerContext.class);
    private static final Duration SUBMIT_LIMIT = Duration.ofSeconds(5);

    /** The engine and the pool that it computes in. */
    public record Compute(Engine engine, SharedPool pool) {}

    /** Where word of a request goes: claims to Redis, handoffs to Kafka, tokens to gateways. */
    public record Reports(Claims claims, LaneProducer lanes, Frames frames) {}

    /** How KV moves, and who hears of it. */
    public record Transfers(TransferSettings settings, TransferListener listener, Duration arriveWithin) {}

    /**
     * Hands over a command that must not get lost: waits a little when the engine's queue is full. For session threads,
     * never for the engine's own.
     */
    public void submitSurely(EngineCommand command) {
        long end = System.nanoTime() + SUBMIT_LIMIT.toNanos();
        while (!compute.engine().submit(command)) {
            if (System.nanoTime() > end) {
                LOG.error(
                        "The engine has not taken {} of {} within {}",
                        command.getClass().getSimpleName(),
                        command.key(),
                        SUBMIT_LIMIT);
                return;
            }
            LockSupport.parkNanos(1_000_000);
        }
    }
}
