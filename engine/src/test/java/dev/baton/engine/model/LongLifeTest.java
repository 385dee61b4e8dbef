package dev.baton.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.model.ModelSettings.DtypeChoice;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class LongLifeTest {
    private static final MethodHandle MALLINFO = Linker.nativeLinker()
            .downcallHandle(
                    Linker.nativeLinker().defaultLookup().findOrThrow("mallinfo2"),
                    FunctionDescriptor.of(
                            MemoryLayout.structLayout(MemoryLayout.sequenceLayout(10, ValueLayout.JAVA_LONG))));

    @Test
    void tenThousandStepsOfSequencesThatComeAndGoLeaveNativeMemoryFlat() throws Throwable {
        try (OpenModel model = open();
                Arena arena = Arena.ofShared()) {
            KvLayout layout = model.layout(8);
            MemorySegment kv = arena.allocate(layout.bytes(), 64);
            try (ModelRunner runner = model.bind(new KvRegion(layout, kv))) {
                steps(runner, 1_000);
                long before = allocated();
                steps(runner, 10_000);
                assertThat(allocated() - before)
                        .as("bytes of malloc in use after 10,000 steps")
                        .isLessThan(2 << 20);
            }
        }
    }

    /** Proves that the test above can fail: what it allows is 210 bytes a step. */
    @Test
    void aFewHundredBytesThatAStepForgetsAreSeen() throws Throwable {
        long before = allocated();
        for (int step = 0; step < 10_000; step++) {
            assertThat(Arena.global().allocate(256).byteSize()).isEqualTo(256);
        }
        assertThat(allocated() - before).as("bytes of malloc in use").isGreaterThan(2 << 20);
    }

    /** Batches of one to four sequences, so that the rows' tensors are made anew again and again. */
    private static void steps(ModelRunner runner, int count) {
        for (int step = 0; step < count; step++) {
            List<ModelRunner.Slice> slices = new ArrayList<>();
            for (int s = 0; s <= step / 3 % 4; s++) {
                slices.add(new ModelRunner.Slice(new int[] {step % 1000}, step % 64, new int[] {s}, s % 2 == 0));
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

    private static OpenModel open() throws IOException {
        return Models.open(new ModelSettings(Reference.DEMO, "demo", DtypeChoice.BF16, 1, 64), (done, of) -> {});
    }
}
