package dev.baton.engine.sampling;

import dev.baton.protocol.v1.TokenLogprob;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Chooses the next token from a row of logits, in this order:
 *
 * <ol>
 *   <li>repetition penalty r on every token of prompt and answer: positive logits are divided by r, others multiplied;
 *   <li>frequency penalty times the count, and presence penalty once, off every generated token;
 *   <li>logit bias;
 *   <li>before {@code min_tokens}: stop tokens are ruled out;
 *   <li>temperature 0: the highest logit, the lowest id of equal ones, ends here; else logits are divided by it;
 *   <li>min-p: tokens less likely than min-p times the likeliest are ruled out;
 *   <li>top-k: all but the k likeliest are ruled out (of equal ones, lower ids stay);
 *   <li>top-p: what remains is made to sum to 1, and the least likely go as long as the others still reach p;
 *   <li>the draw: {@link CounterRandom} of (seed, index of the token) against the cumulated probabilities in order of
 *       ids.
 * </ol>
 *
 * <p>Log-probabilities are those of the model, before all of this. The arithmetic uses only operations that Java defines
 * to the last bit, so a sequence draws the same tokens on every machine that computes the same logits.
 */
public final class Sampler {
    /** Scaled logits this far below the best count as impossible: e^-40 is below the step of a draw. */
    private static final double IMPOSSIBLE = -40;

    private final float[] raw;
    private final float[] logits;
    private final float[] weights;
    private final Candidates candidates;

    public Sampler(int vocabulary) {
        raw = new float[vocabulary];
        logits = new float[vocabulary];
        weights = new float[vocabulary];
        candidates = new Candidates(vocabulary);
    }

    /**
     * Draws the token after those in {@code sequence.counts()}.
     *
     * @param rows f32 logits, row-major
     * @param row which row
     * @param index index of the new token among the generated ones
     * @throws BrokenLogitsException when the row holds NaN or +∞, or rules out every token
     */
    public Drawn draw(MemorySegment rows, int row, int index, SequenceSampling sequence) {
        long offset = (long) row * raw.length;
        MemorySegment.copy(rows, ValueLayout.JAVA_FLOAT, offset * Float.BYTES, raw, 0, raw.length);
        SamplingParameters parameters = sequence.parameters();
        float[] used = adjusted(index, sequence);
        float best = highest(used);
        if (!(Math.abs(best) <= Float.MAX_VALUE)) {
            throw new BrokenLogitsException(
                    "the highest logit for token %d is %s: the model's output is broken, or every token was ruled out"
                            .formatted(index, best));
        }
        int token = parameters.greedy() ? indexOf(used, best) : drawFrom(used, best, index, parameters);
        return new Drawn(token, parameters.topLogprobs() < 0 ? null : logprob(token, parameters.topLogprobs()));
    }

    private float[] adjusted(int index, SequenceSampling sequence) {
        SamplingParameters parameters = sequence.parameters();
        StoppingRule stopping = sequence.stopping();
        boolean noStop = stopping.forbidsStopAt(index);
        if (!noStop && !parameters.penalises() && parameters.logitBias().isEmpty()) {
            return raw;
        }
        System.arraycopy(raw, 0, logits, 0, raw.length);
        if (parameters.penalises()) {
            penalise(sequence.counts(), parameters);
        }
        parameters.logitBias().forEach((token, bias) -> {
            if (token < logits.length) {
                logits[token] += bias;
            }
        });
        if (noStop) {
            for (int stop : stopping.stopTokens()) {
                if (stop < logits.length) {
                    logits[stop] = Float.NEGATIVE_INFINITY;
                }
            }
        }
        return logits;
    }

    private void penalise(TokenCounts counts, SamplingParameters parameters) {
        float repetition = (float) parameters.repetitionPenalty();
        if (repetition != 1) {
            for (int token : counts.prompt()) {
                repeat(token, repetition);
            }
            for (int token : counts.generated().keySet()) {
                if (!counts.prompt().contains(token)) {
                    repeat(token, repetition);
                }
            }
        }
        counts.generated()
                .forEach((token, count) -> logits[token] -=
                        (float) (parameters.presencePenalty() + count * parameters.frequencyPenalty()));
    }

    private void repeat(int token, float penalty) {
        logits[token] = logits[token] > 0 ? logits[token] / penalty : logits[token] * penalty;
    }

    /** NaN when any is NaN. */
    private static float highest(float[] values) {
        float highest = Float.NEGATIVE_INFINITY;
        for (float value : values) {
            highest = Math.max(highest, value);
        }
        return highest;
    }

    private static int indexOf(float[] values, float value) {
        int index = 0;
        while (values[index] != value) {
            index++;
        }
        return index;
    }

    private int drawFrom(float[] used, float best, int index, SamplingParameters parameters) {
        double scale = 1 / parameters.temperature();
        double floor = parameters.minP() > 0 ? Math.max(IMPOSSIBLE, StrictMath.log(parameters.minP())) : IMPOSSIBLE;
        candidates.clear();
        for (int token = 0; token < used.length; token++) {
            double distance = (used[token] - best) * scale;
            if (distance >= floor) {
                float weight = (float) Exponential.of(distance);
                weights[token] = weight;
                candidates.add(token);
            }
        }
        if (parameters.topK() > 0 && parameters.topK() < candidates.size()) {
            candidates.keepHeaviest(weights, parameters.topK());
        }
        if (parameters.topP() < 1) {
            candidates.keepMass(weights, parameters.topP());
        }
        return candidates.pick(weights, CounterRandom.uniform(parameters.seed(), index));
    }

    private TokenLogprob logprob(int token, int top) {
        float best = highest(raw);
        double sum = 0;
        for (float value : raw) {
            sum += Exponential.of(Math.max(value - (double) best, IMPOSSIBLE * 2));
        }
        double logSum = best + StrictMath.log(sum);
        TokenLogprob.Builder report = TokenLogprob.newBuilder().setLogprob((float) (raw[token] - logSum));
        if (top > 0) {
            candidates.clear();
            for (int id = 0; id < raw.length; id++) {
                candidates.add(id);
            }
            candidates.keepHeaviest(raw, Math.min(top, raw.length));
            int[] ids = candidates.heaviestFirst(raw);
            Arrays.stream(ids).forEach(id -> report.addTopIds(id).addTopLogprobs((float) (raw[id] - logSum)));
        }
        return report.build();
    }
}
