package dev.baton.kernel;

import dev.baton.engine.sampling.JavaLogitOps;
import dev.baton.engine.sampling.LogitOps;

/** The sampler's passes over logits. */
public final class LogitKernels {
    private LogitKernels() {}

    /** Those in C where they load, else those in Java; the bits are the same. */
    public static LogitOps open() {
        return BatonLibrary.KERNELS == null ? new JavaLogitOps() : new NativeLogitOps();
    }
}
