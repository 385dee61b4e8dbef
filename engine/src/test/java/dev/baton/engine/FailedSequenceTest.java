package dev.baton.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.EngineCommand.Work;
import dev.baton.engine.EngineSettings.Role;
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
        RecordingListener tooLong = small.admit(Bench.generation("a", Bench.prompt(3, 12), 5), Work.PREFILL_AND_DECODE);
        small.settle();
        assertThat(tooLong.failureCode()).isEqualTo(Failure.Code.NO_CAPACITY);
        Bench prefill = new Bench(Role.PREFILL, 8);
        RecordingListener wrongRole = prefill.admit(fine, Work.DECODE);
        prefill.settle();
        assertThat(wrongRole.failureCode()).isEqualTo(Failure.Code.BAD_REQUEST);
    }

    @Test
    void aSequenceThatOutgrowsTheWholePoolFailsWithNoCapacity() {
        Bench small = new Bench(Role.BOTH, 3);
        RecordingListener heard = small.admit(Bench.generation("a", Bench.prompt(3, 9), 50), Work.PREFILL_AND_DECODE);
        small.settle();
        assertThat(heard.tokens).hasSize(4);
        assertThat(heard.failureCode()).isEqualTo(Failure.Code.NO_CAPACITY);
    }

    @Test
    void theSameKeyTwiceIsRefusedAndTheFirstGoesOn() {
        Generation generation = Bench.generation("a", Bench.prompt(3, 10), 5);
        RecordingListener first = bench.admit(generation, Work.PREFILL_AND_DECODE);
        RecordingListener second = bench.admit(generation, Work.PREFILL_AND_DECODE);
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
        RecordingListener spared = faulty.admit(good, Work.PREFILL_AND_DECODE);
        RecordingListener failing = faulty.admit(Bench.generation("bad", unlucky, 5), Work.PREFILL_AND_DECODE);
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
        RecordingListener spared = faulty.admit(good, Work.PREFILL_AND_DECODE);
        RecordingListener failing = faulty.admit(Bench.generation("b", Bench.prompt(7, 8), 5), Work.PREFILL_AND_DECODE);
        faulty.settle();
        assertThat(failing.failureCode()).isEqualTo(Failure.Code.ENGINE_FAILED);
        assertThat(spared.tokens).isEqualTo(Bench.alone(good));
    }

    @Test
    void aListenerThatThrowsFailsItsOwnSequenceOnly() {
        RecordingListener throwing = new RecordingListener() {
            @Override
            public void token(int index, int token, @Nullable TokenLogprob logprob) {
                throw new IllegalStateException("no room");
            }
        };
        bench.incoming.add(target -> target.handle(new EngineCommand.Admit(
                Bench.generation("bad", Bench.prompt(1, 5), 5), Work.PREFILL_AND_DECODE, throwing)));
        RecordingListener spared =
                bench.admit(Bench.generation("good", Bench.prompt(2, 5), 5), Work.PREFILL_AND_DECODE);
        bench.settle();
        assertThat(throwing.failureCode()).isEqualTo(Failure.Code.ENGINE_FAILED);
        assertThat(spared.tokens).hasSize(5);
    }

    private Failure.Code refusal(Generation generation) {
        RecordingListener heard = bench.admit(generation, Work.PREFILL_AND_DECODE);
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
