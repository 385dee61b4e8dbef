package dev.baton.engine.sampling;

import dev.baton.protocol.v1.TokenLogprob;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the next token from a row of logits, in this order:
 *
 * <ol>
 *   <li>repetition penalty r on every token of prompt and answer: positive logits are divided by r, others multiplied;
 *   <li>frequency penalty times the count, and presence penalty once, off every generated token;
 *   <li>logit bias;
 *   <li>before {@code min_tokens}: stop tokens are ruled out;
 *   <li>under a {@link TokenConstraint}: tokens that it does not allow are ruled out, and stop tokens where the answer is
 *       not complete;
 *   <li>temperature 0: the highest logit, the lowest id of equal ones, ends here; else logits are divided by it;
 *   <li>min-p: tokens less likely than min-p times the likeliest are ruled out;
 *   <li>top-k: all but the k likeliest are ruled out (of equal ones, lower ids stay);
 *   <li>top-p: what remains is made to sum to 1, and the least likely go as long as the others still reach p (of equal
 *       ones, lower ids stay);
 *   <li>the draw: {@link CounterRandom} of (seed, index of the token) against the cumulated probabilities in order of
 *       ids.
 * </ol>
 *
 * <p>Log-probabilities are those of the model, before all of this. Logits are f32 and so is what is done to them;
 * probabilities are whole numbers of 2^-40 of the likeliest token's, and add up exactly. Every operation is defined to
 * the last bit, so a sequence draws the same tokens on every machine that computes the same logits.
 */
public final class Sampler {
    /**
     * Of all that makes tokens from logits: these rules, {@link CounterRandom}, constraints and stopping. Changes whenever
     * equal logits, parameters and seeds may make another answer.
     */
    public static final int VERSION = 1;

    private final Candidates candidates;
    private final int vocabulary;

    public Sampler(int vocabulary, LogitOps passes) {
        this.vocabulary = vocabulary;
        candidates = new Candidates(vocabulary, passes);
    }

