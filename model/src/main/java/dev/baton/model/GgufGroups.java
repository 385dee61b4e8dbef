package dev.baton.model;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.baton.checkpoint.gguf.GgufMatrix;
import dev.baton.checkpoint.gguf.GgufType;
import dev.baton.kernel.GroupPanels;
import dev.baton.kernel.WeightType;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** The groups of a GGUF file's matrix: no value is changed, only moved. */
record GgufGroups(GgufMatrix matrix, WeightType grouped) implements GroupedRows {
    private static final int GROUPS_OF_A_K_BLOCK = 8;
    private static final int NIBBLES = 0x0f0f0f0f;
    private static final int SIXTEENS = 0x10101010;

    /** Empty where the kernels have no product of the stored type. */
    static Optional<GroupedRows> of(GgufMatrix matrix) {
        if (matrix.shape().length != 2) {
            return Optional.empty();
        }
        return type(matrix.type()).map(type -> new GgufGroups(matrix, type));
    }

    private static Optional<WeightType> type(GgufType stored) {
        if (!stored.grouped()) {
            return Optional.empty();
        }
        return Optional.of(
                switch (stored) {
                    case Q4_0 -> WeightType.Q4_0;
                    case Q4_1 -> WeightType.Q4_1;
                    case Q4_K -> WeightType.Q4_K;
                    // Five bits as eight.
                    case Q5_0, Q8_0 -> WeightType.Q8_0;
                    default -> throw new IllegalArgumentException(stored + " has no groups that are computed with");
                });
    }

    @Override
    public void write(long row, GroupPanels to, long output) {
        GgufType stored = matrix.type();
        MemorySegment data = matrix.stored(row);
        long blocks = data.byteSize() / stored.blockBytes();
        for (long block = 0; block < blocks; block++) {
            long at = block * stored.blockBytes();
            switch (stored) {
                case Q4_0 -> fourBits(data, at, 2, to, output, block);
                case Q4_1 -> {
                    to.minimum(output, block, data.get(JAVA_SHORT_UNALIGNED, at + 2));
                    fourBits(data, at, 4, to, output, block);
                }
                case Q5_0 -> fiveBits(data, at, to, output, block);
                case Q8_0 -> eightBits(data, at, to, output, block);
                default -> kBlock(data, at, to, output, block * GROUPS_OF_A_K_BLOCK);
            }
        }
    }

    /** The file has the first 16 values below the last 16 too. */
    private static void fourBits(MemorySegment data, long at, int head, GroupPanels to, long output, long group) {
        to.scale(output, group, data.get(JAVA_SHORT_UNALIGNED, at));
        for (int word = 0; word < 4; word++) {
            to.word(output, group, word, data.get(JAVA_INT_UNALIGNED, at + head + word * 4L));
        }
    }

    /** 16 is taken away byte by byte: with the fifth bit a value is its nibble, without it its nibble minus 16. */
    private static void fiveBits(MemorySegment data, long at, GroupPanels to, long output, long group) {
        to.scale(output, group, data.get(JAVA_SHORT_UNALIGNED, at));
        int fifths = data.get(JAVA_INT_UNALIGNED, at + 2);
        for (int word = 0; word < 8; word++) {
            int both = data.get(JAVA_INT_UNALIGNED, at + 6 + word % 4 * 4L);
            int low = (both >>> (word < 4 ? 0 : 4)) & NIBBLES;
            int missing = ~Integer.expand(fifths >>> (word * 4), SIXTEENS) & SIXTEENS;
            to.word(output, group, word, low | missing * 15);
        }
    }

    private static void eightBits(MemorySegment data, long at, GroupPanels to, long output, long group) {
        to.scale(output, group, data.get(JAVA_SHORT_UNALIGNED, at));
        for (int word = 0; word < 8; word++) {
            to.word(output, group, word, data.get(JAVA_INT_UNALIGNED, at + 2 + word * 4L));
        }
    }

    /** Eight groups: of two, 32 bytes have the first's values below the second's. */
    private static void kBlock(MemorySegment data, long at, GroupPanels to, long output, long first) {
        to.scale(output, first, data.get(JAVA_SHORT_UNALIGNED, at));
        to.minimum(output, first, data.get(JAVA_SHORT_UNALIGNED, at + 2));
        for (int i = 0; i < GROUPS_OF_A_K_BLOCK; i++) {
            to.factor(output, first + i, GgufMatrix.scaleFactor(data, at + 4, i));
            to.minimumFactor(output, first + i, GgufMatrix.minimumFactor(data, at + 4, i));
            long values = at + 16 + i / 2 * 32L;
            for (int word = 0; word < 4; word++) {
                int one = data.get(JAVA_INT_UNALIGNED, values + word * 4L);
                int other = data.get(JAVA_INT_UNALIGNED, values + 16 + word * 4L);
                to.word(
                        output,
                        first + i,
                        word,
                        i % 2 == 0
                                ? (one & NIBBLES) | (other & NIBBLES) << 4
                                : ((one >>> 4) & NIBBLES) | (other & ~NIBBLES));
            }
        }
    }
}
