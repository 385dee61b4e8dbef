package dev.baton.checkpoint.gguf;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** How a tensor's elements are stored: in blocks of some elements, each of some bytes. */
public enum GgufType {
    F32(0, 1, 4, true),
    F16(1, 1, 2, true),
    Q4_0(2, 32, 18, true),
    Q4_1(3, 32, 20, true),
    Q5_0(6, 32, 22, true),
    Q5_1(7, 32, 24, true),
    Q8_0(8, 32, 34, true),
    Q2_K(10, 256, 84, false),
    Q3_K(11, 256, 110, false),
    Q4_K(12, 256, 144, true),
    Q5_K(13, 256, 176, true),
    Q6_K(14, 256, 210, true),
    IQ2_XXS(16, 256, 66, false),
    IQ2_XS(17, 256, 74, false),
    IQ3_XXS(18, 256, 98, false),
    IQ1_S(19, 256, 50, false),
    IQ4_NL(20, 32, 18, false),
    IQ3_S(21, 256, 110, false),
    IQ2_S(22, 256, 82, false),
    IQ4_XS(23, 256, 136, false),
    I8(24, 1, 1, false),
    I16(25, 1, 2, false),
    I32(26, 1, 4, false),
    I64(27, 1, 8, false),
    F64(28, 1, 8, false),
    IQ1_M(29, 256, 56, false),
    BF16(30, 1, 2, true),
    TQ1_0(34, 256, 54, false),
    TQ2_0(35, 256, 66, false),
    MXFP4(39, 32, 17, false),
    NVFP4(40, 64, 36, false),
    Q1_0(41, 128, 18, false);

    private static final Map<Integer, GgufType> BY_ID =
            Arrays.stream(values()).collect(Collectors.toMap(type -> type.id, type -> type));

    private final int id;
    private final int blockElements;
    private final int blockBytes;
    private final boolean readable;

    GgufType(int id, int blockElements, int blockBytes, boolean readable) {
        this.id = id;
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
        this.readable = readable;
    }

    static Optional<GgufType> of(int id) {
        return Optional.ofNullable(BY_ID.get(id));
    }

    public int blockElements() {
        return blockElements;
    }

    public int blockBytes() {
        return blockBytes;
    }

    /** Whether values can be had of it; of the others only the size is known. */
    public boolean readable() {
        return readable;
    }

    /** Whether it is in blocks that share a scale. */
    public boolean quantised() {
        return blockElements > 1;
    }

    /** Whether it is in groups with which CPUs compute as they are stored. */
    public boolean grouped() {
        return switch (this) {
            case Q4_0, Q4_1, Q4_K, Q5_0, Q8_0 -> true;
            default -> false;
        };
    }

    static String readableNames() {
        return Arrays.stream(values())
                .filter(GgufType::readable)
                .map(Enum::name)
                .collect(Collectors.joining(", "));
    }
}
