package dev.baton.bench.engine;

import dev.baton.engine.Device;
import java.util.List;

/**
 * The measurements that one engine is asked for in one run.
 *
 * @param shape name of the model's shape
 * @param threads of the CPU; on a GPU they do not matter
 */
record BenchRun(String shape, WeightFormat weights, Device device, int threads, List<Cell> cells) {
    BenchRun {
        cells = List.copyOf(cells);
    }

    /** For people. */
    String title() {
        return switch (device) {
            case CPU -> "%s %s, %d thread%s".formatted(shape, weights, threads, threads == 1 ? "" : "s");
            case CUDA -> "%s %s, GPU".formatted(shape, weights);
        };
    }
}
