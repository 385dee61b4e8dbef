package dev.baton.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.EngineSettings.Role;
import dev.baton.engine.schedule.Goal;
import dev.baton.engine.simulated.SimulatedModel;
import dev.baton.engine.simulated.StepCost;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Generation;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sequences that are ended from outside: by a cancel, a deadline, or because the engine closes. */
class EarlyEndTest {
    private static final int BLOCK_TOKENS = 64;

    private final Bench bench = new Bench(Role.BOTH, 64);

    @Test
    void aSequenceCanBeCancelledInEveryPhaseAndLeavesNothingBehind() {
        for (int turns = 0; turns < 12; turns++) {
            for (Goal work : Goal.values()) {
                Bench cancelled = new Bench(Role.BOTH, 16);
                Generation generation = Bench.generation("a", Bench.prompt(3, 42), 6);
                RecordingListener heard = cancelled.admit(generation, work);
                for (int i = 0; i < turns; i++) {
                    cancelled.loop.runOnce();
                }
                cancelled.cancel(generation);
                cancelled.settle();
                assertThat(heard.ended()).isTrue();
                cancelled.release(generation);
                cancelled.settle();
                assertThat(cancelled.loop.load().freeBlocks()
                                + cancelled.loop.load().cachedBlocks())
                        .isEqualTo(16);
            }
        }
    }

    @Test
    void aCancelBetweenLayersIsHeardAtOnceAndSparesTheBatch() {
        Generation cancelled = Bench.generation("cancelled", Bench.prompt(1, 6), 5);
        Generation other = Bench.generation("other", Bench.prompt(2, 6), 5);
        RecordingListener[] heard = new RecordingListener[1];
        List<String> seenAtLaterLayers = new ArrayList<>();
        Bench[] self = new Bench[1];
        self[0] = new Bench(Role.BOTH, 32, 8, runner -> new WrappedRunner(runner) {
            @Override
            public MemorySegment forward(List<Slice> slices, LayerProgress progress) {
                return super.forward(slices, layer -> {
                    if (layer == 0) {
                        self[0].cancel(cancelled);
                    } else if (layer == 2) {
                        seenAtLaterLayers.add(heard[0].events.getLast());
                    }
                    progress.layerDone(layer);
                });
            }
        });
        heard[0] = self[0].admit(cancelled, Goal.PREFILL_AND_DECODE);
        RecordingListener spared = self[0].admit(other, Goal.PREFILL_AND_DECODE);
        self[0].settle();
        assertThat(seenAtLaterLayers).isNotEmpty().containsOnly("failed");
        assertThat(spared.tokens).isEqualTo(Bench.alone(other));
    }

    /** A prefill worker's chunks; the cancels and the short request come while one of them is being computed. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 15, 16, 40})
    void tenCancelledPromptsOf8192TokensCostAShortRequestTheChunkThatRunsAtMost(int chunksBefore) {
        EngineSettings settings = EngineSettings.prefill(Device.CPU);
        SimulatedModel model = new SimulatedModel("toy", Bench.VOCAB, 10_000, Set.of(), 3, BLOCK_TOKENS, StepCost.NONE);
        List<Generation> longOnes = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            longOnes.add(Bench.generation("long" + i, Bench.prompt(i, 8_192), 5));
        }
        Generation small = Bench.generation("short", Bench.prompt(77, 8), 5);
        List<RecordingListener> heard = new ArrayList<>();
        Bench[] self = new Bench[1];
        self[0] = new Bench(model, settings, 10 * 8_192 / BLOCK_TOKENS + 10, runner -> new WrappedRunner(runner) {
            private int chunks;

            @Override
            public MemorySegment forward(List<Slice> slices, LayerProgress progress) {
                boolean strikes = chunks++ == chunksBefore;
                return super.forward(slices, layer -> {
                    if (strikes && layer == 1) {
                        longOnes.forEach(self[0]::cancel);
                        heard.add(self[0].admit(small, Goal.PREFILL));
                    }
                    progress.layerDone(layer);
                });
            }
        });
        longOnes.forEach(generation -> self[0].admit(generation, Goal.PREFILL));
        while (heard.isEmpty()) {
            self[0].loop.runOnce();
        }
        while (heard.getFirst().tokens.isEmpty()) {
            self[0].loop.runOnce();
        }
        List<Integer> rows = self[0].reports.stream()
                .map(EngineListener.StepReport::prefillRows)
                .filter(each -> each > 0)
                .skip(chunksBefore)
                .toList();
        assertThat(rows).containsExactly(settings.stepTokens(), small.getPromptCount());
        longOnes.forEach(self[0]::release);
        self[0].release(small);
        self[0].settle();
        assertThat(self[0].loop.load().freeBlocks() + self[0].loop.load().cachedBlocks())
                .isEqualTo(self[0].loop.load().blocks());
    }

    @Test
    void deadlinesEndSequencesInEveryPhaseAfterTheSlack() {
        for (Goal work : Goal.values()) {
            Bench slow = new Bench(Role.BOTH, 64);
            Generation generation = Bench.generation("a", Bench.prompt(3, 200), 50).toBuilder()
                    .setDeadlineMs(slow.millis + 1_000)
                    .build();
            RecordingListener heard = slow.admit(generation, work);
            slow.loop.runOnce();
            slow.millis += 1_499;
            slow.loop.runOnce();
            assertThat(heard.failure).isNull();
            slow.millis += 1;
            slow.settle();
            assertThat(heard.failureCode()).isEqualTo(Failure.Code.DEADLINE_EXCEEDED);
            slow.release(generation);
            slow.settle();
            assertThat(slow.loop.load().freeBlocks() + slow.loop.load().cachedBlocks())
                    .isEqualTo(64);
        }
    }

    @Test
    void closingEndsEverySequence() {
        RecordingListener running = bench.admit(Bench.generation("a", Bench.prompt(1, 8), 50), Goal.PREFILL_AND_DECODE);
        RecordingListener reserved = bench.admit(Bench.generation("b", Bench.prompt(2, 8), 50), Goal.DECODE);
        bench.loop.runOnce();
        RecordingListener late = bench.admit(Bench.generation("c", Bench.prompt(2, 8), 50), Goal.DECODE);
        bench.loop.close(Admission.failure(Failure.Code.SHUTTING_DOWN, "closing"));
        for (RecordingListener heard : List.of(running, reserved, late)) {
            assertThat(heard.failureCode()).isEqualTo(Failure.Code.SHUTTING_DOWN);
        }
    }
}
