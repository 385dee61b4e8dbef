package dev.baton.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.EngineSettings.Role;
import dev.baton.engine.schedule.Goal;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Generation;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** One sequence on two engines: what prefill hands over, who holds blocks and for how long. */
class HandoffTest {
    @Test
    void prefillHandsItsKvAndFirstTokenToADecoderWhichMakesTheSameTokens() {
        Generation generation = Bench.generation("a", Bench.prompt(3, 22), 12);
        Bench prefill = new Bench(Role.PREFILL, 16);
        Bench decode = new Bench(Role.DECODE, 16);
        RecordingListener sender = prefill.admit(generation, Goal.PREFILL);
        RecordingListener receiver = decode.admit(generation, Goal.DECODE);
        prefill.settle();
        decode.settle();
        assertThat(receiver.events).containsExactly("reserved");
        assertThat(sender.tokens).hasSize(1);
        prefill.copyKv(sender.blocks, decode, receiver.blocks);
        decode.arrived(generation, sender.tokens.getFirst());
        prefill.release(generation);
        prefill.settle();
        decode.settle();
        List<Integer> all = new ArrayList<>(sender.tokens);
        all.addAll(receiver.tokens);
        assertThat(all).isEqualTo(Bench.alone(generation));
        assertThat(receiver.firstIndex).isEqualTo(1);
        assertThat(prefill.loop.load().freeBlocks()).isEqualTo(16 - 5);
        assertThat(prefill.loop.load().cachedBlocks()).isEqualTo(5);
    }

    @Test
    void theRunnerTakesBlocksOverBeforeTheyDecodeAndFailsTheirSequenceWhereItCannot() {
        List<String> calls = new ArrayList<>();
        for (boolean able : List.of(true, false)) {
            Generation generation = Bench.generation("a", Bench.prompt(3, 9), 3);
            Bench decode = new Bench(Role.DECODE, 8, 8, runner -> new WrappedRunner(runner) {
                @Override
                public void arrived(int[] blocks) {
                    calls.add("arrived" + blocks.length);
                    if (!able) {
                        throw new IllegalStateException("no way in");
                    }
                }

                @Override
                public MemorySegment forward(List<Slice> slices, LayerProgress progress) {
                    calls.add("forward");
                    return super.forward(slices, progress);
                }
            });
            RecordingListener heard = decode.admit(generation, Goal.DECODE);
            decode.settle();
            decode.arrived(generation, 5);
            decode.settle();
            assertThat(heard.failureCode())
                    .isEqualTo(able ? Failure.Code.CODE_UNSPECIFIED : Failure.Code.ENGINE_FAILED);
        }
        assertThat(calls).containsExactly("arrived3", "forward", "forward", "arrived3");
    }

    @Test
    void cancelledReservedBlocksAreQuarantinedUntilRelease() {
        Bench decode = new Bench(Role.DECODE, 8);
        Generation generation = Bench.generation("a", Bench.prompt(3, 22), 12);
        RecordingListener heard = decode.admit(generation, Goal.DECODE);
        decode.settle();
        decode.cancel(generation);
        decode.settle();
        assertThat(heard.failureCode()).isEqualTo(Failure.Code.CANCELLED);
        assertThat(decode.loop.load().freeBlocks()).isEqualTo(2);
        decode.release(generation);
        decode.settle();
        assertThat(decode.loop.load().freeBlocks()).isEqualTo(8);
    }

    @Test
    void aPreemptedHandoffIsRecomputedWhereItDecodes() {
        Bench decode = new Bench(Role.DECODE, 9);
        Generation first = Bench.generation("first", Bench.prompt(1, 9), 20);
        Generation second = Bench.generation("second", Bench.prompt(2, 9), 20);
        List<RecordingListener> receivers = new ArrayList<>();
        for (Generation generation : List.of(first, second)) {
            Bench prefill = new Bench(Role.PREFILL, 16);
            RecordingListener sender = prefill.admit(generation, Goal.PREFILL);
            prefill.settle();
            RecordingListener receiver = decode.admit(generation, Goal.DECODE);
            receivers.add(receiver);
            decode.loop.runOnce();
            prefill.copyKv(sender.blocks, decode, receiver.blocks);
            decode.arrived(generation, sender.tokens.getFirst());
        }
        decode.settle();
        assertThat(receivers.get(0).tokens).isEqualTo(Bench.alone(first).subList(1, 20));
        assertThat(receivers.get(1).tokens).isEqualTo(Bench.alone(second).subList(1, 20));
        assertThat(decode.reports).anyMatch(report -> report.prefillRows() > 0);
    }

    @Test
    void layersAreToldChunkByChunkAndTheLastChunkIsAnnouncedBeforeItIsComputed() {
        Bench prefill = new Bench(Role.PREFILL, 64);
        RecordingListener heard = prefill.admit(Bench.generation("a", Bench.prompt(3, 30), 5), Goal.PREFILL);
        prefill.settle();
        assertThat(heard.events)
                .containsExactly(
                        "prefillStarted",
                        "layer0[0,20)",
                        "layer1[0,20)",
                        "layer2[0,20)",
                        "lastChunkStarted",
                        "layer0[20,30)",
                        "layer1[20,30)",
                        "layer2[20,30)",
                        "token0");
    }

    @Test
    void aFirstTokenThatEndsTheSequenceFinishesBothSides() {
        Generation one = Bench.generation("a", Bench.prompt(3, 10), 1);
        Bench prefill = new Bench(Role.PREFILL, 8);
        Bench decode = new Bench(Role.DECODE, 8);
        RecordingListener sender = prefill.admit(one, Goal.PREFILL);
        RecordingListener receiver = decode.admit(one, Goal.DECODE);
        prefill.settle();
        decode.settle();
        assertThat(sender.events).endsWith("token0", "finished");
        assertThat(prefill.loop.load().freeBlocks()).as("held until released").isEqualTo(5);
        decode.arrived(one, sender.tokens.getFirst());
        decode.settle();
        assertThat(receiver.events).containsExactly("reserved", "finished");
        prefill.release(one);
        prefill.settle();
        assertThat(prefill.loop.load().cachedBlocks()).isEqualTo(2);
    }

    @Test
    void releaseBeforeThePrefillEndsMeansItsBlocksAreNotHeld() {
        Bench prefill = new Bench(Role.PREFILL, 8);
        Generation generation = Bench.generation("a", Bench.prompt(3, 30), 5);
        prefill.admit(generation, Goal.PREFILL);
        prefill.loop.runOnce();
        prefill.release(generation);
        prefill.settle();
        assertThat(prefill.loop.load().freeBlocks() + prefill.loop.load().cachedBlocks())
                .isEqualTo(8);
    }

    @Test
    void heldBlocksThatNobodyReleasesComeBackAfterTheHoldLimit() {
        Bench prefill = new Bench(Role.PREFILL, 8);
        RecordingListener heard = prefill.admit(Bench.generation("a", Bench.prompt(3, 10), 5), Goal.PREFILL);
        prefill.settle();
        prefill.millis += EngineSettings.Patience.DEFAULT.hold().toMillis() - 1;
        prefill.settle();
        assertThat(heard.failure).isNull();
        prefill.millis += 1;
        prefill.settle();
        assertThat(heard.failureCode()).isEqualTo(Failure.Code.DEADLINE_EXCEEDED);
        assertThat(prefill.loop.load().freeBlocks()).isEqualTo(6);
    }
}
