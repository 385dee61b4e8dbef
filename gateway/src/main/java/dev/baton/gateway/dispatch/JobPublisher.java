package dev.baton.gateway.dispatch;

import dev.baton.cluster.lanes.LaneProducer;
import dev.baton.control.routing.Placement;
import dev.baton.control.routing.Route;
import dev.baton.protocol.v1.ComputeHere;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Handoff;
import dev.baton.protocol.v1.KvHolder;
import dev.baton.protocol.v1.PrefillJob;
import dev.baton.protocol.v1.UsageEvent;
import dev.baton.protocol.v1.WorkerState;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends records to Kafka on a thread of its own: a send blocks while Kafka is away, and a request's loop must not. The
 * queue is bounded: beyond it a send fails at once. Any thread.
 */
final class JobPublisher implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(JobPublisher.class);
    private static final int MOST_WAITING = 8_192;
    private static final Duration END_LIMIT = Duration.ofSeconds(5);

    private final LaneProducer producer;
    private final GatewayRef gateway;
    private final ExecutorService sender;

    /** @param gateway this gateway in this life: tokens come back to it */
    JobPublisher(LaneProducer producer, GatewayRef gateway) {
        this(producer, gateway, ownThread());
    }

    /** @param sender may block, and may refuse; ends with this */
    JobPublisher(LaneProducer producer, GatewayRef gateway, ExecutorService sender) {
        this.producer = producer;
        this.gateway = gateway;
        this.sender = sender;
    }

    private static ExecutorService ownThread() {
        ThreadPoolExecutor sender = new ThreadPoolExecutor(
                1,
                1,
                0,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(MOST_WAITING),
                Thread.ofPlatform().name("work-sender").daemon(true).factory());
        sender.prestartAllCoreThreads();
        return sender;
    }

    private Generation.Builder mine(Generation.Builder generation) {
        return generation.setGateway(gateway.getId()).setOwner(gateway);
    }

    /** To the route's prefill lane; the assignment says from whom the worker may fetch blocks. */
    CompletionStage<Void> prefill(Placement.Assignment assignment, Generation.Builder generation) {
        Route route = assignment.route();
        PrefillJob job = PrefillJob.newBuilder()
                .setGeneration(mine(generation))
                .setDecodeLane(route.decode().lane())
                .setDecodeWorker(route.decode().worker().getId())
                .setWorker(route.first().worker())
                .setDecode(route.decode().worker())
                .addAllHolders(holders(assignment))
                .build();
        return send(() -> producer.send(route.first().lane(), job));
    }

    /**
     * To the route's decode lane: no prefill worker takes part.
     *
     * @param assignment says above how many tokens the worker declines, and from whom it may fetch blocks
     */
    CompletionStage<Void> computeHere(Placement.Assignment assignment, Generation.Builder generation) {
        Handoff handoff = Handoff.newBuilder()
                .setGeneration(mine(generation))
                .setWorker(assignment.route().decode().worker())
                .setCompute(ComputeHere.newBuilder()
                        .setMostTokens(assignment.mostComputed())
                        .addAllHolders(holders(assignment)))
                .build();
        return send(() -> producer.send(assignment.route().decode().lane(), handoff));
    }

    /** Keeps a request that is not tried again where it can be looked at, and tried later. */
    void deadLetter(Generation.Builder generation, String why) {
        Handoff letter = Handoff.newBuilder()
                .setGeneration(mine(generation))
                .setCompute(ComputeHere.getDefaultInstance())
                .build();
        send(() -> producer.sendDead(letter, why)).whenComplete((sent, failure) -> {
            if (failure != null) {
                LOG.error(
                        "the dead letter of request {} is lost: {}",
                        letter.getGeneration().getRequestId(),
                        why,
                        failure);
            }
        });
    }

    private static List<KvHolder> holders(Placement.Assignment assignment) {
        WorkerState holder = assignment.holder();
        return holder == null
                ? List.of()
                : List.of(KvHolder.newBuilder()
                        .setWorker(holder.getWorker())
                        .setHost(holder.getHost())
                        .setPort(holder.getKvPort())
                        .build());
    }

    CompletionStage<Void> usage(UsageEvent event) {
        return send(() -> producer.send(event));
    }

    private CompletionStage<Void> send(Supplier<CompletionStage<Void>> record) {
        try {
            return CompletableFuture.supplyAsync(record, sender).thenCompose(sent -> sent);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.failedFuture(
                    new IllegalStateException("more than " + MOST_WAITING + " records wait for Kafka", e));
        }
    }

    /** Sends what is queued, then ends. */
    @Override
    public void close() {
        sender.shutdown();
        try {
            if (!sender.awaitTermination(END_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                sender.shutdownNow();
            }
        } catch (InterruptedException e) {
            sender.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }
}
