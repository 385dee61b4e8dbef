package dev.baton.prefill;

import dev.baton.cluster.lanes.LaneConsumer.LaneRecord;
import dev.baton.control.Phase;
import dev.baton.engine.EngineCommand;
import dev.baton.engine.SequenceListener;
import dev.baton.engine.schedule.Goal;
import dev.baton.grammar.GrammarException;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.KnownTokens;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Handoff;
import dev.baton.protocol.v1.PrefillJob;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.TicketOffer;
import dev.baton.protocol.v1.Timing;
import dev.baton.protocol.v1.TokenLogprob;
import dev.baton.transfer.KvExchange;
import dev.baton.transfer.OutgoingTransfer;
import dev.baton.transfer.SendOutcome;
import dev.baton.worker.ActiveAttempts;
import dev.baton.worker.ModelRuntime;
import dev.baton.worker.PeerFetch;
import dev.baton.worker.PhaseSpans;
import dev.baton.worker.Restored;
import dev.baton.worker.StepFrameBatcher;
import dev.baton.worker.StepFrameBatcher.ProgressMessages;
import dev.baton.worker.WorkerContext;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One prompt from its claim until its KV is where it goes. The engine's thread reports progress; the handoff goes out
 * before the last chunk, so that the decode worker reserves blocks while it computes. Its blocks are held until the
 * transfer is over.
 */
final class PrefillSequence implements SequenceListener, ActiveAttempts.Task {
    private static final Logger LOG = LoggerFactory.getLogger(PrefillSequence.class);

    private final WorkerContext context;
    private final ModelRuntime runtime;
    private final KvExchange exchange;
    private final PrefillJob job;
    private final OutgoingTransfer.Prompt outbound;
    private final Consumer<AttemptKey> whenEnded;
    private final ProgressMessages progress;
    private final AttemptKey key;
    private final PhaseSpans spans;
    private final Timing.Builder timing = Timing.newBuilder();
    private int cachedTokens;

    /** While it is not done, something may write into the reserved blocks. Guarded by this, as is the one after it. */
    private CompletableFuture<?> fetching = CompletableFuture.completedFuture(null);

    private boolean ended;
    private volatile @Nullable Restored fetched;
    /** Tokens that it made: its first, or none. */
    private int made;

    PrefillSequence(
            WorkerContext context,
            ModelRuntime runtime,
            KvExchange exchange,
            LaneRecord<PrefillJob> record,
            Consumer<AttemptKey> whenEnded) {
        this.context = context;
        this.runtime = runtime;
        this.job = record.value();
        this.whenEnded = whenEnded;
        this.exchange = exchange;
        Generation generation = job.getGeneration();
        this.progress = new ProgressMessages(generation);
        this.key = AttemptKey.of(generation);
        this.spans = context.spans(generation, record.readAt());
        this.outbound = exchange.offer(key, tokens());
        timing.setJobSeenUs(StepFrameBatcher.micros(record.readAt())).setClaimedUs(frames().micros());
    }

    private int tokens() {
        return KnownTokens.count(job.getGeneration());
    }

    /** Calls once when the decode worker has asked for the KV, or never will. */
    void whenAsked(Runnable then) {
        outbound.asked().thenRun(then);
    }

    /** Tells the gateway and hands the sequence to the engine. */
    @Override
    public void begin() {
        outbound.asked().thenAccept(spans::sends);
        outbound.completion().thenAccept(this::sent);
        frames().sendNow(progress.gateway(), progress.claimed(timing.build()));
        // Rows that come from elsewhere have no logits.
        boolean scores = job.getGeneration().getSampling().hasPromptLogprobs();
        Goal goal = job.getHoldersCount() > 0 && !scores ? Goal.PREFILL_REST : Goal.PREFILL;
        try {
            EngineCommand admit = new EngineCommand.Admit(
                    context.claims().here(job.getGeneration()),
                    goal,
                    this,
                    context.structures().of(job.getGeneration()));
            if (!runtime.engine().submit(admit)) {
                decline(Failure.Code.NO_CAPACITY, context.identity().id() + " takes no more work");
            }
        } catch (GrammarException e) {
            decline(Failure.Code.BAD_REQUEST, String.valueOf(e.getMessage()));
        } catch (IOException e) {
            LOG.warn("No answer can have a structure here", e);
            decline(Failure.Code.ENGINE_FAILED, "the model's tokenizer cannot be read: " + e.getMessage());
        }
    }

    private void decline(Failure.Code code, String why) {
        Failure failure = Failure.newBuilder().setCode(code).setMessage(why).build();
        spans.failed(failure);
        frames().sendNow(progress.gateway(), progress.failed(progress.base(), failure));
        outbound.failed(failure);
    }

    /** The gateway gave it up. */
    @Override
    public void cancel() {
        runtime.engine().submit(new EngineCommand.Cancel(key, WorkerContext.CANCELLED));
        outbound.close();
    }

