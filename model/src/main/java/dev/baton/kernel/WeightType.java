package dev.baton.kernel;

/** Element type of packed weights; the order is the C side's numbering. */
public enum WeightType {
    BF16(2),
    F16(2),
    F32(4),
    /** Scaled per output; activations stay f32. */
    I8(1),
    /** Scaled per output; activations are rounded to int8 row by row. Packed as {@code [output / 16][input / 4][16][4]}. */
    W8A8(1),
    /** Groups of 32 inputs: 4 bits minus 8, times a scale. As all groups, times activations that are rounded to int8 group by group. */
    Q4_0(1, 32, 0, 256),
    /** Groups of 4 bits with a scale and a minimum. */
    Q4_1(1, 64, 0, 256),
    /** Groups of 4 bits whose scales and minima are bytes; eight groups share what those are multiplied by. */
    Q4_K(8, 64, 32, 256),
    /** Groups of 4 bits with a scale and an integer zero. */
    Q4_ZERO(1, 32, 16, 256),
    /** Groups of 8 bits with a scale. */
    Q8_0(1, 32, 0, 512);

    /** Inputs of a group. */
    public static final int IN_GROUP = 32;

    /** Columns of a panel. */
    public static final int PANEL = 16;

    /** Inputs that lie together in a panel of {@link #W8A8}. */
    static final int GROUP = 4;

    private final int bytes;
    private final int superblock;
    private final int headBytes;
    private final int factorBytes;
    private final int valueBytes;

    WeightType(int bytes) {
        this.bytes = bytes;
        superblock = 0;
        headBytes = 0;
        factorBytes = 0;
        valueBytes = 0;
    }

    /** Of a panel: groups that share a head, bytes of the head, of a group's factors and of its values. */
    WeightType(int superblock, int headBytes, int factorBytes, int valueBytes) {
        bytes = 0;
        this.superblock = superblock;
        this.headBytes = headBytes;
        this.factorBytes = factorBytes;
        this.valueBytes = valueBytes;
    }

    /** Of one element; groups have none of their own. */
    public int bytes() {
        if (grouped()) {
            throw new IllegalArgumentException(this + " has no elements, only groups");
        }
        return bytes;
    }

    /** Whether weights are integers in groups of {@link #IN_GROUP} inputs, each with a scale of its own. */
    public boolean grouped() {
        return superblock > 0;
    }

    /** Inputs that lie together: a matrix of this type has a multiple of them. */
    public int blockInputs() {
        return grouped() ? superblock * IN_GROUP : 1;
    }

    /** Bytes of a packed matrix with {@code outputs} rows of {@code inputs}. */
    public long packedBytes(long outputs, long inputs) {
        if (grouped()) {
            if (inputs % blockInputs() != 0) {
                throw new IllegalArgumentException(
                        "%d inputs in %s, which has blocks of %d".formatted(inputs, this, blockInputs()));
            }
            return Math.ceilDiv(outputs, PANEL) * panelBytes(inputs);
        }
        long padded = this == W8A8 ? Math.ceilDiv(inputs, GROUP) * GROUP : inputs;
        return Math.ceilDiv(outputs, PANEL) * PANEL * padded * bytes;
    }

    /** Whether each output has a scale. */
    public boolean scaled() {
        return this == I8 || this == W8A8;
    }

    /** Of 16 outputs of a grouped matrix. */
    long panelBytes(long inputs) {
        return inputs / blockInputs() * (headBytes + superblock * groupBytes());
    }

    /** Where in its panel the head over a group begins. */
    long headOffset(long group) {
        return group / superblock * (headBytes + superblock * groupBytes());
    }

    /** Where in its panel a group begins. */
    long groupOffset(long group) {
        return headOffset(group) + headBytes + group % superblock * groupBytes();
    }

    /** Before a group's values. */
    long factorBytes() {
        return factorBytes;
    }

    private long groupBytes() {
        return factorBytes + (long) valueBytes;
    }
}
