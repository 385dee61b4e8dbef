package dev.baton.kernel;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.baton.kv.ffm.NativeLibrary;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/** Norms, rotation and soft-capping in C. */
record NativeRowOps(MethodHandle addRmsNorm, MethodHandle applyRope, MethodHandle softcap) {
    static NativeRowOps of(NativeLibrary lib) {
        return new NativeRowOps(
                lib.function(
                        "baton_add_rms_norm",
                        FunctionDescriptor.ofVoid(
                                ADDRESS,
                                ADDRESS,
                                ADDRESS,
                                ADDRESS,
                                ADDRESS,
                                ADDRESS,
                                JAVA_LONG,
                                JAVA_LONG,
                                JAVA_FLOAT)),
                lib.function(
                        "baton_apply_rope",
                        FunctionDescriptor.ofVoid(
                                ADDRESS,
                                ADDRESS,
                                ADDRESS,
                                ADDRESS,
                                ADDRESS,
                                ADDRESS,
                                JAVA_LONG,
                                JAVA_LONG,
                                JAVA_LONG,
                                JAVA_LONG,
                                JAVA_LONG,
                                JAVA_LONG,
                                JAVA_FLOAT)),
                lib.function(
                        "baton_softcap",
                        FunctionDescriptor.ofVoid(ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_FLOAT)));
    }

    void softcap(MemorySegment team, MatrixView x, Kernels.Shape extent, float cap) throws Throwable {
        MemorySegment values = x.holding(extent.rows(), extent.width());
        softcap.invokeExact(team, values, (long) extent.rows(), (long) extent.width(), x.stride(), cap);
    }

    void addRmsNorm(MemorySegment team, AddRmsNorm of) throws Throwable {
        addRmsNorm.invokeExact(
                team,
                of.x(),
                orNull(of.y()),
                orNull(of.after()),
                of.weight(),
                of.out(),
                (long) of.extent().rows(),
                (long) of.extent().width(),
                of.epsilon());
    }

    void applyRope(MemorySegment team, ApplyRope of) throws Throwable {
        ApplyRope.Norms norms = of.norms();
        ApplyRope.Shape shape = of.shape();
        MemorySegment query = norms == null ? MemorySegment.NULL : norms.query();
        MemorySegment key = norms == null ? MemorySegment.NULL : norms.key();
        float epsilon = norms == null ? 0 : norms.epsilon();
        applyRope.invokeExact(
                team,
                of.heads().at(),
                of.cos(),
                of.sin(),
                query,
                key,
                (long) of.rows(),
                of.heads().stride(),
                (long) shape.queries(),
                (long) shape.queries() + shape.keys(),
                (long) shape.dim(),
                (long) shape.half(),
                epsilon);
    }

    private static MemorySegment orNull(@Nullable MemorySegment segment) {
        return segment == null ? MemorySegment.NULL : segment;
    }
}
