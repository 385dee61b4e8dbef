package dev.baton.control;

import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.Timing;

/**
 * The phase of one attempt at a request. Within an attempt a phase only moves forward; raising the attempt starts
 * again at {@link #QUEUED}. Redis stores the name.
 */
public enum Phase {
    /** Written to Redis by the owning gateway and published to a lane; no worker has claimed it. */
    QUEUED,
    /** A prefill worker has claimed the job and runs the prompt. */
    PREFILLING,
    /** The prefill worker has published the handoff; the decode worker has not taken it yet. */
    HANDED_OFF,
    /** The decode worker has taken the request, from a handoff or, when it computes the prompt itself, from the queue. */
    DECODING,
    /** The last token is with the gateway, or a stop string was found. */
    DONE,
    /** Given up; the client gets an error. */
    FAILED,
    /** The client left. One that has all it wanted ends as {@link #DONE}. */
    CANCELLED;

    /** Nothing follows. */
    public boolean ended() {
        return switch (this) {
            case QUEUED, PREFILLING, HANDED_OFF, DECODING -> false;
            case DONE, FAILED, CANCELLED -> true;
        };
    }

    /**
     * Whether one attempt may go from this phase straight to {@code next}. A frame that comes late may
     * skip a phase; a worker that computes the prompt itself goes from QUEUED to DECODING.
     */
    public boolean mayBecome(Phase next) {
        return !ended() && next.ordinal() > ordinal();
    }

    /** Whether a claim that moves a request to {@code next} is legal from this phase, as recorded in Redis. */
    public boolean mayBeClaimedFor(Phase next) {
        return switch (next) {
            case PREFILLING -> this == QUEUED;
            case HANDED_OFF -> this == PREFILLING;
            case DECODING -> this == QUEUED || this == PREFILLING || this == HANDED_OFF;
            case QUEUED, DONE, FAILED, CANCELLED -> false;
        };
    }

    /** Whether the attempt may be raised, which makes the request QUEUED again under the next number. */
    public boolean mayBeRaised() {
        return !ended();
    }

    /**
     * The phase that a frame shows the attempt to have reached.
     *
     * @param prefills the frame is from the prefill worker
     * @param computesAtDecode the decode worker computes the prompt itself
     */
    static Phase shownBy(Progress progress, boolean prefills, boolean computesAtDecode) {
        Timing timing = progress.getTiming();
        boolean tokens = progress.getTokensCount() > 0;
        if (prefills) {
            return tokens || timing.getHandoffSentUs() > 0 ? HANDED_OFF : PREFILLING;
        }
        if (tokens || timing.getDecodeStartedUs() > 0) {
            return DECODING;
        }
        return computesAtDecode ? PREFILLING : HANDED_OFF;
    }
}
