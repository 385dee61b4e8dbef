package dev.baton.kernel;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.baton.kv.ffm.NativeLibrary;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** The product of grouped weights in C. */
record NativeGroups(MethodHandle product) {
    static NativeGroups of(NativeLibrary lib) {
        return new NativeGroups(lib.function(
                "baton_product_groups",
                FunctionDescriptor.ofVoid(
                        ADDRESS, JAVA_INT, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG,
                        ADDRESS, ADDRESS, JAVA_LONG)));
    }

    /** @param level 0 plain C, 1 and more AVX2 */
    void product(MemorySegment team, int level, Weights w, MatrixView a, int rows, MatrixView out) throws Throwable {
        long n = w.size().outputs();
        long k = w.size().inputs();
        MemorySegment from = a.holding(rows, k);
        MemorySegment to = out.holding(rows, n);
        MemorySegment bias = w.bias() == null ? MemorySegment.NULL : w.bias();
        product.invokeExact(
                team,
                level,
                w.type().ordinal(),
                w.packed(),
                n,
                k,
                from,
                a.stride(),
                (long) rows,
                bias,
                to,
                out.stride());
    }
}
