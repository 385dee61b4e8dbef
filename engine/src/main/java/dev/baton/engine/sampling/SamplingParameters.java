package dev.baton.engine.sampling;

import dev.baton.protocol.v1.Sampling;
import java.util.Map;

/**
 * Parameters that choose the next token; {@link Sampler} defines each step and their order.
 *
 * @param topLogprobs alternatives to report, −1 when no log-probabilities are wanted at all
 */
public record SamplingParameters(
        double temperature,
        int topK,
        double topP,
        double minP,
        double repetitionPenalty,
        double presencePenalty,
        double frequencyPenalty,
        Map<Integer, Float> logitBias,
        long seed,
        int topLogprobs) {
    /** More alternatives than anyone shows. */
    private static final int MOST_LOGPROBS = 100;

    public SamplingParameters {
        check("temperature", temperature, 0, Double.MAX_VALUE);
        check("top_k", topK, 0, Integer.MAX_VALUE);
        check("top_p", topP, Double.MIN_VALUE, 1);
        check("min_p", minP, 0, 1);
        check("repetition_penalty", repetitionPenalty, Double.MIN_VALUE, Double.MAX_VALUE);
        check("presence_penalty", presencePenalty, -Double.MAX_VALUE, Double.MAX_VALUE);
        check("frequency_penalty", frequencyPenalty, -Double.MAX_VALUE, Double.MAX_VALUE);
        check("top_logprobs", topLogprobs, -1, MOST_LOGPROBS);
        logitBias = Map.copyOf(logitBias);
        logitBias.forEach(
                (token, bias) -> check("logit_bias of token " + token, bias, -Float.MAX_VALUE, Float.MAX_VALUE));
    }

    /** @throws IllegalArgumentException that names the field, when one is out of range */
    public static SamplingParameters of(Sampling sampling) {
        return new SamplingParameters(
                sampling.getTemperature(),
                sampling.getTopK(),
                sampling.hasTopP() ? sampling.getTopP() : 1,
                sampling.getMinP(),
                sampling.hasRepetitionPenalty() ? sampling.getRepetitionPenalty() : 1,
                sampling.getPresencePenalty(),
                sampling.getFrequencyPenalty(),
                sampling.getLogitBiasMap(),
                sampling.getSeed(),
                sampling.getLogprobs() ? sampling.getTopLogprobs() : -1);
    }

    /** Temperatures below this are taken for 0: dividing by them would overflow. */
    private static final double COLDEST = 1e-5;

    boolean greedy() {
        return temperature < COLDEST;
    }

    boolean penalises() {
        return repetitionPenalty != 1 || presencePenalty != 0 || frequencyPenalty != 0;
    }

    private static void check(String field, double value, double least, double most) {
        if (!(value >= least && value <= most)) {
            throw new IllegalArgumentException(
                    "%s = %s: between %s and %s are possible".formatted(field, value, least, most));
        }
    }
}