    /** Another worker is thought to hold more of the prompt, as the one that made a chat's last answer does. */
    @Override
    public synchronized void reserved(int[] blocks, int cached) {
        if (ended) {
            return;
        }
        PeerFetch peers = new PeerFetch(
                exchange, job.getHoldersList(), context.transfers().fetchWithin(), spans.looksForKv());
        fetching = CompletableFuture.supplyAsync(
                        () -> runtime.restorer().fetch(job.getGeneration(), peers, blocks, cached),
                        Thread::startVirtualThread)
                .handle((found, error) -> {
                    if (error != null) {
                        LOG.warn("KV of {} cannot be fetched; it is computed", key.requestId(), error);
                    }
                    fetched = found;
                    spans.restored(found);
                    int inPlace = found == null ? cached : found.found();
                    return runtime.engine()
                            .submit(new EngineCommand.KvArrived(key, inPlace, EngineCommand.KvArrived.NO_TOKEN));
                });
    }

    @Override
    public void waits(int ahead) {
        frames().add(
                        progress.gateway(),
                        progress.queued(ahead, runtime.engine().load().turns()));
    }

    @Override
    public void computed(int tokens) {
        frames().add(progress.gateway(), progress.computed(tokens));
    }

    @Override
    public void prefillStarted(int[] blocks, int cached) {
        cachedTokens = cached;
        spans.prefill(tokens(), cached);
        timing.setComputeStartedUs(frames().micros());
        // Before the step, not after it: should this worker die of the prompt, the gateway knows of which.
        frames().sendNow(progress.gateway(), progress.started(timing.build(), fetched, cached));
        outbound.blocks(blocks, cached);
    }

    @Override
    public void lastChunkStarted() {
        if (job.getGeneration().getStopping().getMaxTokens() <= progress.base() + 1) {
            return; // its first token is its last: there is nothing to decode
        }
        Generation generation = job.getGeneration();
        timing.setHandoffSentUs(frames().micros());
        context.claims().claim(generation, Phase.HANDED_OFF, holds -> {
            if (holds) {
                publish();
            } else {
                giveUp(Failure.Code.SUPERSEDED, "the handoff could not be claimed");
            }
        });
    }

    private void publish() {
        Handoff handoff = Handoff.newBuilder()
                .setGeneration(job.getGeneration())
                .setWorker(job.getDecode())
                .setTicket(TicketOffer.newBuilder()
                        .setSource(context.identity().ref())
                        .setHost(context.properties().advertisedHost())
                        .setPort(context.properties().kvPortToTell(exchange.port()))
                        .setTokens(tokens())
                        .setCachedTokens(cachedTokens))
                .build();
        context.handoffs().send(job.getDecodeLane(), handoff).whenComplete((sent, error) -> {
            if (error != null) {
                giveUp(Failure.Code.TRANSFER_FAILED, "the handoff did not reach Kafka: " + error.getMessage());
            }
        });
    }

    private void giveUp(Failure.Code code, String why) {
        Failure failure = Failure.newBuilder().setCode(code).setMessage(why).build();
        // In this order: the transfer's end releases the sequence, and then nobody would tell the gateway.
        runtime.engine().submit(new EngineCommand.Cancel(key, failure));
        outbound.failed(failure);
    }

    @Override
    public void layerComputed(int layer, int fromToken, int toToken) {
        outbound.layerComputed(layer, fromToken, toToken);
    }

    @Override
    public void token(int index, int token, @Nullable TokenLogprob logprob) {
        long now = frames().micros();
        spans.over();
        timing.setFirstTokenUs(now);
        Progress.Builder first =
                progress.token(index, token, logprob).setTiming(timing).setCachedTokens(cachedTokens);
        frames().add(progress.gateway(), first.build());
        made = 1;
        outbound.completed(token, now);
    }

    @Override
    public void finished(Finish.Reason reason) {
        // The accepted tokens may be the whole answer.
        frames().add(progress.gateway(), progress.finished(progress.base() + made, reason));
        outbound.close();
    }

    @Override
    public void failed(Failure failure) {
        spans.failed(failure);
        frames().add(progress.gateway(), progress.failed(progress.base(), failure));
        outbound.failed(failure);
    }

    /** On a session thread, or on the thread that ended the transfer: the blocks may become cache. */
    private void sent(SendOutcome outcome) {
        whenEnded.accept(key);
        spans.sent(outcome);
        frames().handedOver(key);
        writersStopped().thenRun(() -> runtime.engine().submit(new EngineCommand.Release(key)));
        switch (outcome) {
            case SendOutcome.Acknowledged sent ->
                LOG.debug("KV of {} sent: {} bytes in {}", key.requestId(), sent.bytes(), sent.duration());
            case SendOutcome.Failed(Failure failure) ->
                LOG.debug("KV of {} not sent: {}", key.requestId(), failure.getMessage());
        }
    }

    private synchronized CompletableFuture<?> writersStopped() {
        ended = true;
        return fetching;
    }

    private StepFrameBatcher frames() {
        return context.frames();
    }
}
