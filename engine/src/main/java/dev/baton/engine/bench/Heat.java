package dev.baton.engine.bench;

import java.util.List;

/**
 * What one engine is asked to measure in one go.
 *
 * @param shape name of the model's shape
 */
record Heat(String shape, WeightFormat weights, int threads, List<Cell> cells) {
    Heat {
        cells = List.copyOf(cells);
    }

    /** For people. */
    String title() {
        return "%s %s, %d thread%s".formatted(shape, weights, threads, threads == 1 ? "" : "s");
    }
}
