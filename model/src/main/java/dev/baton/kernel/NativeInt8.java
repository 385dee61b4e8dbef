package dev.baton.kernel;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.baton.kv.ffm.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** int8 weights in C: made at load, and their product with activations that are rounded row by row. */
final class NativeInt8 implements AutoCloseable {
    private final Functions functions;
    private final int level;
    private Arena arena = Arena.ofShared();
    private MemorySegment room = MemorySegment.NULL;

    /** With at most that level of instructions: 0 plain C, 1 AVX2, 2 AVX-512 with dot products of bytes. */
    NativeInt8(Functions functions, int atMost) throws Throwable {
        this.functions = functions;
        level = Math.min((int) functions.level.invokeExact(), atMost);
    }

    void quantise(MemorySegment team, WeightType stored, MemorySegment source, Kernels.RowRange span, Weights to)
            throws Throwable {
        int grouped = to.type() == WeightType.W8A8 ? 1 : 0;
        functions.quantise.invokeExact(
                team,
                stored.ordinal(),
                source,
                span.from(),
                span.from() + span.rows(),
                to.size().inputs(),
                grouped,
                to.packed(),
                to.scales());
    }

    void product(MemorySegment team, Weights w, MatrixView a, int rows, MatrixView out) throws Throwable {
        long n = w.size().outputs();
        long k = w.size().inputs();
        MemorySegment from = a.holding(rows, k);
        MemorySegment to = out.holding(rows, n);
        MemorySegment bias = w.bias() == null ? MemorySegment.NULL : w.bias();
        reserve((long) functions.room.invokeExact((long) rows, k));
        functions.product.invokeExact(
                team, level, w.packed(), w.scales(), n, k, from, a.stride(), (long) rows, bias, to, out.stride(), room);
    }

    private void reserve(long bytes) {
        if (room.byteSize() < bytes) {
            room = MemorySegment.NULL;
            arena.close();
            arena = Arena.ofShared();
            room = arena.allocate(bytes, 64);
        }
    }

    @Override
    public void close() {
        arena.close();
    }

    /** The functions of libbaton that this takes. */
    record Functions(MethodHandle level, MethodHandle room, MethodHandle quantise, MethodHandle product) {
        static Functions of(NativeLibrary lib) {
            return new Functions(
                    lib.function("baton_int8_level", FunctionDescriptor.of(JAVA_INT)),
                    lib.function("baton_int8_scratch", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG)),
                    lib.function(
                            "baton_quantise",
                            FunctionDescriptor.ofVoid(
                                    ADDRESS, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS,
                                    ADDRESS)),
                    lib.function(
                            "baton_product_int8",
                            FunctionDescriptor.ofVoid(
                                    ADDRESS, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG,
                                    JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS)));
        }
    }
}
