package dev.baton.worker;

import dev.baton.cluster.lanes.LaneRecord;
import dev.baton.cluster.requests.CasOutcome;
import dev.baton.cluster.requests.RequestStates;
import dev.baton.cluster.streams.TokenStreamServer;
import dev.baton.control.Phase;
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
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Claims requests in Redis before anything is computed, and answers each record that is read: the attempt's owner hears
 * that it is claimed, or that it is declined and why. Nothing is claimed while the owner has no stream to this worker,
 * since nobody would hear the tokens.
 *
 * <p>A claim that Redis does not answer is repeated until the request's deadline. A first attempt's record is written
 * while its job is on its way: a claim that comes before it is repeated too, for little more than a second in all.
 */
public final class Claims {
    private static final Logger LOG = LoggerFactory.getLogger(Claims.class);
    private static final long RETRY_MILLIS = 200;
    private static final long FIRST_WAIT_MILLIS = 5;
    private static final long LONGEST_WAIT_MILLIS = 640;

    private final RequestStates requests;
    private final WorkerIdentity self;
    private final TokenStreamServer streams;
    private final Duration attachWithin;
    private final InstantSource clock;
    private volatile boolean draining;

    /** @param attachWithin a live gateway that has lost its stream has a new one by then */
    Claims(
            RequestStates requests,
            WorkerIdentity self,
            TokenStreamServer streams,
            Duration attachWithin,
            InstantSource clock) {
        this.requests = requests;
        this.self = self;
        this.streams = streams;
        this.attachWithin = attachWithin;
        this.clock = clock;
    }

    /** From now on every record is declined: this worker is about to end. */
    void drain() {
        draining = true;
    }

    /**
     * Claims what a record asks for; {@code then} runs on a virtual thread when the claim holds, before the record is done.
     *
     * @param meantFor the worker that its sender chose
     */
    public void take(LaneRecord<?> record, Generation generation, WorkerRef meantFor, Phase phase, Runnable then) {
        if (draining) {
            decline(record, generation, Decline.Reason.DRAINING, self.id() + " is about to end");
        } else if (!meantFor.getId().isEmpty() && !meantFor.equals(self.ref())) {
            String why = "%s reads the lane, and it was meant for %s of epoch %016x"
                    .formatted(self.id(), meantFor.getId(), meantFor.getEpoch());
            decline(record, generation, Decline.Reason.OTHER_WORKER, why);
        } else if (streams.attached(generation.getOwner())) {
            claim(record, generation, phase, then);
        } else {
            streams.whenAttached(generation.getOwner(), attachWithin, attached -> {
                if (attached) {
                    claim(record, generation, phase, then);
                } else {
                    String why = "no stream from gateway %s for %s"
                            .formatted(generation.getOwner().getId(), attachWithin);
                    decline(record, generation, Decline.Reason.NO_STREAM, why);
                }
            });
        }
    }

    /** A record that could not be handled will not be delivered again. */
    public void dead(Generation generation, String why) {
        tell(generation, Decline.Reason.DEAD_LETTER, why);
    }

    private void claim(LaneRecord<?> record, Generation generation, Phase phase, Runnable then) {
        if (expired(generation)) {
            decline(record, generation, Decline.Reason.EXPIRED, "its deadline had passed when it was read");
            return;
        }
        claim(generation, phase, FIRST_WAIT_MILLIS, outcome -> {
            if (outcome == null) {
                decline(record, generation, Decline.Reason.STORE_UNAVAILABLE, "Redis does not answer");
            } else if (outcome.holds()) {
                begin(record, generation, then);
            } else {
                decline(record, generation, reason(outcome), "the claim for " + phase + " was refused: " + outcome);
            }
        });
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

    private static Decline.Reason reason(CasOutcome refused) {
        return switch (refused) {
            case ABSENT -> Decline.Reason.ABSENT;
            case SUPERSEDED, NOT_OWNER -> Decline.Reason.SUPERSEDED;
            case REFUSED -> Decline.Reason.TAKEN;
            case APPLIED, ALREADY -> throw new IllegalArgumentException(refused + " is no refusal");
        };
    }

    private void decline(LaneRecord<?> record, Generation generation, Decline.Reason reason, String why) {
        tell(generation, reason, why);
        record.done();
    }

    private void tell(Generation generation, Decline.Reason reason, String why) {
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

    /** Claims a phase; {@code then} hears on a virtual thread whether the claim holds. */
    public void claim(Generation generation, Phase phase, Answer then) {
        claim(generation, phase, FIRST_WAIT_MILLIS, outcome -> then.heard(outcome != null && outcome.holds()));
    }

    /** Hears how a claim ended; null: Redis did not answer while there was time. */
    private interface Outcome {
        void heard(@Nullable CasOutcome outcome);
    }

    /** @param wait before it is tried again when nothing is recorded yet */
    private void claim(Generation generation, Phase phase, long wait, Outcome then) {
        asked(generation, phase)
                .whenCompleteAsync(
                        (outcome, error) -> answered(generation, phase, wait, then, outcome, error),
                        Thread::startVirtualThread);
    }

    /** A client of Redis that throws has failed like one that does not answer. */
    private CompletionStage<CasOutcome> asked(Generation generation, Phase phase) {
        try {
            return requests.claim(generation.getRequestId(), generation.getAttempt(), phase, self.ref());
        } catch (RuntimeException e) {
            return CompletableFuture.failedStage(e);
        }
    }

    private void answered(
            Generation generation,
            Phase phase,
            long wait,
            Outcome then,
            @Nullable CasOutcome outcome,
            @Nullable Throwable error) {
        if (outcome == null && !expired(generation)) {
            LOG.warn(
                    "The claim of {} for {} is tried again: {}",
                    generation.getRequestId(),
                    phase,
                    String.valueOf(error));
            later(RETRY_MILLIS).execute(() -> claim(generation, phase, wait, then));
            return;
        }
        if (outcome == CasOutcome.ABSENT && generation.getAttempt().getNumber() == 1 && wait <= LONGEST_WAIT_MILLIS) {
            later(wait).execute(() -> claim(generation, phase, 2 * wait, then));
            return;
        }
        then.heard(outcome);
    }

    private static Executor later(long millis) {
        return CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS);
    }

    private boolean expired(Generation generation) {
        long deadline = here(generation).getDeadlineMs();
        return deadline > 0 && clock.millis() > deadline;
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

    /** Hears how a claim ended. */
    @FunctionalInterface
    public interface Answer {
        void heard(boolean holds);
    }
}
