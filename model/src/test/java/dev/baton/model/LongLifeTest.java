package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.ModelRunner;
import dev.baton.engine.OpenModel;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.ModelSettings.Precision;
import dev.baton.model.ModelSettings.WeightChoice;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@EnabledOnOs(OS.LINUX)
class LongLifeTest {
    private static final MethodHandle MALLINFO = Linker.nativeLinker()
            .downcallHandle(
                    Linker.nativeLinker().defaultLookup().findOrThrow("mallinfo2"),
                    FunctionDescriptor.of(
                            MemoryLayout.structLayout(MemoryLayout.sequenceLayout(10, ValueLayout.JAVA_LONG))));

    private static final long LIMIT = 2 << 20;

    /** Java's own compilers take megabytes now and then; a leak shows in every round. */
    private static final int ROUNDS = 4;

    /** Every model here has more tokens than that. */
    private static final int VOCABULARY = 90;

    @ParameterizedTest
    @CsvSource({"STORED, 10000", "W8A8, 3000"})
    void thousandsOfStepsOfSequencesThatComeAndGoLeaveNativeMemoryFlat(WeightChoice weights, int count)
            throws Throwable {
        stepsLeaveMemoryFlat(Reference.DEMO, weights, count);
    }

    @ParameterizedTest
    @ValueSource(strings = {"mixtral", "qwen3-moe"})
    void soDoStepsThroughRoutedExperts(String family) throws Throwable {
        stepsLeaveMemoryFlat(Reference.RESOURCES.resolve("families").resolve(family), WeightChoice.STORED, 3_000);
    }

    private static void stepsLeaveMemoryFlat(Path folder, WeightChoice weights, int count) throws Throwable {
        try (OpenModel model = open(folder, weights);
                Arena arena = Arena.ofShared()) {
            KvLayout layout = model.layout(8);
            MemorySegment kv = arena.allocate(layout.bytes(), 64);
            try (ModelRunner runner = model.bind(new KvRegion(layout, kv))) {
                steps(runner, 1_000);
                long least = Long.MAX_VALUE;
                for (int round = 0; round < ROUNDS && least >= LIMIT; round++) {
                    long before = allocated();
                    steps(runner, count);
                    least = Math.min(least, allocated() - before);
                }
                assertThat(least)
                        .as("bytes of malloc in use after %d steps", count)
                        .isLessThan(LIMIT);
            }
        }
    }

    /** Proves that the tests above can fail: what they allow is 210 bytes a step of ten thousand, 700 of three. */
    @Test
    void aFewHundredBytesThatAStepForgetsAreSeen() throws Throwable {
        long before = allocated();
        for (int step = 0; step < 10_000; step++) {
            assertThat(Arena.global().allocate(256).byteSize()).isEqualTo(256);
        }
        assertThat(allocated() - before).as("bytes of malloc in use").isGreaterThan(LIMIT);
    }

    /** Batches of one to four sequences, so that the rows' tensors are made again and again. */
    private static void steps(ModelRunner runner, int count) {
        for (int step = 0; step < count; step++) {
            List<ModelRunner.Slice> slices = new ArrayList<>();
            for (int s = 0; s <= step / 3 % 4; s++) {
                slices.add(new ModelRunner.Slice(new int[] {step % VOCABULARY}, step % 64, new int[] {s}, s % 2 == 0));
            }
            runner.forward(slices, layer -> {});
        }
    }

    private static long allocated() throws Throwable {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = (MemorySegment) MALLINFO.invokeExact((SegmentAllocator) arena);
            long mapped = info.getAtIndex(ValueLayout.JAVA_LONG, 5);
            long inUse = info.getAtIndex(ValueLayout.JAVA_LONG, 7);
            return mapped + inUse;
        }
    }

    private static OpenModel open(Path folder, WeightChoice weights) throws IOException {
        Precision precision = new Precision(DtypeChoice.BF16, weights);
        return Models.open(new ModelSettings(folder, "model", precision, 1, 64), (done, of) -> {});
    }
}
