package dev.baton.worker;

import dev.baton.cluster.lanes.LaneConsumer.LaneRecord;
import dev.baton.cluster.requests.RequestStates;
import dev.baton.cluster.streams.TokenStreamServer;
import dev.baton.control.CasOutcome;
import dev.baton.control.Phase;
import dev.baton.control.RecordPolicy;
import dev.baton.protocol.v1.Decline;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.TokenFrame;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.worker.StepFrameBatcher.ProgressMessages;
import java.time.Duration;
import java.time.InstantSource;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Claims requests in Redis before anything is computed, and answers each record that is read: the attempt's owner learns
 * that it is claimed, or that it is declined and why. {@link RecordPolicy} decides, this class acts.
 */
public final class Claims {
    private static final Logger LOG = LoggerFactory.getLogger(Claims.class);
    private final RequestStates requests;
    private final WorkerIdentity self;
    private final RecordPolicy policy;
    private final TokenStreamServer streams;
    private final Duration attachWithin;
    private final InstantSource clock;
    private final Later later;
    private volatile boolean draining;

    /** @param attachWithin a live gateway that has lost its stream has a new one by then */
    Claims(
            RequestStates requests,
            WorkerIdentity self,
            TokenStreamServer streams,
            Duration attachWithin,
            InstantSource clock) {
        this(requests, self, streams, attachWithin, clock, new OwnThreads());
    }

    Claims(
            RequestStates requests,
            WorkerIdentity self,
            TokenStreamServer streams,
            Duration attachWithin,
            InstantSource clock,
            Later later) {
        this.later = later;
        this.requests = requests;
        this.self = self;
        this.policy = new RecordPolicy(self.ref());
        this.streams = streams;
        this.attachWithin = attachWithin;
        this.clock = clock;
    }

    /** From now on every record is declined: this worker is about to end. */
    void drain() {
        draining = true;
    }

    /** Declines a record that is not to be claimed whenever there is room; false for one that may be. */
    boolean refuse(LaneRecord<?> record, Generation generation, WorkerRef meantFor) {
        RecordPolicy.Step step = policy.read(here(generation), meantFor, draining, true, clock.instant());
        if (step instanceof RecordPolicy.Refuse refusal) {
            decline(record, generation, refusal);
            return true;
        }
        return false;
    }

    /**
     * Claims what a record asks for; {@code then} runs on a virtual thread when the claim holds, before the record is done.
     *
     * @param meantFor the worker that its sender chose
     */
    public void take(LaneRecord<?> record, Generation generation, WorkerRef meantFor, Phase phase, Runnable then) {
        boolean attached = streams.attached(generation.getOwner());
        perform(
                policy.read(here(generation), meantFor, draining, attached, clock.instant()),
                new Work(
                        generation,
                        phase,
                        () -> begin(record, generation, then),
                        refusal -> decline(record, generation, refusal)));
    }

    /** Claims a phase; {@code then} hears on a virtual thread whether the claim holds. */
    public void claim(Generation generation, Phase phase, Answer then) {
        perform(
                RecordPolicy.firstClaim(),
                new Work(generation, phase, () -> then.heard(true), refusal -> then.heard(false)));
    }

    /** What is claimed, and what follows. */
    private record Work(Generation generation, Phase phase, Runnable begin, Consumer<RecordPolicy.Refuse> refused) {}

    private void perform(RecordPolicy.Step step, Work work) {
        switch (step) {
            case RecordPolicy.AwaitStream() ->
                streams.whenAttached(
                        work.generation().getOwner(),
                        attachWithin,
                        attached -> perform(
                                attached
                                        ? policy.attached(here(work.generation()), clock.instant())
                                        : policy.notAttached(work.generation(), attachWithin),
                                work));
            case RecordPolicy.Claim claim when claim.pause().isZero() -> ask(claim, work);
            case RecordPolicy.Claim claim -> later.after(claim.pause(), () -> ask(claim, work));
            case RecordPolicy.Begin() -> work.begin().run();
            case RecordPolicy.Refuse refusal -> work.refused().accept(refusal);
        }
    }

