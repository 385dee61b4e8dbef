package dev.baton.kernel;

import dev.baton.engine.sampling.JavaLogitPasses;
import dev.baton.engine.sampling.LogitPasses;

/** The sampler's passes over logits. */
public final class LogitKernels {
    private LogitKernels() {}

    /** Those in C where they load, else those in Java; the bits are the same. */
    public static LogitPasses open() {
        return BatonLibrary.KERNELS == null ? new JavaLogitPasses() : new NativeLogitPasses();
    }
}
