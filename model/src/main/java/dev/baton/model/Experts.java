package dev.baton.model;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.baton.engine.sampling.Scalars;
import dev.baton.kernel.Kernels;
import dev.baton.kernel.MatrixView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * A routed mixture of experts. Each row goes through its chosen experts in ascending order of their index, whatever the
 * other rows choose.
 */
final class Experts implements AutoCloseable {
    private final ModelConfig config;
    private final Kernels kernels;
    private Arena arena = Arena.ofShared();
    private int capacity;
    private MemorySegment scores = MemorySegment.NULL;
    private MemorySegment picked = MemorySegment.NULL;
    private MemorySegment result = MemorySegment.NULL;

    Experts(ModelConfig config, Kernels kernels) {
        this.config = config;
        this.kernels = kernels;
    }

    private record Share(int row, float weight) {}

    void run(LayerWeights.Routed routed, Buffers b) {
        reserve(b.rows);
        int count = config.routing.experts();
        routed.router().product(kernels, b.normed, b.rows, new MatrixView(scores, count));
        List<List<Share>> shares = route(b.rows, count);
        b.delta.at().asSlice(0, (long) b.rows * config.hidden * 4).fill((byte) 0);
        for (int expert = 0; expert < count; expert++) {
            if (!shares.get(expert).isEmpty()) {
                run(routed.experts().get(expert), shares.get(expert), b);
            }
        }
    }

    private List<List<Share>> route(int rows, int count) {
        List<List<Share>> shares = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            shares.add(new ArrayList<>());
        }
        float[] p = new float[count];
        for (int row = 0; row < rows; row++) {
            MemorySegment.copy(scores, JAVA_FLOAT, (long) row * count * 4, p, 0, count);
            softmax(p);
            int[] chosen = top(p, config.routing.chosen());
            float total = 0;
            for (int expert : chosen) {
                total += p[expert];
            }
            for (int expert : chosen) {
                shares.get(expert).add(new Share(row, config.routing.normed() ? p[expert] / total : p[expert]));
            }
        }
        return shares;
    }

    private static void softmax(float[] p) {
        float top = Float.NEGATIVE_INFINITY;
        for (float v : p) {
            top = Math.max(top, v);
        }
        float total = 0;
        for (int i = 0; i < p.length; i++) {
            p[i] = Scalars.exp(p[i] - top);
            total += p[i];
        }
        for (int i = 0; i < p.length; i++) {
            p[i] /= total;
        }
    }

    /** Indices of the greatest, greatest first, the lower index of equals. */
    private static int[] top(float[] p, int count) {
        int[] best = new int[count];
        boolean[] taken = new boolean[p.length];
        for (int i = 0; i < count; i++) {
            int at = -1;
            for (int j = 0; j < p.length; j++) {
                if (!taken[j] && (at < 0 || p[j] > p[at])) {
                    at = j;
                }
            }
            best[i] = at;
            taken[at] = true;
        }
        return best;
    }

    private void run(LayerWeights.Plain expert, List<Share> shares, Buffers b) {
        int rows = shares.size();
        long hidden = config.hidden;
        for (int i = 0; i < rows; i++) {
            MemorySegment.copy(b.normed.at(), shares.get(i).row() * hidden * 4, picked, i * hidden * 4, hidden * 4);
        }
        long width = expert.down().inputs();
        MatrixView gateUp = new MatrixView(b.gateUp.at(), 2 * width);
        MatrixView gated = new MatrixView(b.gated.at(), width);
        expert.gateUp().product(kernels, new MatrixView(picked, hidden), rows, gateUp);
        kernels.activationAndMul(
                config.activation, gateUp, gateUp.column(width), gated, new Kernels.Shape(rows, (int) width));
        expert.down().product(kernels, gated, rows, new MatrixView(result, hidden));
        for (int i = 0; i < rows; i++) {
            Share share = shares.get(i);
            for (long d = 0; d < hidden; d++) {
                long at = share.row() * hidden + d;
                float sum = b.delta.at().getAtIndex(JAVA_FLOAT, at)
                        + share.weight() * result.getAtIndex(JAVA_FLOAT, i * hidden + d);
                b.delta.at().setAtIndex(JAVA_FLOAT, at, sum);
            }
        }
    }

    private void reserve(int rows) {
        if (rows <= capacity) {
            return;
        }
        capacity = 0;
        arena.close();
        arena = Arena.ofShared();
        scores = arena.allocate((long) rows * config.routing.experts() * 4, 64);
        picked = arena.allocate((long) rows * config.hidden * 4, 64);
        result = arena.allocate((long) rows * config.hidden * 4, 64);
        capacity = rows;
    }

    @Override
    public void close() {
        arena.close();
    }
}
