package dev.baton.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.EngineSettings.Role;
import dev.baton.engine.schedule.Goal;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.TokenLogprob;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sequences that cannot be taken or go on fail with the reason, and fail alone. */
class FailedSequenceTest {
    private final Bench bench = new Bench(Role.BOTH, 64);

    @Test
    void requestsThatCannotBeServedAreRefusedWithTheReason() {
        Generation fine = Bench.generation("a", Bench.prompt(3, 10), 5);
        assertThat(refusal(fine.toBuilder().clearPrompt().build())).isEqualTo(Failure.Code.BAD_REQUEST);
        assertThat(refusal(fine.toBuilder().addPrompt(Bench.VOCAB).build())).isEqualTo(Failure.Code.BAD_REQUEST);
        assertThat(refusal(fine.toBuilder().addPrompt(-1).build())).isEqualTo(Failure.Code.BAD_REQUEST);
        assertThat(refusal(fine.toBuilder().addAllPrompt(Bench.prompt(4, 246)).build()))
                .isEqualTo(Failure.Code.BAD_REQUEST);
        assertThat(refusal(fine.toBuilder().setModelFingerprint(1).build())).isEqualTo(Failure.Code.MODEL_MISMATCH);
        assertThat(refusal(withTemperature(fine, -1))).isEqualTo(Failure.Code.BAD_REQUEST);
        Bench small = new Bench(Role.BOTH, 3);
        RecordingListener tooLong = small.admit(Bench.generation("a", Bench.prompt(3, 12), 5), Goal.PREFILL_AND_DECODE);
        small.settle();
        assertThat(tooLong.failureCode()).isEqualTo(Failure.Code.NO_CAPACITY);
        Bench prefill = new Bench(Role.PREFILL, 8);
        RecordingListener wrongRole = prefill.admit(fine, Goal.DECODE);
        prefill.settle();
        assertThat(wrongRole.failureCode()).isEqualTo(Failure.Code.BAD_REQUEST);
    }

    @Test
    void aSequenceThatOutgrowsTheWholePoolFailsWithNoCapacity() {
        Bench small = new Bench(Role.BOTH, 3);
        RecordingListener heard = small.admit(Bench.generation("a", Bench.prompt(3, 9), 50), Goal.PREFILL_AND_DECODE);
        small.settle();
        assertThat(heard.tokens).hasSize(4);
        assertThat(heard.failureCode()).isEqualTo(Failure.Code.NO_CAPACITY);
    }

    @Test
    void theSameKeyTwiceIsRefusedAndTheFirstGoesOn() {
        Generation generation = Bench.generation("a", Bench.prompt(3, 10), 5);
        RecordingListener first = bench.admit(generation, Goal.PREFILL_AND_DECODE);
        RecordingListener second = bench.admit(generation, Goal.PREFILL_AND_DECODE);
        bench.settle();
        assertThat(second.failureCode()).isEqualTo(Failure.Code.BAD_REQUEST);
        assertThat(first.tokens).hasSize(5);
    }

    @Test
    void aSequenceWhoseComputationThrowsFailsAlone() {
        Bench faulty = new Bench(Role.BOTH, 64, 8, runner -> new WrappedRunner(runner) {
            @Override
            public MemorySegment forward(List<Slice> slices, LayerProgress progress) {
                if (slices.stream()
                        .anyMatch(
                                slice -> slice.position() == 0 && slice.tokens()[0] == 13 && slice.tokens()[1] == 13)) {
                    throw new IllegalStateException("no luck");
                }
                return super.forward(slices, progress);
            }
        });
        List<Integer> unlucky = new ArrayList<>(Bench.prompt(1, 10));
        unlucky.set(0, 13);
        unlucky.set(1, 13);
        Generation good = Bench.generation("good", Bench.prompt(6, 10), 5);
        RecordingListener spared = faulty.admit(good, Goal.PREFILL_AND_DECODE);
        RecordingListener failing = faulty.admit(Bench.generation("bad", unlucky, 5), Goal.PREFILL_AND_DECODE);
        faulty.settle();
        assertThat(failing.failureCode()).isEqualTo(Failure.Code.ENGINE_FAILED);
        assertThat(String.valueOf(failing.failure)).contains("step 1 (0 decode rows, 20 prompt rows): no luck");
        assertThat(spared.tokens).isEqualTo(Bench.alone(good));
        assertThat(spared.events).doesNotHaveDuplicates();
    }

    @Test
    void aSequenceWithBrokenLogitsFailsAlone() {
        Bench faulty = new Bench(Role.BOTH, 64, 8, runner -> new WrappedRunner(runner) {
            @Override
            public MemorySegment forward(List<Slice> slices, LayerProgress progress) {
                MemorySegment logits = super.forward(slices, progress);
                logits.set(ValueLayout.JAVA_FLOAT, 4L * (Bench.VOCAB + 5), Float.NaN);
                return logits;
            }
        });
        Generation good = Bench.generation("good", Bench.prompt(6, 8), 5);
        RecordingListener spared = faulty.admit(good, Goal.PREFILL_AND_DECODE);
        RecordingListener failing = faulty.admit(Bench.generation("b", Bench.prompt(7, 8), 5), Goal.PREFILL_AND_DECODE);
        faulty.settle();
        assertThat(failing.failureCode()).isEqualTo(Failure.Code.ENGINE_FAILED);
        assertThat(spared.tokens).isEqualTo(Bench.alone(good));
    }

