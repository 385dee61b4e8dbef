package dev.baton.control.admission;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Lets the requests of one gateway in, or says why not, before anything is written; counts those under way, and closes
 * for a stop. Any thread.
 */
public final class Admission {
    private static final Duration SHORTEST_RETRY = Duration.ofMillis(100);
    private static final Duration LONGEST_RETRY = Duration.ofSeconds(10);
    private static final Duration DRAIN_WINDOW = Duration.ofSeconds(10);

    private final int maxInFlight;
    private final DrainRate drain = new DrainRate(DRAIN_WINDOW);
    private int inFlight;
    private @Nullable Runnable whenEmpty;

    /** @param maxInFlight most requests under way at once */
    public Admission(int maxInFlight) {
        if (maxInFlight < 1) {
            throw new IllegalArgumentException("maxInFlight is " + maxInFlight + ", must be 1 or more");
        }
        this.maxInFlight = maxInFlight;
    }

    /**
     * A request that asks to be let in.
     *
     * @param places that must be free for it and for those that come in with it; 0 for one that comes in with another, for
     *     which there was room
     */
    public record Request(int promptTokens, int maxTokens, Instant deadline, int places) {
        public Request(int promptTokens, int maxTokens, Instant deadline) {
            this(promptTokens, maxTokens, deadline, 1);
        }
    }

    /**
     * The load and the workers at that moment.
     *
     * @param maxContext of the live workers; 0 when none lives, and then any length is let in to wait for one
     * @param inFlight requests under way
     * @param kept places that are kept for others
     * @param drain how fast they end
     */
    record Situation(int maxContext, int inFlight, int kept, DrainRate drain) {}

    /** The answer. */
    public sealed interface Decision {}

    /** Let in. */
    public record Admitted() implements Decision {}

    /** Not let in. */
    public sealed interface Refused extends Decision {}

    /** The prompt, or prompt plus wanted tokens, do not fit. */
    public record TooLong(int maxContext) implements Refused {}

    /** There is no time left. */
    public record TooLate() implements Refused {}

    /** The gateway stops and lets nothing in any more. */
    public record Closed() implements Refused {}

    /** Too many are under way; enough places are likely free after {@code retryAfter}. */
    public record Overloaded(Duration retryAfter) implements Refused {}

    /**
     * Counts the request, as one, when the answer is {@link Admitted}; then {@link #left} must follow.
     *
     * @param maxContext of the live workers, 0 when none lives
     * @param kept places that are kept for others than this request
     */
    public synchronized Decision enter(Request request, int maxContext, int kept, Instant now) {
        if (whenEmpty != null) {
            return new Closed();
        }
        Decision decision = decide(request, new Situation(maxContext, inFlight, kept, drain), now);
        if (decision instanceof Admitted) {
            inFlight++;
        }
        return decision;
    }

    /**
     * Why coming again does not help the request here, whatever the load; empty where only load is in its way.
     *
     * @param maxContext of the live workers, 0 when none lives
     */
    public synchronized Optional<Refused> never(Request request, int maxContext, Instant now) {
        if (whenEmpty != null) {
            return Optional.of(new Closed());
        }
        return decide(request, new Situation(maxContext, 0, 0, drain), now) instanceof Refused refused
                ? Optional.of(refused)
                : Optional.empty();
    }

    /** A request that was counted has ended. */
    public synchronized void left(Instant now) {
        drain.ended(now);
        leave(1);
    }

    /**
     * Requests that were counted give their places to one that found too few, and nothing has ended. It is counted as one.
     * False when the gateway stops, and then the places are given up.
     */
    public synchronized boolean swap(int given) {
        if (whenEmpty == null) {
            inFlight -= given - 1;
            return true;
        }
        leave(given);
        return false;
    }

    /** Places that are taken and must not be for so many to be free, whether or not some are kept; at least 0. */
    public synchronized int missing(int places) {
        return Math.max(0, inFlight + atMostAll(places) - maxInFlight);
    }

    /** Who wants more places than there are is let in when all are free. */
    private int atMostAll(int places) {
        return Math.min(places, maxInFlight);
    }

    private void leave(int requests) {
        inFlight -= requests;
        if (inFlight == 0 && whenEmpty != null) {
            whenEmpty.run();
        }
    }

    /** Requests under way. */
    public synchronized int inFlight() {
        return inFlight;
    }

    /** Lets nothing in any more, and calls {@code whenEmpty} once all have left. */
    public synchronized void close(Runnable whenEmpty) {
        this.whenEmpty = whenEmpty;
        if (inFlight == 0) {
            whenEmpty.run();
        }
    }

    /**
     * The most tokens of an answer: one rule for the edge, which knows the model, and for dispatch, which knows the
     * workers that live. Empty when the answer does not fit behind the prompt.
     *
     * @param context tokens of prompt and answer together
     * @param wanted 0 = as many as fit
     */
    public static OptionalInt room(int context, int promptTokens, int wanted) {
        int room = context - promptTokens;
        if (room < 1 || wanted > room) {
            return OptionalInt.empty();
        }
        return OptionalInt.of(wanted == 0 ? room : wanted);
    }

    Decision decide(Request request, Situation situation, Instant now) {
        if (!request.deadline().isAfter(now)) {
            return new TooLate();
        }
        if (situation.maxContext() > 0
                && room(situation.maxContext(), request.promptTokens(), request.maxTokens())
                        .isEmpty()) {
            return new TooLong(situation.maxContext());
        }
        int places = atMostAll(request.places());
        if (places > 0 && situation.inFlight() + situation.kept() + places > maxInFlight) {
            return new Overloaded(retryAfter(situation, places, now));
        }
        return new Admitted();
    }

    private Duration retryAfter(Situation situation, int places, Instant now) {
        double perSecond = situation.drain().perSecond(now);
        if (perSecond <= 0) {
            return LONGEST_RETRY;
        }
        double seconds = (situation.inFlight() + situation.kept() - maxInFlight + places) / perSecond;
        Duration wait = Duration.ofNanos((long) (Math.min(seconds, LONGEST_RETRY.toSeconds()) * 1e9));
        return wait.compareTo(SHORTEST_RETRY) < 0 ? SHORTEST_RETRY : wait;
    }
}
