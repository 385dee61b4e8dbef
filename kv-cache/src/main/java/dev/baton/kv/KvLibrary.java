package dev.baton.kv;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.baton.kv.ffm.NativeLibrary;
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/** The functions of {@code libbatonkv.so}. */
record KvLibrary(MethodHandle digest, MethodHandle digests, MethodHandle record) {
    /** Null where it does not load: Java takes over. */
    static final @Nullable KvLibrary SHIPPED = of(NativeLibrary.shipped("libbatonkv.so"));

    static @Nullable KvLibrary of(@Nullable NativeLibrary library) {
        return library == null
                ? null
                : new KvLibrary(
                        library.function(
                                "baton_kv_digest",
                                FunctionDescriptor.ofVoid(ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS)),
                        library.function(
                                "baton_kv_digests",
                                FunctionDescriptor.ofVoid(
                                        ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS)),
                        library.function(
                                "baton_kv_record",
                                FunctionDescriptor.ofVoid(
                                        ADDRESS, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS)));
    }
}
