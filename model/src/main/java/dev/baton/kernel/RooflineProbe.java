package dev.baton.kernel;

import java.lang.foreign.MemorySegment;

/**
 * What this machine can do at best, with a team of threads: bytes read from memory, fused multiply-adds of f32, products
 * of bytes. Each is the best of a few passes of some milliseconds: a limit is what was reached, not what was usual.
 */
public final class RooflineProbe implements AutoCloseable {
    /** Far more than any cache holds. */
    private static final long BYTES = 512 << 20;

    private static final int PASSES = 4;
    private static final long TASKS = 64;
    private static final long FMA_ROUNDS = 100_000;
    private static final long FLOPS_PER_ROUND = 12 * 8 * 2;
    private static final long DOT_ROUNDS = 25_000;
    private static final long DOTS_PER_ROUND = 12 * 64 * 2;

    private final NativeKernels kernels;
    private final MemorySegment memory;

    /** @throws IllegalStateException where there are no C kernels */
    public RooflineProbe(int threads) {
        kernels = new NativeKernels(threads);
        memory = kernels.allocate(BYTES);
        memory.fill((byte) 1);
    }

    public double readBytesPerSecond() {
        return best(BYTES, () -> kernels.measureRead(memory));
    }

    /** A multiply-add counts as two. */
    public double flopsPerSecond() {
        return best(TASKS * FMA_ROUNDS * FLOPS_PER_ROUND, () -> kernels.measureFma(TASKS, FMA_ROUNDS));
    }

    /** Multiplications and additions of bytes; 0 on a CPU that has no instruction for them. */
    public double byteOpsPerSecond() {
        if (kernels.measureDot(1, 1) == 0) {
            return 0;
        }
        return best(TASKS * DOT_ROUNDS * DOTS_PER_ROUND, () -> kernels.measureDot(TASKS, DOT_ROUNDS));
    }

    private static double best(double amount, Runnable pass) {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < PASSES; i++) {
            long start = System.nanoTime();
            pass.run();
            least = Math.min(least, System.nanoTime() - start);
        }
        return amount / (least / 1e9);
    }

    @Override
    public void close() {
        kernels.close();
    }
}
