package dev.baton.engine.kernel;

import java.lang.foreign.MemorySegment;

/** What this machine can do at best: bytes read from memory and fused multiply-adds, with a team of threads. */
public final class Limits implements AutoCloseable {
    private static final long BYTES = 256 << 20;
    private static final long FMA_TASKS = 64;
    private static final long FMA_ROUNDS = 50_000;
    private static final long FLOPS_PER_ROUND = 12 * 8 * 2;

    private final NativeKernels kernels;
    private final MemorySegment memory;

    /** @throws IllegalStateException where there are no C kernels */
    public Limits(int threads) {
        kernels = new NativeKernels(threads);
        memory = kernels.allocate(BYTES);
        memory.fill((byte) 1);
    }

    public double readBytesPerSecond() {
        long start = System.nanoTime();
        kernels.measureRead(memory);
        return BYTES / ((System.nanoTime() - start) / 1e9);
    }

    public double flopsPerSecond() {
        long start = System.nanoTime();
        kernels.measureFma(FMA_TASKS, FMA_ROUNDS);
        return FMA_TASKS * FMA_ROUNDS * FLOPS_PER_ROUND / ((System.nanoTime() - start) / 1e9);
    }

    @Override
    public void close() {
        kernels.close();
    }
}
