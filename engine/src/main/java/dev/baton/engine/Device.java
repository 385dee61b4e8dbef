package dev.baton.engine;

/** The hardware that a model's arithmetic runs on. */
public enum Device {
    /** This machine's processor, with Baton's own kernels. */
    CPU,
    /** The first GPU that is visible, with libtorch's kernels. */
    CUDA
}
