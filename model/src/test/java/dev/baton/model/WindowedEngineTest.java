package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.Bench;
import dev.baton.engine.EngineSettings;
import dev.baton.engine.OpenModel;
import dev.baton.engine.RecordingListener;
import dev.baton.engine.schedule.Goal;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Stopping;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** A model all of whose layers attend within a window of 24 tokens gives back what lies before it. */
class WindowedEngineTest {
    private static final int BLOCK = 8;
    private static final int WINDOW = 24;
    private static final int VOCAB = 128;

    /** Blocks that a window and the row before it touch, and the one that is being filled. */
    private static final int MOST_HELD = WINDOW / BLOCK + 2;

    private static OpenModel open(String family) throws IOException {
        return Models.open(
                new ModelSettings(
                        Reference.RESOURCES.resolve("families").resolve(family), family, DtypeChoice.BF16, 1, BLOCK),
                (done, of) -> {});
    }

    private static Bench bench(OpenModel model, int blocks) {
        EngineSettings settings =
                new EngineSettings(EngineSettings.Role.BOTH, 3, 3 + 2 * BLOCK, 64, EngineSettings.Patience.DEFAULT);
        return new Bench(model, settings, blocks, UnaryOperator.identity());
    }

    private static Generation generation(String id, int seed, int tokens) {
        List<Integer> prompt = new Random(seed).ints(seed + 9, 3, VOCAB).boxed().toList();
        return Bench.generation(id, prompt, tokens).toBuilder()
                .setStopping(Stopping.newBuilder().setMinTokens(tokens).setMaxTokens(tokens))
                .build();
    }

    private static int held(Bench bench) {
        return bench.load().blocks() - bench.load().freeBlocks() - bench.load().cachedBlocks();
    }

    private static List<Integer> alone(OpenModel model, Generation generation) {
        try (Bench bench = bench(model, 64)) {
            RecordingListener listener = bench.admit(generation, Goal.PREFILL_AND_DECODE);
            bench.settle();
            return listener.tokens;
        }
    }

    /** What is given back is written by others meanwhile: with three answers of 25 blocks in 28. */
    @Test
    void aLongAnswerHoldsTheBlocksOfItsWindowAndHasTheBitsThatItHasAlone() throws IOException {
        try (OpenModel model = open("mistral");
                Bench bench = bench(model, 28)) {
            List<Generation> generations = new ArrayList<>();
            List<RecordingListener> heard = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                generations.add(generation("g" + i, i, 190));
                heard.add(bench.admit(generations.get(i), Goal.PREFILL_AND_DECODE));
            }
            int most = 0;
            while (bench.runOnce()) {
                bench.checkIntegrity();
                most = Math.max(most, held(bench));
            }
            assertThat(most).isBetween(3 * (MOST_HELD - 1), 3 * MOST_HELD);
            assertThat(bench.evicted)
                    .as("blocks that were given back are written again")
                    .hasSizeGreaterThan(30);
            for (int i = 0; i < 3; i++) {
                assertThat(heard.get(i).tokens).hasSize(190).isEqualTo(alone(model, generations.get(i)));
            }
        }
    }

    /** Of 18 blocks some were written again: what is not found from the start on is computed. */
    @Test
    void anAnswerWhoseFirstBlocksAreGoneGoesOnAfterItsWorkersDeath() throws IOException {
        try (OpenModel model = open("mistral")) {
            Generation whole = generation("g", 5, 120);
            List<Integer> tokens = alone(model, whole);
            for (int blocks : new int[] {18, 64}) {
                try (Bench bench = bench(model, blocks)) {
                    RecordingListener first = bench.admit(whole, Goal.PREFILL_AND_DECODE);
                    RecordingListener beside = bench.admit(generation("beside", 2, 100), Goal.PREFILL_AND_DECODE);
                    while (first.tokens.size() < 90) {
                        assertThat(bench.runOnce()).isTrue();
                    }
                    assertThat(beside.tokens).isNotEmpty();
                    bench.cancel(whole);
                    Generation again = whole.toBuilder()
                            .setRequestId("again")
                            .addAllAccepted(tokens.subList(0, 90))
                            .build();
                    RecordingListener second = bench.admit(again, Goal.PREFILL_AND_DECODE);
                    bench.settle();
                    assertThat(second.tokens).isEqualTo(tokens.subList(90, 120));
                    assertThat(second.cachedTokens == 96)
                            .as("%d of 103 tokens are cached with %d blocks", second.cachedTokens, blocks)
                            .isEqualTo(blocks == 64);
                }
            }
        }
    }

    @Test
    void whereSomeLayersSeeEverythingNothingIsGivenBack() throws IOException {
        try (OpenModel model = open("gemma2");
                Bench bench = bench(model, 28)) {
            assertThat(model.layout(1).groups()).anyMatch(group -> group.window() > 0);
            RecordingListener listener = bench.admit(generation("g", 1, 100), Goal.PREFILL_AND_DECODE);
            while (listener.tokens.size() < 99) {
                assertThat(bench.runOnce()).isTrue();
            }
            assertThat(held(bench)).isEqualTo((10 + 99 + BLOCK - 1) / BLOCK);
        }
    }
}
