package dev.baton.control.admission;

import java.time.Duration;
import java.time.Instant;
import java.util.OptionalInt;

/**
 * Says yes or no before anything is written, and a no that clients can act on.
 *
 * @param maxInFlight most requests of one gateway under way at once
 */
public record Admission(int maxInFlight) {
    private static final Duration SHORTEST_RETRY = Duration.ofMillis(100);
    private static final Duration LONGEST_RETRY = Duration.ofSeconds(10);

    public Admission {
        if (maxInFlight < 1) {
            throw new IllegalArgumentException("maxInFlight is " + maxInFlight + ", must be 1 or more");
        }
    }

    /**
     * A request that asks to be let in.
     *
     * @param maxTokens 0 = as many as fit
     */
    public record Request(int promptTokens, int maxTokens, Instant deadline) {}

    /**
     * The load and the workers at that moment.
     *
     * @param maxContext of the live workers, 0 when none lives
     * @param inFlight requests under way
     * @param drain how fast they end
     */
    public record Situation(int maxContext, int inFlight, DrainRate drain) {}

    /** The answer. */
    public sealed interface Decision {}

    /** Taken in, with the tokens it may generate at most. */
    public record Admitted(int maxTokens) implements Decision {}

    /** No live worker serves the model. */
    public record NoWorkers() implements Decision {}

    /** The prompt, or prompt plus wanted tokens, do not fit. */
    public record TooLong(int maxContext) implements Decision {}

    /** There is no time left. */
    public record TooLate() implements Decision {}

    /** The gateway stops and lets nothing in any more. */
    public record Closed() implements Decision {}

    /** Too many are under way; one place is likely free after {@code retryAfter}. */
    public record Overloaded(Duration retryAfter) implements Decision {}

    public Decision decide(Request request, Situation situation, Instant now) {
        if (!request.deadline().isAfter(now)) {
            return new TooLate();
        }
        if (situation.maxContext() == 0) {
            return new NoWorkers();
        }
        OptionalInt room = new ContextRoom(situation.maxContext()).answer(request.promptTokens(), request.maxTokens());
        if (room.isEmpty()) {
            return new TooLong(situation.maxContext());
        }
        if (situation.inFlight() >= maxInFlight) {
            return new Overloaded(retryAfter(situation, now));
        }
        return new Admitted(room.getAsInt());
    }

    private Duration retryAfter(Situation situation, Instant now) {
        double perSecond = situation.drain().perSecond(now);
        if (perSecond <= 0) {
            return LONGEST_RETRY;
        }
        double seconds = (situation.inFlight() - maxInFlight + 1) / perSecond;
        Duration wait = Duration.ofNanos((long) (Math.min(seconds, LONGEST_RETRY.toSeconds()) * 1e9));
        return wait.compareTo(SHORTEST_RETRY) < 0 ? SHORTEST_RETRY : wait;
    }
}
