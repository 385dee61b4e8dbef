package dev.baton.kernel;

import dev.baton.kv.ffm.NativeLibrary;
import org.jspecify.annotations.Nullable;

/** The kernels in C. */
final class BatonLibrary {
    /** A path to a library built elsewhere, for tests of fresh builds; empty: none. */
    static final String OVERRIDE = "baton.kernels.library";

    /** Null where they do not load. */
    static final @Nullable NativeLibrary KERNELS = open();

    private BatonLibrary() {}

    private static @Nullable NativeLibrary open() {
        String override = System.getProperty(OVERRIDE);
        return override == null ? NativeLibrary.shipped("libbaton.so") : NativeLibrary.at(override);
    }
}
