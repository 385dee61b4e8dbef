package dev.baton.kernel;

import java.lang.foreign.MemorySegment;

/** The operations. */
public sealed interface Kernels extends AutoCloseable permits NativeKernels, JavaKernels {
    /** The C kernels where they load, else the Java ones. */
    static Kernels open(int threads) {
        return NativeKernels.available() ? new NativeKernels(threads) : new JavaKernels();
    }

    /** For people: "C, AVX2" say. */
    String name();

    /** Zeroed memory for weights, on huge pages where there are any; lives until these kernels are closed. */
    MemorySegment allocate(long bytes);

    /** Moves rows {@code [from, from + rows)} of a row-major matrix, of which {@code source} holds just them, into panels; not for W8A8, nor for groups. */
    void pack(WeightType type, MemorySegment source, RowRange span, long inputs, MemorySegment packed);

    /**
     * PeriodicTask rows {@code [from, from + rows)} of a row-major matrix, of which {@code source} holds just them, to int8, each
     * in steps of its greatest magnitude / 127, and packs them; {@code to} is I8 or W8A8.
     */
    void quantise(WeightType stored, MemorySegment source, RowRange span, Weights to);

    /** {@code out[r][n] = bias[n] + scale[n] * sum over k of a[r][k] * w[n][k]}; the scales of groups are in the sum. */
    void product(Weights weights, MatrixView a, int rows, MatrixView out);

    /** {@code out = activation(gate) * up}, element by element. */
    void activationAndMul(Activation activation, MatrixView gate, MatrixView up, MatrixView out, Shape extent);

    /** {@code x = cap * tanh(x / cap)}, element by element, in place. */
    void softcap(MatrixView x, Shape extent, float cap);

    void addRmsNorm(AddRmsNorm of);

    void applyRope(ApplyRope of);

    /** Writes keys and values of all rows into their blocks, then attends. */
    void attention(
            Attention.Heads heads,
            Attention.Rule rule,
            Attention.Pool pool,
            Attention.Batch batch,
            Attention.Operands operands);

    @Override
    void close();

    /** Outputs {@code from} to {@code from + rows}. */
    record RowRange(long from, long rows) {}

    /** Rows and columns. */
    record Shape(int rows, int width) {}

    /** What stands between gate and up; the order is the C side's numbering. */
    enum Activation {
        SILU,
        GELU_TANH
    }
}
