package dev.baton.control.admission;

import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Predicts the time to first token, from what is ahead, what is cached and what the workers have measured of themselves:
 *
 * <pre>
 *   prompts = (queued + all · ahead.tokens) / prefill     seconds, prompts that are computed before
 *   places  = max(0, sequences + all · ahead.requests + 1 - places) · answer / decode
 *                                                          seconds, answers that must end before
 *   wait    = prompts + places, or the larger of both where other workers compute prompts
 *   own     = uncached / (prefill / prefillers)            seconds, the prompt itself, by one worker
 *   TTFT    = error · wait + own
 * </pre>
 *
 * {@code prefill} and {@code decode} are tokens per second of all workers together, {@code queued}, {@code tokens} and
 * {@code uncached} tokens of prompts, {@code answer} the mean tokens of the answers that ended of late, {@code all} the
 * sequences of all gateways at the workers for each of this gateway, of late: so many requests have their turn at any gateway
 * while one has at this. {@code error} is how many times as long as predicted real waits were of late: what the formula does
 * not know is in it. Nothing is predicted before it has been measured. Any thread.
 */
public final class TtftPredictor {
    /** Weight of the newest measurement, once there are that many. Places are promised a minute ahead: it must not jump. */
    private static final double NEWEST = 0.01;

    /** A wait that came out so much longer or shorter says that something stood still, not what the rates are. */
    private static final double LARGEST_ERROR = 16;

    private double answerTokens;
    private double all = 1;
    private double error = 1;
    private long answers;
    private long looks;
    private long errors;
    private double spread;

    /** A request as it is predicted, before it is known how far predictions are off. */
    public record Raw(double ahead, double own, double step) {}

    /**
     * What the formula gives.
     *
     * @param uncached tokens of the prompt that are in no cache, at least 1
     * @return empty when a rate that counts is not measured yet
     */
    public synchronized Optional<Raw> raw(Capacity capacity, Ahead ahead, int uncached) {
        double prefill = capacity.prefillTokensPerSecond();
        if (prefill <= 0 || capacity.places() <= 0) {
            return Optional.empty();
        }
        if (capacity.own() > 0) {
            all += weight(looks++) * (Math.max(1.0, (double) capacity.sequences() / capacity.own()) - all);
        }
        double own = Math.max(1, uncached) * capacity.prefillers() / prefill;
        double prompts = (capacity.queuedTokens() + all * ahead.tokens()) / prefill;
        double excess = Math.max(0, capacity.sequences() + all * ahead.requests() + 1 - capacity.places());
        double prompt = ahead.requests() == 0 ? uncached : ahead.tokens() / ahead.requests();
        if (excess == 0) {
            return Optional.of(new Raw(prompts, own, all * ahead.perTurn() * prompt / prefill));
        }
        if (answerTokens == 0 || capacity.decodeTokensPerSecond() <= 0) {
            return Optional.empty();
        }
        double answer = answerTokens / capacity.decodeTokensPerSecond();
        double places = excess * answer;
        return Optional.of(
                capacity.apart()
                        ? new Raw(
                                Math.max(prompts, places),
                                own,
                                all * ahead.perTurn() * Math.max(prompt / prefill, answer))
                        : new Raw(prompts + places, own, all * ahead.perTurn() * (prompt / prefill + answer)));
    }

    private static double weight(long before) {
        return Math.max(NEWEST, 1.0 / (before + 1));
    }

    /** The likely time. */
    public synchronized TtftPrediction likely(Raw raw) {
        return new TtftPrediction(error * raw.ahead(), raw.own(), error * raw.step());
    }

    /** A time that is seldom exceeded: by how much predictions are off on average, twice over. */
    public synchronized TtftPrediction cautious(Raw raw) {
        double most = error + 2 * spread;
        return new TtftPrediction(most * raw.ahead(), raw.own(), error * raw.step());
    }

    /** Mean tokens of the answers that ended of late; 0 before the first. */
    public synchronized int answerTokens() {
        return (int) Math.ceil(answerTokens);
    }

    /** An answer ended, of so many tokens. */
    public synchronized void answered(int tokens) {
        answerTokens += weight(answers++) * (tokens - answerTokens);
    }

    /**
     * The first token of a request is there.
     *
     * @param seconds since it was predicted
     * @return real over likely time; empty when it was predicted to wait for nothing
     */
    public synchronized OptionalDouble measured(Raw raw, double seconds) {
        if (raw.ahead() <= 0) {
            return OptionalDouble.empty();
        }
        double real = Math.max(0, seconds - raw.own());
        double ratio = Math.clamp(real / raw.ahead(), 1 / LARGEST_ERROR, LARGEST_ERROR);
        // Short waits say little of how far long ones are off: what is measured there is the step that runs.
        double weight = weight(20 + errors++) * Math.min(1, raw.ahead() / Math.max(1e-3, raw.own()));
        OptionalDouble off = OptionalDouble.of(seconds / Math.max(1e-6, error * raw.ahead() + raw.own()));
        spread += weight * (Math.abs(ratio - error) - spread);
        error += weight * (ratio - error);
        return off;
    }
}
