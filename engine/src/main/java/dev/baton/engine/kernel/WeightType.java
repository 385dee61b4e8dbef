package dev.baton.engine.kernel;

/** Element type of packed weights; the order is the C side's numbering. */
public enum WeightType {
    BF16(2),
    F16(2),
    F32(4),
    /** Scaled per output. */
    I8(1);

    /** Columns of a panel. */
    public static final int PANEL = 16;

    private final int bytes;

    WeightType(int bytes) {
        this.bytes = bytes;
    }

    public int bytes() {
        return bytes;
    }

    /** Bytes of a packed matrix with {@code outputs} rows of {@code inputs}. */
    public long packedBytes(long outputs, long inputs) {
        return Math.ceilDiv(outputs, PANEL) * PANEL * inputs * bytes;
    }
}