    /**
     * Draws the token after those in {@code sequence.counts()}.
     *
     * @param rows f32 logits, row-major
     * @param row which row
     * @param index index of the new token among the generated ones
     * @throws BrokenLogitsException when the row holds NaN or +∞, or rules out every token
     * @throws ConstraintException when the constraint leaves no token
     */
    public SampledToken draw(MemorySegment rows, int row, int index, SequenceSampling sequence) {
        SamplingParameters parameters = sequence.parameters();
        candidates.take(rows, row);
        if (parameters.topLogprobs() < 0) {
            return new SampledToken(choose(index, sequence), null);
        }
        begin(1, index);
        candidates.softmaxWeights();
        double logSum = candidates.logSum();
        int[] likeliest = parameters.topLogprobs() == 0 ? new int[0] : candidates.likeliest(parameters.topLogprobs());
        TokenLogprob.Builder report = TokenLogprob.newBuilder();
        for (int id : likeliest) {
            report.addTopIds(id).addTopLogprobs((float) (candidates.logits()[id] - logSum));
        }
        int token = choose(index, sequence);
        float logit = rows.getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * vocabulary + token);
        return new SampledToken(
                token, report.setLogprob((float) (logit - logSum)).build());
    }

    /**
     * How likely the model thinks a token to be, with the likeliest ones.
     *
     * @param row the logits before the token
     * @throws BrokenLogitsException when the row holds NaN or +∞
     */
    public TokenLogprob score(MemorySegment rows, int row, int token, int alternatives) {
        candidates.take(rows, row);
        begin(1, row);
        candidates.softmaxWeights();
        double logSum = candidates.logSum();
        TokenLogprob.Builder report = TokenLogprob.newBuilder();
        if (alternatives > 0) {
            for (int id : candidates.likeliest(alternatives)) {
                report.addTopIds(id).addTopLogprobs((float) (candidates.logits()[id] - logSum));
            }
        }
        return report.setLogprob((float) (candidates.logits()[token] - logSum)).build();
    }

    private int choose(int index, SequenceSampling sequence) {
        SamplingParameters parameters = sequence.parameters();
        adjust(candidates.logits(), index, sequence);
        TokenConstraint constraint = sequence.constraint();
        if (constraint != null) {
            restrict(candidates.logits(), constraint, sequence.stopping(), index);
        }
        if (parameters.greedy()) {
            begin(1, index);
            return candidates.likeliest();
        }
        begin(parameters.temperature(), index);
        if (parameters.minP() > 0) {
            candidates.keepFrom(
                    (float) (candidates.best() + StrictMath.log(parameters.minP()) * parameters.temperature()));
        }
        if (parameters.topK() > 0) {
            candidates.keepLikeliest(parameters.topK());
        }
        candidates.softmaxWeights();
        if (parameters.topP() < 1) {
            candidates.keepShare(parameters.topP());
        }
        return candidates.pick(CounterRandom.bits(parameters.seed(), index));
    }

    private void begin(double temperature, int index) {
        candidates.begin(temperature);
        if (!(Math.abs(candidates.best()) <= Float.MAX_VALUE)) {
            throw new BrokenLogitsException(
                    "the highest logit for token %d is %s: the model's output is broken, or every token was ruled out"
                            .formatted(index, candidates.best()));
        }
    }

    private static void adjust(float[] logits, int index, SequenceSampling sequence) {
        SamplingParameters parameters = sequence.parameters();
        if (parameters.penalises()) {
            penalise(logits, sequence.counts(), parameters);
        }
        parameters.logitBias().forEach((token, bias) -> {
            if (token < logits.length) {
                logits[token] += bias;
            }
        });
        if (sequence.stopping().forbidsStopAt(index)) {
            for (int stop : sequence.stopping().stopTokens()) {
                if (stop < logits.length) {
                    logits[stop] = Float.NEGATIVE_INFINITY;
                }
            }
        }
    }

    private static void restrict(float[] logits, TokenConstraint constraint, StoppingRule stopping, int index) {
        float[] stops = new float[stopping.stopTokens().size()];
        int stop = 0;
        for (int token : stopping.stopTokens()) {
            stops[stop++] = token < logits.length ? logits[token] : Float.NEGATIVE_INFINITY;
        }
        boolean any = keep(logits, constraint.allowed());
        boolean complete = constraint.complete();
        stop = 0;
        for (int token : stopping.stopTokens()) {
            if (token < logits.length) {
                logits[token] = complete ? stops[stop] : Float.NEGATIVE_INFINITY;
            }
            stop++;
        }
        if (!any && !(complete && stops.length > 0)) {
            throw new ConstraintException(
                    "no token of the model can continue the answer within its structure, after %d tokens"
                            .formatted(index));
        }
    }

    /** Rules out the tokens without a bit; false when none is left. */
    private static boolean keep(float[] logits, long[] allowed) {
        long any = 0;
        int words = Math.min(allowed.length, (logits.length + 63) / 64);
        for (int w = 0; w < words; w++) {
            long word = allowed[w];
            any |= word;
            if (word != -1) {
                int end = Math.min(logits.length, (w + 1) * 64);
                if (word == 0) {
                    Arrays.fill(logits, w * 64, end, Float.NEGATIVE_INFINITY);
                } else {
                    for (int token = w * 64; token < end; token++) {
                        if ((word >>> token & 1) == 0) {
                            logits[token] = Float.NEGATIVE_INFINITY;
                        }
                    }
                }
            }
        }
        Arrays.fill(logits, Math.min(logits.length, words * 64), logits.length, Float.NEGATIVE_INFINITY);
        return any != 0;
    }

    private static void penalise(float[] logits, TokenCounts counts, SamplingParameters parameters) {
        float repetition = (float) parameters.repetitionPenalty();
        for (int i = 0; i < counts.size(); i++) {
            int token = counts.token(i);
            float logit = logits[token];
            logit = logit > 0 ? logit / repetition : logit * repetition;
            if (counts.generated(i) > 0) {
                logit -= (float) (parameters.presencePenalty() + counts.generated(i) * parameters.frequencyPenalty());
            }
            logits[token] = logit;
        }
    }

    /** The token chosen, and its log-probability with its rivals' when asked for. */
    public record SampledToken(int token, @Nullable TokenLogprob logprob) {
        /** With those of the prompt's tokens. */
        public SampledToken with(List<TokenLogprob> prompt) {
            TokenLogprob.Builder all = logprob == null ? TokenLogprob.newBuilder() : logprob.toBuilder();
            return new SampledToken(token, all.addAllPrompt(prompt).build());
        }
    }
}
