package dev.baton.decode;

import dev.baton.cluster.lanes.LaneConsumer.LaneRecord;
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
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.TicketOffer;
import dev.baton.protocol.v1.Timing;
import dev.baton.protocol.v1.TokenLogprob;
import dev.baton.transfer.IncomingTransfer;
import dev.baton.transfer.KvExchange;
import dev.baton.transfer.PeerAddress;
import dev.baton.transfer.ReceiveOutcome;
import dev.baton.transfer.TicketRequest;
import dev.baton.worker.ActiveAttempts;
import dev.baton.worker.ModelRuntime;
import dev.baton.worker.PeerFetch;
import dev.baton.worker.PhaseSpans;
import dev.baton.worker.Restored;
import dev.baton.worker.StepFrameBatcher;
import dev.baton.worker.StepFrameBatcher.ProgressMessages;
import dev.baton.worker.WorkerContext;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request on the decode worker, from its claim to its last token. With a ticket its KV is fetched into reserved
 * blocks first; without one the engine computes it here. Reserved blocks go back only when nothing writes into them.
 */
final class DecodeSequence implements SequenceListener, ActiveAttempts.Task {
    private static final Logger LOG = LoggerFactory.getLogger(DecodeSequence.class);

    private final WorkerContext context;
    private final ModelRuntime runtime;
    private final KvExchange exchange;
    private final Handoff handoff;
    private final Consumer<AttemptKey> whenEnded;
    private final ProgressMessages progress;
    private final AttemptKey key;
    private final PhaseSpans spans;
    private final Timing.Builder timing = Timing.newBuilder();
    private int next;
    private int cachedTokens;
    private boolean timingTold;
    private @Nullable IncomingTransfer inbound;
    private @Nullable CompletableFuture<Restored> restoring;
    private volatile @Nullable Restored restored;

    DecodeSequence(
            WorkerContext context,
            ModelRuntime runtime,
            KvExchange exchange,
            LaneRecord<Handoff> record,
            Consumer<AttemptKey> whenEnded) {
        this.context = context;
        this.runtime = runtime;
        this.exchange = exchange;
        this.handoff = record.value();
        this.whenEnded = whenEnded;
        this.progress = new ProgressMessages(handoff.getGeneration());
        this.key = AttemptKey.of(handoff.getGeneration());
        this.spans = context.spans(handoff.getGeneration(), record.readAt());
        this.next = progress.base();
        timing.setJobSeenUs(StepFrameBatcher.micros(record.readAt())).setClaimedUs(frames().micros());
    }

    /** Tells the gateway and hands the sequence to the engine; a handoff that cannot be taken is declined. */
    @Override
    public void begin() {
        frames().sendNow(progress.gateway(), progress.claimed(timing.build()));
        switch (handoff.getKvCase()) {
            case TICKET -> admit(Goal.DECODE);
            case COMPUTE -> admit(looksForKv() ? Goal.DECODE : Goal.PREFILL_AND_DECODE);
            case OPAQUE, KV_NOT_SET ->
                decline(Failure.Code.BAD_REQUEST, "a handoff without a ticket that this worker knows");
        }
    }

    /** Rows of a prompt that is to be scored must be computed here: such as come from elsewhere have no logits. */
    private boolean looksForKv() {
        boolean scores = handoff.getGeneration().getSampling().hasPromptLogprobs();
        return begunElsewhere() || (handoff.getCompute().getHoldersCount() > 0 && !scores);
    }

    /** A worker that is gone has made tokens: their KV may still lie on this host. */
    private boolean begunElsewhere() {
        return handoff.getGeneration().getAcceptedCount() > 0;
    }

    /** The gateway gave it up. */
    @Override
    public void cancel() {
        runtime.engine().submit(new EngineCommand.Cancel(key, WorkerContext.CANCELLED));
    }

