package dev.baton.kernel;

/** Element type of packed weights; the order is the C side's numbering. */
public enum WeightType {
    BF16(2),
    F16(2),
    F32(4),
    /** Scaled per output; activations stay f32. */
    I8(1),
    /** Scaled per output; activations are rounded to int8 row by row. Packed as {@code [output / 16][input / 4][16][4]}. */
    W8A8(1);

    /** Columns of a panel. */
    public static final int PANEL = 16;

    /** Inputs that lie together in a panel of {@link #W8A8}. */
    static final int GROUP = 4;

    private final int bytes;

    WeightType(int bytes) {
        this.bytes = bytes;
    }

    public int bytes() {
        return bytes;
    }

    /** Bytes of a packed matrix with {@code outputs} rows of {@code inputs}. */
    public long packedBytes(long outputs, long inputs) {
        long padded = this == W8A8 ? Math.ceilDiv(inputs, GROUP) * GROUP : inputs;
        return Math.ceilDiv(outputs, PANEL) * PANEL * padded * bytes;
    }

    /** Whether each output has a scale. */
    public boolean scaled() {
        return this == I8 || this == W8A8;
    }
}
