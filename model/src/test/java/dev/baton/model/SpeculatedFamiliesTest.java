package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.Bench;
import dev.baton.engine.EngineListener.StepReport;
import dev.baton.engine.EngineSettings;
import dev.baton.engine.EngineSettings.Patience;
import dev.baton.engine.EngineSettings.Role;
import dev.baton.engine.OpenModel;
import dev.baton.engine.RecordingListener;
import dev.baton.engine.draft.Speculation;
import dev.baton.engine.draft.Speculation.Mode;
import dev.baton.engine.schedule.Goal;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.ModelSettings.Precision;
import dev.baton.model.ModelSettings.WeightChoice;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.Stopping;
import dev.baton.protocol.v1.TokenLogprob;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every family, each way to sample, in several batches, with one thread and two, with KV and weights of each kind: an answer
 * has the same tokens, and logprobs of the same bits, with guesses and without.
 */
class SpeculatedFamiliesTest {
    private static final int BLOCK = 8;
    private static final int TOKENS = 40;
    private static final int VOCAB = 100;

    /** Keeps log-probabilities too. */
    private static final class Hearing extends RecordingListener {
        final List<@Nullable TokenLogprob> logprobs = new ArrayList<>();

        @Override
        public void token(int index, int token, @Nullable TokenLogprob logprob) {
            super.token(index, token, logprob);
            logprobs.add(logprob);
        }
    }

    private record Outcome(List<Hearing> heard, int guesses, int accepted) {}

    static Stream<String> families() throws IOException {
        return FamiliesContract.families();
    }

    @ParameterizedTest
    @MethodSource("families")
    void answersAreTheSameWithGuessesAndWithout(String family) throws IOException {
        Path folder = Reference.RESOURCES.resolve("families").resolve(family);
        int guesses = 0;
        int accepted = 0;
        for (Precision precision : List.of(
                new Precision(DtypeChoice.BF16, WeightChoice.STORED),
                new Precision(DtypeChoice.F32, WeightChoice.INT8),
                new Precision(DtypeChoice.BF16, WeightChoice.W8A8),
                new Precision(DtypeChoice.BF16, WeightChoice.INT4))) {
            for (int threads : new int[] {1, 2}) {
                try (OpenModel model =
                        Models.open(new ModelSettings(folder, family, precision, threads, BLOCK), (done, of) -> {})) {
                    for (Sampling sampling : samplings()) {
                        for (int batch : new int[] {1, 3}) {
                            List<Hearing> without =
                                    run(model, Speculation.OFF, sampling, batch).heard();
                            for (Mode mode : List.of(Mode.ON, Mode.AUTO)) {
                                Outcome with = run(model, new Speculation(mode, 7), sampling, batch);
                                for (int i = 0; i < batch; i++) {
                                    Hearing one = with.heard().get(i);
                                    assertThat(one.tokens)
                                            .as("%s %s %d threads, %d of %d", mode, precision, threads, i, batch)
                                            .isEqualTo(without.get(i).tokens)
                                            .hasSize(TOKENS);
                                    assertThat(one.logprobs).isEqualTo(without.get(i).logprobs);
                                }
                                guesses += with.guesses();
                                accepted += with.accepted();
                            }
                        }
                    }
                }
            }
        }
        assertThat(accepted).as("right guesses").isPositive();
        assertThat(guesses).as("wrong guesses").isGreaterThan(accepted);
    }

    private static List<Sampling> samplings() {
        Sampling logged =
                Sampling.newBuilder().setLogprobs(true).setTopLogprobs(2).build();
        return List.of(
                logged,
                logged.toBuilder()
                        .setTemperature(0.3F)
                        .setTopP(0.9F)
                        .setSeed(11)
                        .build(),
                logged.toBuilder()
                        .setTemperature(0.3F)
                        .setSeed(12)
                        .setRepetitionPenalty(1.02F)
                        .setFrequencyPenalty(0.05F)
                        .build());
    }

    private static Outcome run(OpenModel model, Speculation speculation, Sampling sampling, int batch) {
        EngineSettings settings = new EngineSettings(Role.BOTH, 4, 64, 64, Patience.DEFAULT, speculation);
        try (Bench bench = new Bench(model, settings, 128, UnaryOperator.identity())) {
            List<Hearing> heard = new ArrayList<>();
            for (int i = 0; i < batch; i++) {
                Hearing listener = new Hearing();
                heard.add(listener);
                bench.admit(generation(i, sampling), Goal.PREFILL_AND_DECODE, listener);
            }
            bench.settle();
            bench.checkIntegrity();
            return new Outcome(
                    heard,
                    bench.reports.stream().mapToInt(StepReport::guesses).sum(),
                    bench.reports.stream().mapToInt(StepReport::accepted).sum());
        }
    }

    /** A prompt that says the same thing twice. */
    private static Generation generation(int i, Sampling sampling) {
        List<Integer> once = new Random(i).ints(14, 3, VOCAB).boxed().toList();
        List<Integer> prompt = new ArrayList<>(once);
        prompt.addAll(once.subList(0, 9 + i));
        return Bench.generation("r" + i, prompt, TOKENS).toBuilder()
                .setSampling(sampling)
                .setStopping(Stopping.newBuilder().setMaxTokens(TOKENS).setIgnoreEos(true))
                .build();
    }
}