    private void admit(Goal goal) {
        Generation generation = handoff.getGeneration();
        try {
            EngineCommand admit = new EngineCommand.Admit(
                    context.claims().here(generation),
                    goal,
                    this,
                    context.structures().of(generation));
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
        whenEnded.accept(key);
        Failure failure = Failure.newBuilder().setCode(code).setMessage(why).build();
        spans.failed(failure);
        frames().sendNow(progress.gateway(), progress.failed(next, failure));
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
        spans.prefill(KnownTokens.count(handoff.getGeneration()), cached);
        synchronized (timing) {
            timing.setComputeStartedUs(frames().micros());
            // Before the step, not after it: should this worker die of the prompt, the gateway knows of which.
            frames().sendNow(progress.gateway(), progress.started(timing.build(), restored, cached));
        }
    }

    @Override
    public void reserved(int[] blocks, int cached) {
        if (handoff.hasTicket()) {
            spans.over();
            fetch(blocks, cached);
        } else {
            restore(blocks, cached);
        }
    }

    private void restore(int[] blocks, int cached) {
        PeerFetch peers = new PeerFetch(
                exchange,
                handoff.getCompute().getHoldersList(),
                context.transfers().fetchWithin(),
                spans.looksForKv());
        CompletableFuture<Restored> asked = CompletableFuture.supplyAsync(
                () -> begunElsewhere()
                        ? runtime.restorer().restore(handoff.getGeneration(), peers, blocks, cached)
                        : runtime.restorer().fetch(handoff.getGeneration(), peers, blocks, cached),
                Thread::startVirtualThread);
        restoring = asked;
        asked.whenComplete((brought, error) -> {
            if (error != null) {
                LOG.warn("KV of {} cannot be looked for; it is computed", key.requestId(), error);
            }
            restored = brought;
            spans.restored(brought);
            goOn(brought == null ? cached : brought.found());
        });
    }

    private void goOn(int found) {
        int tokens = KnownTokens.count(handoff.getGeneration());
        int most = handoff.getCompute().getMostTokens();
        if (most > 0 && tokens - found > most) {
            // What is there becomes cache: the worker that computes the rest may send it here.
            runtime.engine().submit(new EngineCommand.KvArrived(key, found, EngineCommand.KvArrived.NO_TOKEN));
            runtime.engine()
                    .submit(new EngineCommand.Cancel(
                            key,
                            Failure.newBuilder()
                                    .setCode(Failure.Code.KV_NOT_FOUND)
                                    .setMessage("%d of %d tokens' KV was found here".formatted(found, tokens))
                                    .build()));
        } else {
            runtime.engine().submit(new EngineCommand.KvArrived(key, found, EngineCommand.KvArrived.NO_TOKEN));
        }
    }

    private void fetch(int[] blocks, int cached) {
        TicketOffer offer = handoff.getTicket();
        int shared = cached / runtime.pool().identity().layout().blockTokens();
        IncomingTransfer asked = exchange.fetch(new TicketRequest(
                key,
                offer.getTokens(),
                Arrays.copyOfRange(blocks, shared, blocks.length),
                new PeerAddress(offer.getSource(), offer.getHost(), offer.getPort()),
                context.transfers().arriveWithin(),
                spans.asksForKv(offer.getSource().getId())));
        inbound = asked;
        asked.completion().thenAcceptAsync(this::arrived, Thread::startVirtualThread);
    }

    private void arrived(ReceiveOutcome outcome) {
        spans.received(outcome);
        switch (outcome) {
            case ReceiveOutcome.Arrived whole -> {
                long exposed = Math.max(0, frames().micros() - whole.computeEndedMicros());
                synchronized (timing) {
                    timing.setTransferUs(whole.duration().toNanos() / 1_000)
                            .setExposedTransferUs(exposed)
                            .setTransferBytes(whole.bytes());
                }
                runtime.engine()
                        .submit(new EngineCommand.KvArrived(
                                key, handoff.getTicket().getTokens(), whole.firstToken()));
            }
            case ReceiveOutcome.Found other -> throw new IllegalStateException("a ticket was answered as a fetch");
            case ReceiveOutcome.Failed(Failure failure) ->
                runtime.engine().submit(new EngineCommand.Cancel(key, failure));
        }
    }

    @Override
    public void decodeStarted() {
        // The prefill worker's token is the one before ours.
        next = progress.base() + 1;
        spans.decode();
        synchronized (timing) {
            timing.setDecodeStartedUs(frames().micros());
            timingTold = true;
            frames().add(progress.gateway(), progress.claimed(timing.build()));
        }
    }

    @Override
    public void token(int index, int token, @Nullable TokenLogprob logprob) {
        Progress.Builder made = progress.token(index, token, logprob);
        if (!timingTold) {
            timingTold = true;
            spans.decode();
            made.setTiming(timing.setFirstTokenUs(frames().micros())).setCachedTokens(cachedTokens);
        }
        next = index + 1;
        frames().add(progress.gateway(), made.build());
    }

    @Override
    public void finished(Finish.Reason reason) {
        whenEnded.accept(key);
        spans.finished(next - progress.base());
        // The prefill worker's token comes before all of ours. Without one the accepted tokens may be the whole answer.
        int made = handoff.hasTicket() ? Math.max(next, progress.base() + 1) : next;
        frames().add(progress.gateway(), progress.finished(made, reason));
    }

    @Override
    public void failed(Failure failure) {
        spans.failed(failure);
        whenEnded.accept(key);
        frames().add(progress.gateway(), progress.failed(next, failure));
        writersStopped()
                .thenRunAsync(
                        () -> runtime.engine().submit(new EngineCommand.Release(key)), Thread::startVirtualThread);
    }

    /** Done at once when none was begun: a handoff of which no ticket can be made has blocks all the same. */
    private CompletableFuture<?> writersStopped() {
        IncomingTransfer asked = inbound;
        if (asked != null) {
            asked.cancel();
            return asked.quiescent().toCompletableFuture();
        }
        CompletableFuture<Restored> copying = restoring;
        return copying == null
                ? CompletableFuture.completedFuture(null)
                : copying.handle((restored, error) -> restored);
    }

    private StepFrameBatcher frames() {
        return context.frames();
    }
}
