package dev.baton.engine.sampling;

import dev.baton.protocol.v1.Sampling;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** The probabilities from which {@link Sampler} must draw, in doubles, from its description alone: sort, then cut. */
final class ExactDistribution {
    private ExactDistribution() {}

    static double[] of(float[] logits, Sampling sampling, List<Integer> prompt, List<Integer> generated) {
        double[] adjusted = IntStream.range(0, logits.length)
                .mapToDouble(token -> adjusted(token, logits[token], sampling, prompt, generated))
                .toArray();
        double best = Arrays.stream(adjusted).max().orElseThrow();
        double[] weights = Arrays.stream(adjusted)
                .map(logit -> Math.exp((logit - best) / sampling.getTemperature()))
                .map(weight -> weight < sampling.getMinP() ? 0 : weight)
                .toArray();
        Integer[] likeliestFirst = IntStream.range(0, logits.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer token) -> -adjusted[token])
                        .thenComparingInt(token -> token))
                .toArray(Integer[]::new);
        if (sampling.getTopK() > 0) {
            Arrays.stream(likeliestFirst).skip(sampling.getTopK()).forEach(token -> weights[token] = 0);
        }
        if (sampling.hasTopP()) {
            double target = sampling.getTopP() * Arrays.stream(weights).sum();
            double reached = 0;
            for (int token : likeliestFirst) {
                double weight = weights[token];
                weights[token] = reached < target ? weight : 0;
                reached += weight;
            }
        }
        double total = Arrays.stream(weights).sum();
        return Arrays.stream(weights).map(weight -> weight / total).toArray();
    }

    private static double adjusted(
            int token, double logit, Sampling sampling, List<Integer> prompt, List<Integer> generated) {
        double adjusted = logit;
        if (sampling.hasRepetitionPenalty() && (prompt.contains(token) || generated.contains(token))) {
            double penalty = sampling.getRepetitionPenalty();
            adjusted = adjusted > 0 ? adjusted / penalty : adjusted * penalty;
        }
        long count = generated.stream().filter(each -> each == token).count();
        adjusted -= count * sampling.getFrequencyPenalty() + (count > 0 ? sampling.getPresencePenalty() : 0);
        return adjusted + sampling.getLogitBiasOrDefault(token, 0);
    }
}
