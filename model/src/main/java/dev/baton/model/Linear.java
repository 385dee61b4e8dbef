package dev.baton.model;

import dev.baton.kernel.Kernels;
import dev.baton.kernel.MatrixView;
import dev.baton.kernel.WeightType;
import dev.baton.kernel.Weights;
import java.util.List;
import java.util.stream.Stream;

/**
 * A linear layer.
 *
 * @param parts one on top of the other: one, unless some are stored in groups of another type than their neighbours
 */
record Linear(List<Weights> parts) {
    long inputs() {
        return parts.getFirst().size().inputs();
    }

    Stream<WeightType> types() {
        return parts.stream().map(Weights::type);
    }

    void product(Kernels kernels, MatrixView a, int rows, MatrixView out) {
        long at = 0;
        for (Weights part : parts) {
            kernels.product(part, a, rows, at == 0 ? out : out.column(at));
            at += part.size().outputs();
        }
    }
}
