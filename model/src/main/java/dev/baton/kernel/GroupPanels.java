package dev.baton.kernel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * Writes groups of weights into their panels, as product_groups.h lays them out: 16 outputs side by side, four inputs of each
 * in one word. A word of four bits has inputs {@code 4 v} to {@code 4 v + 3} below and {@code 16 + 4 v} on above.
 */
public final class GroupPanels {
    private static final int PANEL = WeightType.PANEL;
    private static final int HALF = PANEL / 2;
    private static final int WORD = 4;
    /** Words of a group of four bits, and of eight. */
    private static final int FOUR_BIT_WORDS = 4;

    private static final int EIGHT_BIT_WORDS = 8;

    private final WeightType type;
    private final MemorySegment to;
    private final long panelBytes;

    public GroupPanels(Weights to) {
        if (!to.type().grouped()) {
            throw new IllegalArgumentException(to.type() + " has no groups");
        }
        type = to.type();
        this.to = to.packed();
        panelBytes = type.panelBytes(to.size().inputs());
    }

    /** Sets the f16 scale that the group shares with those of its block. */
    public void scale(long output, long group, short f16) {
        to.set(JAVA_SHORT_UNALIGNED, panel(output) + type.headOffset(group) + output % PANEL * 2, f16);
    }

    /** Sets the f16 minimum: added in Q4_1; in Q4_K what the group's own is multiplied by before it is taken away. */
    public void minimum(long output, long group, short f16) {
        to.set(JAVA_SHORT_UNALIGNED, panel(output) + type.headOffset(group) + (PANEL + output % PANEL) * 2, f16);
    }

    /** Sets the group's own factor of the scale (Q4_K) or its zero (Q4_ZERO). */
    public void factor(long output, long group, int value) {
        to.set(JAVA_BYTE, panel(output) + type.groupOffset(group) + output % PANEL, (byte) value);
    }

    /** Sets the group's own factor of the minimum (Q4_K). */
    public void minimumFactor(long output, long group, int value) {
        to.set(JAVA_BYTE, panel(output) + type.groupOffset(group) + PANEL + output % PANEL, (byte) value);
    }

    /** Sets a word of the group's values: 0 to 3 with four bits, 0 to 7 with eight. */
    public void word(long output, long group, int index, int values) {
        to.set(JAVA_INT_UNALIGNED, panel(output) + wordOffset(type, output, group, index), values);
    }

    static long wordOffset(WeightType type, long output, long group, int index) {
        long column = output % PANEL;
        int words = type == WeightType.Q8_0 ? EIGHT_BIT_WORDS : FOUR_BIT_WORDS;
        return type.groupOffset(group)
                + type.factorBytes()
                + ((column / HALF * words + index) * HALF + column % HALF) * WORD;
    }

    private long panel(long output) {
        return output / PANEL * panelBytes;
    }
}