    /** Breaks the logits of each batch's last sequence while it is told to. */
    private static final class Breaking extends WrappedRunner {
        private boolean broken = true;
        private int passes;

        Breaking(ModelRunner inner) {
            super(inner);
        }

        @Override
        public MemorySegment forward(List<Slice> slices, LayerProgress progress) {
            passes++;
            MemorySegment logits = super.forward(slices, progress);
            if (broken && slices.getLast().logits()) {
                long rows = slices.stream().filter(Slice::logits).count();
                logits.setAtIndex(ValueLayout.JAVA_FLOAT, rows * Bench.VOCAB - 2, Float.NaN);
            }
            return logits;
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 9, 30})
    void nobodyFindsTheBlocksOfAPromptWhoseLogitsAreBroken(int length) {
        Breaking[] runner = new Breaking[1];
        Bench faulty = new Bench(Role.BOTH, 64, 8, inner -> runner[0] = new Breaking(inner));
        List<Integer> prompt = Bench.prompt(6, length);
        RecordingListener failing = faulty.admit(Bench.generation("bad", prompt, 5), Goal.PREFILL_AND_DECODE);
        faulty.settle();
        assertThat(failing.failureCode()).isEqualTo(Failure.Code.ENGINE_FAILED);
        assertThat(runner[0].passes).isEqualTo(Math.ceilDiv(length, 20));
        assertThat(faulty.cached).isEmpty();
        runner[0].broken = false;
        RecordingListener next = faulty.admit(Bench.generation("next", prompt, 5), Goal.PREFILL_AND_DECODE);
        faulty.settle();
        assertThat(next.cachedTokens).isZero();
        assertThat(next.tokens).isEqualTo(Bench.alone(Bench.generation("next", prompt, 5)));
    }

    @Test
    void aCachedPrefixThatGivesBrokenLogitsIsForgottenAndItsOtherReaderGoesOn() {
        Breaking[] runner = new Breaking[1];
        Bench faulty = new Bench(Role.BOTH, 64, 8, inner -> runner[0] = new Breaking(inner));
        runner[0].broken = false;
        List<Integer> prompt = Bench.prompt(6, 17);
        RecordingListener reader = faulty.admit(Bench.generation("a", prompt, 30), Goal.PREFILL_AND_DECODE);
        faulty.loop.runOnce();
        assertThat(faulty.cached).hasSize(4);
        RecordingListener failing = faulty.admit(Bench.generation("b", prompt, 5), Goal.PREFILL);
        runner[0].broken = true;
        faulty.loop.runOnce();
        runner[0].broken = false;
        assertThat(failing.failureCode()).isEqualTo(Failure.Code.ENGINE_FAILED);
        assertThat(failing.cachedTokens).isEqualTo(16);
        assertThat(faulty.evicted).containsAll(faulty.cached.subList(0, 4));
        faulty.settle();
        assertThat(reader.tokens).isEqualTo(Bench.alone(Bench.generation("a", prompt, 30)));
        RecordingListener next = faulty.admit(Bench.generation("c", prompt, 5), Goal.PREFILL_AND_DECODE);
        faulty.settle();
        assertThat(next.cachedTokens).isZero();
    }

    @Test
    void aListenerThatThrowsFailsItsOwnSequenceOnly() {
        RecordingListener throwing = new RecordingListener() {
            @Override
            public void token(int index, int token, @Nullable TokenLogprob logprob) {
                throw new IllegalStateException("no room");
            }
        };
        bench.incoming.add(new EngineCommand.Admit(
                Bench.generation("bad", Bench.prompt(1, 5), 5), Goal.PREFILL_AND_DECODE, throwing));
        RecordingListener spared =
                bench.admit(Bench.generation("good", Bench.prompt(2, 5), 5), Goal.PREFILL_AND_DECODE);
        bench.settle();
        assertThat(throwing.failureCode()).isEqualTo(Failure.Code.ENGINE_FAILED);
        assertThat(spared.tokens).hasSize(5);
    }

    private Failure.Code refusal(Generation generation) {
        RecordingListener heard = bench.admit(generation, Goal.PREFILL_AND_DECODE);
        bench.settle();
        assertThat(heard.events).containsExactly("failed");
        return heard.failureCode();
    }

    private static Generation withTemperature(Generation generation, float temperature) {
        return generation.toBuilder()
                .setSampling(Sampling.newBuilder().setTemperature(temperature).setSeed(31))
                .build();
    }
}
