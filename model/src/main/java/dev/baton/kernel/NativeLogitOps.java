package dev.baton.kernel;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.baton.engine.sampling.LogitOps;
import dev.baton.kv.ffm.NativeLibrary;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Objects;

/** The passes in C, over Java's arrays where they lie: each takes microseconds, so that no collector waits for it. */
final class NativeLogitOps implements LogitOps {
    private static final MethodHandle PEAKS = function("baton_peaks", ADDRESS, JAVA_INT, ADDRESS);
    private static final MethodHandle WEIGH = function(
            "baton_softmax_weights", ADDRESS, ADDRESS, JAVA_INT, JAVA_FLOAT, JAVA_FLOAT, JAVA_FLOAT, ADDRESS, ADDRESS);
    private static final MethodHandle SUM =
            function("baton_sum", ADDRESS, ADDRESS, ADDRESS, JAVA_INT, JAVA_FLOAT, ADDRESS);
    private static final MethodHandle SPREAD = function(
            "baton_spread", ADDRESS, ADDRESS, ADDRESS, JAVA_INT, JAVA_FLOAT, JAVA_FLOAT, JAVA_FLOAT, JAVA_INT, ADDRESS);
    private static final MethodHandle MEMBERS = library()
            .function(
                    "baton_members",
                    FunctionDescriptor.of(
                            JAVA_INT,
                            ADDRESS,
                            ADDRESS,
                            JAVA_INT,
                            JAVA_FLOAT,
                            JAVA_FLOAT,
                            JAVA_FLOAT,
                            JAVA_INT,
                            JAVA_INT,
                            ADDRESS),
                    Linker.Option.critical(true));

    private static NativeLibrary library() {
        return Objects.requireNonNull(BatonLibrary.KERNELS, "the C kernels do not load on this system");
    }

    private static MethodHandle function(String name, MemoryLayout... arguments) {
        return library().function(name, FunctionDescriptor.ofVoid(arguments), Linker.Option.critical(true));
    }

    @Override
    public void peaks(float[] row, float[] peaks) {
        Row.check(row, peaks);
        try {
            PEAKS.invokeExact(MemorySegment.ofArray(row), row.length, MemorySegment.ofArray(peaks));
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    @Override
    public void softmaxWeights(Row row, Weighing by, long[] sums) {
        row.check(sums);
        try {
            WEIGH.invokeExact(
                    MemorySegment.ofArray(row.logits()),
                    MemorySegment.ofArray(row.peaks()),
                    row.logits().length,
                    by.best(),
                    by.factor(),
                    by.cut(),
                    MemorySegment.ofArray(row.weights()),
                    MemorySegment.ofArray(sums));
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    @Override
    public void sum(Row row, float cut, long[] sums) {
        row.check(sums);
        try {
            SUM.invokeExact(
                    MemorySegment.ofArray(row.logits()),
                    MemorySegment.ofArray(row.peaks()),
                    MemorySegment.ofArray(row.weights()),
                    row.logits().length,
                    cut,
                    MemorySegment.ofArray(sums));
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    @Override
    public void spread(Row row, Band band, long[] slots) {
        Objects.checkFromIndexSize(0, band.slots(), slots.length);
        try {
            SPREAD.invokeExact(
                    MemorySegment.ofArray(row.logits()),
                    MemorySegment.ofArray(row.peaks()),
                    MemorySegment.ofArray(row.weights()),
                    row.logits().length,
                    band.low(),
                    band.high(),
                    band.scale(),
                    band.slots(),
                    MemorySegment.ofArray(slots));
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    @Override
    public int members(Row row, Band band, int slot, int[] ids) {
        Objects.checkFromIndexSize(0, row.logits().length, ids.length);
        try {
            return (int) MEMBERS.invokeExact(
                    MemorySegment.ofArray(row.logits()),
                    MemorySegment.ofArray(row.peaks()),
                    row.logits().length,
                    band.low(),
                    band.high(),
                    band.scale(),
                    band.slots(),
                    slot,
                    MemorySegment.ofArray(ids));
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    private static RuntimeException failed(Throwable e) {
        if (e instanceof Error error) {
            throw error;
        }
        return e instanceof RuntimeException r ? r : new IllegalStateException("calling a pass over logits", e);
    }
}
