package dev.baton.engine.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.TokenLogprob;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplerTest {
    private static final int DRAWS = 40_000;

    private final float[] logits = {0.5f, 2.0f, -1.0f, 1.5f, 2.0f, 0.0f, -3.0f, 1.0f};
    private final Sampler sampler = new Sampler(logits.length, new JavaLogitOps());

    @Test
    void greedyTakesTheHighestAndTheLowestIdOfEqualOnes() {
        assertThat(draw(Sampling.newBuilder(), 0)).isEqualTo(1);
    }

    @Test
    void aTemperatureTooSmallToDivideByIsGreedy() {
        assertThat(draw(Sampling.newBuilder().setTemperature(1e-38f), 0)).isEqualTo(1);
    }

    @Test
    void drawsFollowTheSoftmaxOfTheTemperature() {
        for (float temperature : new float[] {0.5f, 1f, 2f}) {
            expectDistribution(Sampling.newBuilder().setTemperature(temperature), softmax(logits, temperature));
        }
    }

    @Test
    void topKKeepsTheLikeliestAndTheirProportions() {
        expectDistribution(sampling().setTopK(3), keep(softmax(logits, 1), 1, 3, 4));
    }

    @Test
    void topKOfEqualOnesKeepsTheLowestIds() {
        expectDistribution(sampling().setTopK(1), keep(softmax(logits, 1), 1));
    }

    @Test
    void topPKeepsTheFewestThatReachIt() {
        double[] all = softmax(logits, 1);
        double firstThree = all[1] + all[4] + all[3];
        expectDistribution(sampling().setTopP((float) firstThree - 0.01f), keep(all, 1, 3, 4));
        expectDistribution(sampling().setTopP((float) firstThree + 0.01f), keep(all, 1, 3, 4, 7));
        expectDistribution(sampling().setTopP(1e-6f), keep(all, 1));
    }

    @Test
    void topPIsTakenOfWhatTopKLeaves() {
        double[] three = keep(softmax(logits, 1), 1, 3, 4);
        expectDistribution(sampling().setTopK(3).setTopP((float) (three[1] + three[4]) - 0.01f), keep(three, 1, 4));
    }

    @Test
    void minPRulesOutWhatIsFarLessLikelyThanTheBest() {
        expectDistribution(sampling().setMinP(0.5f), keep(softmax(logits, 1), 1, 3, 4));
    }

    @Test
    void logitBiasShiftsAndForbids() {
        float[] biased = logits.clone();
        biased[6] += 5;
        biased[1] -= 100;
        expectDistribution(sampling().putLogitBias(6, 5).putLogitBias(1, -100), softmax(biased, 1));
    }

    @Test
    void presenceAndFrequencyCountGeneratedTokensOnly() {
        float[] penalised = logits.clone();
        penalised[4] -= 0.5f + 2 * 0.25f;
        penalised[7] -= 0.5f + 0.25f;
        TokenCounts counts = new TokenCounts(new int[] {1, 1}, 2);
        List.of(4, 7, 4).forEach(counts::add);
        expectDistribution(
                sampling().setPresencePenalty(0.5f).setFrequencyPenalty(0.25f), counts, softmax(penalised, 1));
    }

    @Test
    void repetitionCountsPromptAndGeneratedOnce() {
        float[] penalised = logits.clone();
        penalised[1] /= 1.5f;
        penalised[2] *= 1.5f;
        TokenCounts counts = new TokenCounts(new int[] {1, 2}, 2);
        List.of(1, 1).forEach(counts::add);
        expectDistribution(sampling().setRepetitionPenalty(1.5f), counts, softmax(penalised, 1));
    }

    @Test
    void stopTokensAreNotDrawnBeforeMinTokens() {
        StoppingRule rule = new StoppingRule(Set.of(1), 3, 100);
        SequenceSampling sequence = new SequenceSampling(
                SamplingParameters.of(Sampling.getDefaultInstance()), rule, new TokenCounts(new int[0], 0));
        assertThat(sampler.draw(MemorySegment.ofArray(logits), 0, 2, sequence).token())
                .isEqualTo(4);
        assertThat(sampler.draw(MemorySegment.ofArray(logits), 0, 3, sequence).token())
                .isEqualTo(1);
    }

    @Test
    void logprobsAreThoseOfTheModelWhateverTheParameters() {
        TokenLogprob report = Objects.requireNonNull(sampler.draw(
                        MemorySegment.ofArray(logits),
                        0,
                        0,
                        sequence(
                                sampling().setTopK(1).setLogprobs(true).setTopLogprobs(3),
                                new TokenCounts(new int[0], 0)))
                .logprob());
        double[] all = softmax(logits, 1);
        assertThat(report.getLogprob()).isCloseTo((float) Math.log(all[1]), within(1e-6f));
        assertThat(report.getTopIdsList()).containsExactly(1, 4, 3);
        assertThat(report.getTopLogprobs(2)).isCloseTo((float) Math.log(all[3]), within(1e-6f));
    }

    @Test
    void brokenLogitsAreRefused() {
        for (float broken : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            float[] row = logits.clone();
            row[5] = broken;
            assertThatThrownBy(() -> sampler.draw(
                            MemorySegment.ofArray(row), 0, 0, sequence(sampling(), new TokenCounts(new int[0], 0))))
                    .isInstanceOf(BrokenLogitsException.class);
        }
    }

    @Test
    void parametersOutOfRangeAreNamed() {
        assertThatThrownBy(() -> SamplingParameters.of(
                        Sampling.newBuilder().setTopP(1.5f).build()))
                .hasMessageContaining("top_p = 1.5");
        assertThatThrownBy(() -> SamplingParameters.of(
                        Sampling.newBuilder().setTemperature(Float.NaN).build()))
                .hasMessageContaining("temperature");
    }

    private int draw(Sampling.Builder sampling, int index) {
        return sampler.draw(MemorySegment.ofArray(logits), 0, index, sequence(sampling, new TokenCounts(new int[0], 0)))
                .token();
    }

    private void expectDistribution(Sampling.Builder sampling, double[] expected) {
        expectDistribution(sampling, new TokenCounts(new int[0], 0), expected);
    }

    private void expectDistribution(Sampling.Builder sampling, TokenCounts counts, double[] expected) {
        SequenceSampling sequence = sequence(sampling.setSeed(99), counts);
        MemorySegment rows = MemorySegment.ofArray(logits);
        int[] drawn = new int[logits.length];
        for (int i = 0; i < DRAWS; i++) {
            drawn[sampler.draw(rows, 0, i, sequence).token()]++;
        }
        ChiSquare.check(sampling.toString(), drawn, expected);
    }

    private static SequenceSampling sequence(Sampling.Builder sampling, TokenCounts counts) {
        return new SequenceSampling(
                SamplingParameters.of(sampling.build()), new StoppingRule(Set.of(), 0, Integer.MAX_VALUE), counts);
    }

    private static Sampling.Builder sampling() {
        return Sampling.newBuilder().setTemperature(1);
    }

    private static double[] softmax(float[] logits, double temperature) {
        double[] weights = IntStream.range(0, logits.length)
                .mapToDouble(i -> Math.exp(logits[i] / temperature))
                .toArray();
        return normalised(weights);
    }

    private static double[] keep(double[] probabilities, int... tokens) {
        double[] kept = new double[probabilities.length];
        for (int token : tokens) {
            kept[token] = probabilities[token];
        }
        return normalised(kept);
    }

    private static double[] normalised(double[] weights) {
        double total =
                IntStream.range(0, weights.length).mapToDouble(i -> weights[i]).sum();
        return IntStream.range(0, weights.length)
                .mapToDouble(i -> weights[i] / total)
                .toArray();
    }
}
