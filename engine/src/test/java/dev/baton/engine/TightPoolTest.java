package dev.baton.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.schedule.Goal;
import dev.baton.engine.simulated.SimulatedModel;
import dev.baton.engine.simulated.StepCost;
import dev.baton.protocol.v1.Generation;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** 64 streams over a pool as a small model has one in 8 MB: 42 blocks of 64 tokens, a ninth of what they need together. */
class TightPoolTest {
    private static final int STREAMS = 64;
    private static final int PROMPT = 300;
    private static final int ANSWER = 50;
    private static final int BLOCKS = 42;

    @Test
    void manyStreamsOverFewBlocksHaveTheirPromptsComputedOnce() {
        SimulatedModel model = new SimulatedModel("small", Bench.VOCAB, 2_048, Set.of(), 3, 64, StepCost.NONE);
        try (Bench bench = new Bench(model, EngineSettings.decode(), BLOCKS, UnaryOperator.identity())) {
            List<RecordingListener> streams = new ArrayList<>();
            for (int i = 0; i < STREAMS; i++) {
                List<Integer> prompt =
                        new Random(i).ints(PROMPT, 0, Bench.VOCAB).boxed().toList();
                Generation generation = Bench.generation("r" + i, prompt, ANSWER);
                streams.add(bench.admit(generation, Goal.PREFILL_AND_DECODE));
            }
            bench.settle();
            assertThat(streams).allMatch(stream -> stream.finish != null && stream.tokens.size() == ANSWER);
            int rows = bench.reports.stream()
                    .mapToInt(EngineListener.StepReport::prefillRows)
                    .sum();
            assertThat((double) rows / (STREAMS * PROMPT)).isBetween(1.0, 1.05);
        }
    }
}
