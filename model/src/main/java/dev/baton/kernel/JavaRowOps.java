package dev.baton.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.baton.engine.sampling.Scalars;
import java.lang.foreign.MemorySegment;

/** Norms, rotation and soft-capping in Java: the operations of rows.c and softcap.c in their order. */
final class JavaRowOps {
    private static final int LANES = 16;

    private JavaRowOps() {}

    static void addRmsNorm(AddRmsNorm of) {
        int width = of.extent().width();
        float[] x = new float[width];
        float[] y = new float[width];
        MemorySegment added = of.y();
        MemorySegment after = of.after();
        for (long row = 0; row < of.extent().rows(); row++) {
            long at = row * width * 4;
            MemorySegment.copy(of.x(), JAVA_FLOAT, at, x, 0, width);
            if (added != null) {
                MemorySegment.copy(added, JAVA_FLOAT, at, y, 0, width);
                float r = after == null ? 1 : inverseRoot(y, width, of.epsilon());
                for (int d = 0; d < width; d++) {
                    x[d] = x[d] + (after == null ? y[d] : (y[d] * r) * after.getAtIndex(JAVA_FLOAT, d));
                }
                MemorySegment.copy(x, 0, of.x(), JAVA_FLOAT, at, width);
            }
            float r = inverseRoot(x, width, of.epsilon());
            for (int d = 0; d < width; d++) {
                of.out().set(JAVA_FLOAT, at + d * 4L, (x[d] * r) * of.weight().getAtIndex(JAVA_FLOAT, d));
            }
        }
    }

    static void applyRope(ApplyRope of) {
        ApplyRope.Shape shape = of.shape();
        ApplyRope.Norms norms = of.norms();
        float[] head = new float[shape.dim()];
        for (int row = 0; row < of.rows(); row++) {
            for (int h = 0; h < shape.queries() + shape.keys(); h++) {
                long at = (row * of.heads().stride() + (long) h * shape.dim()) * 4;
                MemorySegment.copy(of.heads().at(), JAVA_FLOAT, at, head, 0, head.length);
                if (norms != null) {
                    MemorySegment weight = h < shape.queries() ? norms.query() : norms.key();
                    float r = inverseRoot(head, head.length, norms.epsilon());
                    for (int d = 0; d < head.length; d++) {
                        head[d] = (head[d] * r) * weight.getAtIndex(JAVA_FLOAT, d);
                    }
                }
                for (int d = 0; d < shape.half(); d++) {
                    float c = of.cos().getAtIndex(JAVA_FLOAT, (long) row * shape.half() + d);
                    float s = of.sin().getAtIndex(JAVA_FLOAT, (long) row * shape.half() + d);
                    float a = head[d];
                    float b = head[shape.half() + d];
                    head[d] = a * c - b * s;
                    head[shape.half() + d] = b * c + a * s;
                }
                MemorySegment.copy(head, 0, of.heads().at(), JAVA_FLOAT, at, head.length);
            }
        }
    }

    static void softcap(MatrixView x, Kernels.Shape extent, float cap) {
        MemorySegment values = x.holding(extent.rows(), extent.width());
        for (long row = 0; row < extent.rows(); row++) {
            for (long i = 0; i < extent.width(); i++) {
                long at = row * x.stride() + i;
                values.setAtIndex(JAVA_FLOAT, at, cap * Scalars.tanh(values.getAtIndex(JAVA_FLOAT, at) / cap));
            }
        }
    }

    private static float inverseRoot(float[] v, int width, float epsilon) {
        float[] lane = new float[LANES];
        for (int d = 0; d < width; d++) {
            lane[d % LANES] = Math.fma(v[d], v[d], lane[d % LANES]);
        }
        for (int step = LANES / 2; step > 2; step /= 2) {
            for (int i = 0; i < step; i++) {
                lane[i] = lane[i] + lane[i + step];
            }
        }
        float sum = (lane[0] + lane[2]) + (lane[1] + lane[3]);
        return 1.0f / (float) Math.sqrt(sum / width + epsilon);
    }
}
