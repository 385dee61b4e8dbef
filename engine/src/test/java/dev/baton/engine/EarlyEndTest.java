package dev.baton.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.EngineSettings.Role;
import dev.baton.engine.schedule.Goal;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Generation;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Sequences that are ended from outside: by a cancel, a deadline, or because the engine closes. */
class EarlyEndTest {
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

    @Test
    void tenCancelledLongPrefillsCostAShortRequestOneChunkAtMost() {
        Bench prefill = new Bench(Role.PREFILL, 64, 16, UnaryOperator.identity());
        List<Generation> longOnes = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            Generation generation = Bench.generation("long" + i, Bench.prompt(i, 200), 5);
            longOnes.add(generation);
            prefill.admit(generation, Goal.PREFILL);
        }
        prefill.loop.runOnce();
        longOnes.forEach(prefill::cancel);
        RecordingListener heard = prefill.admit(Bench.generation("short", Bench.prompt(77, 8), 5), Goal.PREFILL);
        prefill.loop.runOnce();
        assertThat(heard.tokens).hasSize(1);
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
