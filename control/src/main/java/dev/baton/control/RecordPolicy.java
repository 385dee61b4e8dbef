package dev.baton.control;

import dev.baton.protocol.v1.Decline;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What a worker does with a record of its lane, one step at a time. Every record is answered: with work, or with the
 * reason why not. Deadlines are by the worker's clock.
 *
 * @param self the worker, in this life
 */
public record RecordPolicy(WorkerRef self) {
    /** How long a first attempt's record may be on its way: the first pause, doubled up to the longest. */
    private static final Duration FIRST_PAUSE = Duration.ofMillis(5);

    private static final Duration LONGEST_PAUSE = Duration.ofMillis(640);
    private static final Duration STORE_PAUSE = Duration.ofMillis(200);

    /** What to do next. */
    public sealed interface Step {}

    /** Wait until the owner of the attempt has a stream to this worker: without one its tokens would be lost. */
    public record AwaitStream() implements Step {}

    /**
     * Claim it in Redis.
     *
     * @param pause before that
     * @param ifAbsent the pause after this claim, should Redis have no such request yet
     */
    public record Claim(Duration pause, Duration ifAbsent) implements Step {}

    /** The claim holds: work on it. */
    public record Begin() implements Step {}

    /** Answer that it is not worked on. */
    public record Refuse(Decline.Reason reason, String why) implements Step {}

    /** A claim without a record, of a phase that an attempt at work has reached. */
    public static Claim firstClaim() {
        return new Claim(Duration.ZERO, FIRST_PAUSE);
    }

    /**
     * A record was read.
     *
     * @param meantFor the worker that its sender chose; without an id: any
     * @param draining this worker is about to end
     * @param attached the owner has a stream to this worker
     */
    public Step read(Generation generation, WorkerRef meantFor, boolean draining, boolean attached, Instant now) {
        if (draining) {
            return new Refuse(Decline.Reason.DRAINING, self.getId() + " is about to end");
        }
        if (!meantFor.getId().isEmpty() && !meantFor.equals(self)) {
            return new Refuse(
                    Decline.Reason.OTHER_WORKER,
                    "%s reads the lane, and it was meant for %s of epoch %016x"
                            .formatted(self.getId(), meantFor.getId(), meantFor.getEpoch()));
        }
        return attached ? attached(generation, now) : new AwaitStream();
    }

    /** The owner has a stream. */
    public Step attached(Generation generation, Instant now) {
        return expired(generation, now)
                ? new Refuse(Decline.Reason.EXPIRED, "its deadline had passed when it was read")
                : firstClaim();
    }

    /** The owner has had no stream for that long. */
    public Step notAttached(Generation generation, Duration waited) {
        return new Refuse(
                Decline.Reason.NO_STREAM,
                "no stream from gateway %s for %s"
                        .formatted(generation.getOwner().getId(), waited));
    }

    /**
     * A claim has ended.
     *
     * @param outcome null: Redis did not answer
     */
    public Step claimed(Generation generation, Phase phase, @Nullable CasOutcome outcome, Claim claim, Instant now) {
        return switch (outcome) {
            case null ->
                expired(generation, now)
                        ? new Refuse(Decline.Reason.STORE_UNAVAILABLE, "Redis does not answer")
                        : new Claim(STORE_PAUSE, claim.ifAbsent());
            case APPLIED, ALREADY -> new Begin();
            case ABSENT -> {
                // A first attempt is recorded while its job is on its way.
                boolean early = generation.getAttempt().getNumber() == 1
                        && claim.ifAbsent().compareTo(LONGEST_PAUSE) <= 0;
                yield early
                        ? new Claim(claim.ifAbsent(), claim.ifAbsent().multipliedBy(2))
                        : refused(Decline.Reason.ABSENT, phase, outcome);
            }
            case SUPERSEDED, NOT_OWNER -> refused(Decline.Reason.SUPERSEDED, phase, outcome);
            case REFUSED -> refused(Decline.Reason.TAKEN, phase, outcome);
        };
    }

    private static Refuse refused(Decline.Reason reason, Phase phase, CasOutcome outcome) {
        return new Refuse(reason, "the claim for " + phase + " was refused: " + outcome);
    }

    private static boolean expired(Generation generation, Instant now) {
        return generation.getDeadlineMs() > 0 && now.toEpochMilli() > generation.getDeadlineMs();
    }
}
