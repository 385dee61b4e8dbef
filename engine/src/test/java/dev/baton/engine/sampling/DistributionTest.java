package dev.baton.engine.sampling;

import dev.baton.protocol.v1.Sampling;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Draws under many combinations of parameters follow the distribution that these define. */
class DistributionTest {
    private static final int DRAWS = 20_000;

    private final Random random = new Random(2);

    @Test
    void combinedParametersDrawFromTheDistributionTheyDefine() {
        for (int vocabulary : new int[] {7, 40, 300}) {
            for (int combination = 0; combination < 64; combination++) {
                check(vocabulary, combination);
            }
        }
    }

    /** Each bit of the combination turns one kind of parameter on. */
    private void check(int vocabulary, int combination) {
        float[] logits = new float[vocabulary];
        for (int i = 0; i < vocabulary; i++) {
            logits[i] = (float) (random.nextGaussian() * 2);
        }
        Sampling.Builder sampling =
                Sampling.newBuilder().setTemperature(0.6f + random.nextFloat()).setSeed(random.nextLong());
        if ((combination & 1) != 0) {
            sampling.setTopK(2 + random.nextInt(vocabulary - 3));
        }
        if ((combination & 2) != 0) {
            sampling.setTopP(0.3f + 0.69f * random.nextFloat());
        }
        if ((combination & 4) != 0) {
            sampling.setMinP(0.2f * random.nextFloat());
        }
        if ((combination & 8) != 0) {
            sampling.setRepetitionPenalty(1 + random.nextFloat());
        }
        if ((combination & 16) != 0) {
            sampling.setPresencePenalty(random.nextFloat()).setFrequencyPenalty(random.nextFloat() - 0.3f);
        }
        if ((combination & 32) != 0) {
            sampling.putLogitBias(random.nextInt(vocabulary), 3).putLogitBias(random.nextInt(vocabulary), -3);
        }
        List<Integer> prompt = tokens(vocabulary);
        List<Integer> generated = tokens(vocabulary);
        int[] drawn = draw(logits, sampling.build(), prompt, generated);
        ChiSquare.check(
                "vocabulary %d, combination %d".formatted(vocabulary, combination),
                drawn,
                ExactDistribution.of(logits, sampling.build(), prompt, generated));
    }

    private List<Integer> tokens(int vocabulary) {
        List<Integer> tokens = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            tokens.add(random.nextInt(vocabulary));
        }
        return tokens;
    }

    private static int[] draw(float[] logits, Sampling sampling, List<Integer> prompt, List<Integer> generated) {
        int[] known = Stream.concat(prompt.stream(), generated.stream())
                .mapToInt(Integer::intValue)
                .toArray();
        TokenCounts counts = new TokenCounts(known, prompt.size());
        SequenceSampling sequence = new SequenceSampling(
                SamplingParameters.of(sampling), new StoppingRule(Set.of(), 0, Integer.MAX_VALUE), counts);
        Sampler sampler = new Sampler(logits.length, new JavaLogitOps());
        int[] drawn = new int[logits.length];
        for (int i = 0; i < DRAWS; i++) {
            drawn[sampler.draw(MemorySegment.ofArray(logits), 0, i, sequence).token()]++;
        }
        return drawn;
    }
}
