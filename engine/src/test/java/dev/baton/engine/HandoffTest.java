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

    /** Of a pool of 32 blocks a quarter is leased at most: the prompt of 5 blocks is, and one of 4 ends its lease. */
    @Test
    void aPromptThatWasHandedOverStaysUntilItsAnswerHasEnded() {
        Bench prefill = new Bench(Role.PREFILL, 32);
        Generation kept = Bench.generation("kept", Bench.prompt(3, 20), 12);
        handOver(prefill, kept);
        fill(prefill, 40);
        assertThat(cachedOf(prefill, kept)).as("all else was evicted").isEqualTo(20 - Bench.BLOCK);
        prefill.letGo(kept);
        fill(prefill, 60);
        assertThat(cachedOf(prefill, kept)).as("the answer has ended").isZero();
    }

    @Test
    void whatIsKeptIsNeverMoreThanAQuarterOfThePool() {
        Bench prefill = new Bench(Role.PREFILL, 32);
        for (int i = 0; i < 12; i++) {
            handOver(prefill, Bench.generation("kept" + i, Bench.prompt(100 + i, 12), 5));
            EngineLoad load = prefill.loop.load();
            assertThat(load.blocks() - load.freeBlocks() - load.cachedBlocks()).isBetween(1, 8);
        }
    }

    @Test
    void whatIsKeptGivesWayToAPromptThatNeedsAllOfThePool() {
        Bench prefill = new Bench(Role.PREFILL, 32);
        handOver(prefill, Bench.generation("kept", Bench.prompt(3, 20), 12));
        RecordingListener whole =
                prefill.admit(Bench.generation("whole", Bench.prompt(4, 32 * Bench.BLOCK), 2), Goal.PREFILL);
        prefill.settle();
        assertThat(whole.tokens).hasSize(1);
    }

    @Test
    void whatIsKeptWaitsNoLongerThanItsTime() {
        Bench prefill = new Bench(Role.PREFILL, 32);
        handOver(prefill, Bench.generation("kept", Bench.prompt(3, 20), 12));
        prefill.millis += EngineSettings.Patience.DEFAULT.keep().toMillis();
        prefill.settle();
        EngineLoad load = prefill.loop.load();
        assertThat(load.freeBlocks() + load.cachedBlocks()).isEqualTo(32);
    }

    private static void handOver(Bench prefill, Generation generation) {
        prefill.admit(generation, Goal.PREFILL);
        prefill.settle();
        prefill.release(generation);
        prefill.settle();
    }

    /** Other prompts, whose answers have ended, until they have taken all that can be had. */
    private static void fill(Bench prefill, int seed) {
        for (int i = 0; i < 12; i++) {
            Generation other = Bench.generation("other" + i, Bench.prompt(seed + i, 24), 5);
            handOver(prefill, other);
            prefill.letGo(other);
            prefill.settle();
        }
    }

    private static int cachedOf(Bench prefill, Generation of) {
        Generation again = of.toBuilder().setRequestId("again").build();
        RecordingListener heard = prefill.admit(again, Goal.PREFILL);
        prefill.settle();
        prefill.release(again);
        prefill.letGo(again);
        prefill.settle();
        return heard.cachedTokens;
    }
}