    private void ask(RecordPolicy.Claim claim, Work work) {
        Generation generation = work.generation();
        requested(generation, work.phase())
                .whenCompleteAsync(
                        (outcome, error) -> {
                            if (error != null) {
                                LOG.warn(
                                        "Redis did not answer the claim of {} for {}: {}",
                                        generation.getRequestId(),
                                        work.phase(),
                                        String.valueOf(error));
                            }
                            perform(
                                    policy.claimed(here(generation), work.phase(), outcome, claim, clock.instant()),
                                    work);
                        },
                        later);
    }

    /** A record that could not be handled will not be delivered again. */
    public void dead(Generation generation, String why) {
        sendDecline(generation, Decline.Reason.DEAD_LETTER, why);
    }

    /** What has been claimed is answered for: when it cannot begin, it has failed. */
    private void begin(LaneRecord<?> record, Generation generation, Runnable then) {
        try {
            then.run();
        } catch (RuntimeException | Error e) {
            LOG.error("Request {} was claimed and could not begin", generation.getRequestId(), e);
            Failure failure = Failure.newBuilder()
                    .setCode(Failure.Code.ENGINE_FAILED)
                    .setMessage(self.id() + " could not begin it: " + e)
                    .build();
            ProgressMessages progress = new ProgressMessages(generation);
            streams.send(
                    progress.gateway(),
                    TokenFrame.newBuilder()
                            .addProgress(progress.failed(progress.base(), failure))
                            .build());
        } finally {
            record.done();
        }
    }

    private void decline(LaneRecord<?> record, Generation generation, RecordPolicy.Refuse refusal) {
        sendDecline(generation, refusal.reason(), refusal.why());
        record.done();
    }

    private void sendDecline(Generation generation, Decline.Reason reason, String why) {
        LOG.info(
                "Request {} attempt {} is declined, {}: {}",
                generation.getRequestId(),
                generation.getAttempt().getNumber(),
                reason,
                why);
        streams.decline(
                generation.getOwner(),
                Decline.newBuilder()
                        .setRequestId(generation.getRequestId())
                        .setAttempt(generation.getAttempt())
                        .setReason(reason)
                        .setMessage(why)
                        .setRole(self.role())
                        .build());
    }

    /** A client of Redis that throws has failed like one that does not answer. */
    private CompletionStage<CasOutcome> requested(Generation generation, Phase phase) {
        try {
            return requests.claim(generation.getRequestId(), generation.getAttempt(), phase, self.ref());
        } catch (RuntimeException e) {
            return CompletableFuture.failedStage(e);
        }
    }

    /** The same, with its deadline by this worker's clock: the owner's stream tells how far the two are apart. */
    public Generation here(Generation generation) {
        OptionalLong ahead = streams.aheadUs(generation.getOwner());
        if (ahead.isEmpty() || generation.getDeadlineMs() == 0) {
            return generation;
        }
        long deadline = generation.getDeadlineMs() + Math.ceilDiv(ahead.getAsLong(), 1_000);
        return generation.toBuilder().setDeadlineMs(deadline).build();
    }

    /** Where claims go on: at once, beside what brings an answer, or after a pause. */
    interface Later extends Executor {
        void after(Duration pause, Runnable task);
    }

    private static final class OwnThreads implements Later {
        @Override
        public void execute(Runnable task) {
            Thread.startVirtualThread(task);
        }

        @Override
        public void after(Duration pause, Runnable task) {
            CompletableFuture.delayedExecutor(pause.toMillis(), TimeUnit.MILLISECONDS)
                    .execute(task);
        }
    }

    /** Hears how a claim ended. */
    @FunctionalInterface
    public interface Answer {
        void heard(boolean holds);
    }
}
