package dev.baton.kernel;

import java.util.ArrayList;
import java.util.List;

/** C kernels of one test, one for each number of threads: opened when they are first asked for, closed with the test. */
final class OpenKernels implements AutoCloseable {
    private final int[] threads;
    private final List<Kernels> open = new ArrayList<>();

    OpenKernels(int... threads) {
        this.threads = threads;
    }

    /** Those that take these instructions; skips the test where the CPU lacks them. One test asks for one kind. */
    List<Kernels> with(Instructions instructions) {
        if (open.isEmpty()) {
            instructions.kernels(threads).forEach(open::add);
        }
        return open;
    }

    @Override
    public void close() {
        open.forEach(Kernels::close);
    }
}
