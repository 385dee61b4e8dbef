package dev.baton.worker;

import dev.baton.cluster.lanes.LaneRecord;
import dev.baton.cluster.requests.CasOutcome;
import dev.baton.cluster.requests.RequestStates;
import dev.baton.control.Phase;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.WorkerRef;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Claims requests in Redis before anything is computed. A claim that Redis does not answer is repeated until the
 * request's deadline; one that is refused drops the record. A first attempt's record is written while its job is on
 * its way: a claim that comes before it is repeated too, for little more than a second in all.
 */
public final class Claims {
    private static final Logger LOG = LoggerFactory.getLogger(Claims.class);
    private static final long RETRY_MILLIS = 200;
    private static final long FIRST_WAIT_MILLIS = 5;
    private static final long LONGEST_WAIT_MILLIS = 640;

    private final RequestStates requests;
    private final WorkerRef worker;
    private final InstantSource clock;

    Claims(RequestStates requests, WorkerRef worker, InstantSource clock) {
        this.requests = requests;
        this.worker = worker;
        this.clock = clock;
    }

    /** Claims what a record asks for; {@code then} runs on a virtual thread when the claim holds, before the record is done. */
    public void take(LaneRecord<?> record, Generation generation, Phase phase, Runnable then) {
        if (expired(generation)) {
            LOG.info("Request {} is dropped: its deadline has passed", generation.getRequestId());
            record.done();
            return;
        }
        claim(generation, phase, held -> {
            if (held) {
                then.run();
            }
            record.done();
        });
    }

    /** Claims a phase; {@code then} hears on a virtual thread whether the claim holds. */
    public void claim(Generation generation, Phase phase, Answer then) {
        claim(generation, phase, then, FIRST_WAIT_MILLIS);
    }

    /** @param wait before it is tried again when nothing is recorded yet */
    private void claim(Generation generation, Phase phase, Answer then, long wait) {
        requests.claim(generation.getRequestId(), generation.getAttempt(), phase, worker)
                .whenCompleteAsync(
                        (outcome, error) -> answered(generation, phase, then, wait, outcome, error),
                        Thread::startVirtualThread);
    }

    private void answered(
            Generation generation,
            Phase phase,
            Answer then,
            long wait,
            @Nullable CasOutcome outcome,
            @Nullable Throwable error) {
        if (outcome == null && !expired(generation)) {
            LOG.warn(
                    "The claim of {} for {} is tried again: {}",
                    generation.getRequestId(),
                    phase,
                    String.valueOf(error));
            later(RETRY_MILLIS).execute(() -> claim(generation, phase, then, wait));
            return;
        }
        if (outcome == CasOutcome.ABSENT && generation.getAttempt().getNumber() == 1 && wait <= LONGEST_WAIT_MILLIS) {
            later(wait).execute(() -> claim(generation, phase, then, 2 * wait));
            return;
        }
        boolean holds = outcome != null && outcome.holds();
        if (!holds) {
            LOG.info(
                    "Request {} attempt {} is not ours for {}: {}",
                    generation.getRequestId(),
                    generation.getAttempt().getNumber(),
                    phase,
                    outcome);
        }
        then.heard(holds);
    }

    private static Executor later(long millis) {
        return CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS);
    }

    /** Judged with slack: the deadline is on the gateway's clock. */
    private boolean expired(Generation generation) {
        return generation.getDeadlineMs() > 0 && clock.millis() > generation.getDeadlineMs() + 2_000;
    }

    /** Hears how a claim ended. */
    @FunctionalInterface
    public interface Answer {
        void heard(boolean holds);
    }
}
