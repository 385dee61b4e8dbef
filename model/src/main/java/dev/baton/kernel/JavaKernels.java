package dev.baton.kernel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.baton.engine.sampling.Scalars;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The kernels in Java, one thread: the same operations in the same order as the C ones, hence the same bits. */
public final class JavaKernels implements Kernels {
    private static final int PANEL = WeightType.PANEL;

    private final Arena arena = Arena.ofShared();

    @Override
    public String name() {
        return "Java";
    }

    @Override
    public MemorySegment allocate(long bytes) {
        return arena.allocate(bytes, 64);
    }

    @Override
    public void pack(WeightType type, MemorySegment source, RowRange span, long inputs, MemorySegment packed) {
        if (type == WeightType.W8A8 || type.grouped()) {
            throw new IllegalArgumentException(type + " weights are not packed element by element");
        }
        for (long row = 0; row < span.rows(); row++) {
            long n = span.from() + row;
            long panel = n / PANEL * inputs * PANEL;
            int column = (int) (n % PANEL);
            int at = type != WeightType.BF16 ? column : column < 8 ? 2 * column : 2 * (column - 8) + 1;
            for (long k = 0; k < inputs; k++) {
                MemorySegment.copy(
                        source,
                        (row * inputs + k) * type.bytes(),
                        packed,
                        (panel + k * PANEL + at) * type.bytes(),
                        type.bytes());
            }
        }
    }

    @Override
    public void quantise(WeightType stored, MemorySegment source, RowRange span, Weights to) {
        JavaInt8.quantise(stored, source, span, to);
    }

    @Override
    public void product(Weights w, MatrixView a, int rows, MatrixView out) {
        if (w.type() == WeightType.W8A8) {
            JavaInt8.product(w, a, rows, out);
            return;
        }
        if (w.type().grouped()) {
            JavaGroups.product(w, a, rows, out);
            return;
        }
        int n = (int) w.size().outputs();
        int k = (int) w.size().inputs();
        MemorySegment from = a.holding(rows, k);
        MemorySegment to = out.holding(rows, n);
        float[] panel = new float[k * PANEL];
        float[] x = new float[k];
        for (int first = 0; first < n; first += PANEL) {
            widen(w, first / PANEL, panel);
            int columns = Math.min(PANEL, n - first);
            for (int row = 0; row < rows; row++) {
                MemorySegment.copy(from, JAVA_FLOAT, row * a.stride() * 4, x, 0, k);
                float[] sum = new float[PANEL];
                for (int i = 0; i < k; i++) {
                    float value = x[i];
                    for (int j = 0; j < PANEL; j++) {
                        sum[j] = Math.fma(value, panel[i * PANEL + j], sum[j]);
                    }
                }
                for (int j = 0; j < columns; j++) {
                    float v = sum[j];
                    if (w.scale() != null) {
                        v = v * w.scale().getAtIndex(JAVA_FLOAT, first + j);
                    }
                    if (w.bias() != null) {
                        v = v + w.bias().getAtIndex(JAVA_FLOAT, first + j);
                    }
                    to.setAtIndex(JAVA_FLOAT, row * out.stride() + first + j, v);
                }
            }
        }
    }

    private static void widen(Weights w, long index, float[] panel) {
        long start = index * panel.length * w.type().bytes();
        for (int i = 0; i < panel.length; i++) {
            long at = start + (long) i * w.type().bytes();
            switch (w.type()) {
                case BF16 -> {
                    int inRow = i % PANEL;
                    int column = (inRow & 1) == 0 ? inRow / 2 : inRow / 2 + 8;
                    panel[i - inRow + column] = Bf16.toFloat(w.packed().get(JAVA_SHORT_UNALIGNED, at));
                }
                case F16 -> panel[i] = Float.float16ToFloat(w.packed().get(JAVA_SHORT_UNALIGNED, at));
                case F32 -> panel[i] = w.packed().get(JAVA_FLOAT_UNALIGNED, at);
                case I8 -> panel[i] = w.packed().get(JAVA_BYTE, at);
                case W8A8, Q4_0, Q4_1, Q4_K, Q4_ZERO, Q8_0 ->
                    throw new IllegalArgumentException(w.type() + " has a product of its own");
            }
        }
    }

    @Override
    public void activationAndMul(Activation activation, MatrixView gate, MatrixView up, MatrixView out, Shape extent) {
        MemorySegment g = gate.holding(extent.rows(), extent.width());
        MemorySegment u = up.holding(extent.rows(), extent.width());
        MemorySegment o = out.holding(extent.rows(), extent.width());
        for (long row = 0; row < extent.rows(); row++) {
            for (long i = 0; i < extent.width(); i++) {
                float x = g.getAtIndex(JAVA_FLOAT, row * gate.stride() + i);
                float y = u.getAtIndex(JAVA_FLOAT, row * up.stride() + i);
                float v = switch (activation) {
                    case SILU -> x / (1.0f + Scalars.exp(-x)) * y;
                    case GELU_TANH ->
                        0.5f * x * (1.0f + Scalars.tanh(0.79788456f * Math.fma(0.044715f * x * x, x, x))) * y;
                };
                o.setAtIndex(JAVA_FLOAT, row * out.stride() + i, v);
            }
        }
    }

    @Override
    public void softcap(MatrixView x, Shape extent, float cap) {
        JavaRowOps.softcap(x, extent, cap);
    }

    @Override
    public void addRmsNorm(AddRmsNorm of) {
        JavaRowOps.addRmsNorm(of);
    }

    @Override
    public void applyRope(ApplyRope of) {
        JavaRowOps.applyRope(of);
    }

    @Override
    public void attention(
            Attention.Heads heads,
            Attention.Rule rule,
            Attention.Pool pool,
            Attention.Batch batch,
            Attention.Operands of) {
        AttentionCheck.check(heads, pool, batch, of);
        new JavaAttention(heads, rule, pool, of).run(batch);
    }

    @Override
    public void close() {
        arena.close();
    }
}
