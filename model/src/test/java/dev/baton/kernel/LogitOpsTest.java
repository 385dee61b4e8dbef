package dev.baton.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.engine.sampling.JavaLogitOps;
import dev.baton.engine.sampling.LogitOps;
import dev.baton.engine.sampling.LogitOps.Band;
import dev.baton.engine.sampling.LogitOps.Row;
import dev.baton.engine.sampling.LogitOps.Weighing;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LogitOpsTest {
    private static final int[] LENGTHS = {1, 17, 63, 64, 65, 127, 1_000, 49_152};

    private final Random random = new Random(3);
    private final LogitOps java = new JavaLogitOps();

    @Test
    void passesInCAndJavaHaveTheSameBits() {
        Instructions.requireLibrary();
        LogitOps c = new NativeLogitOps();
        for (int length : LENGTHS) {
            for (int kind = 0; kind < 4; kind++) {
                Row mine = row(length, kind);
                Row other = new Row(mine.logits(), mine.peaks().clone(), new float[length]);
                java.peaks(mine.logits(), mine.peaks());
                c.peaks(other.logits(), other.peaks());
                assertThat(other.peaks()).isEqualTo(mine.peaks());
                float best = highest(mine);
                for (float factor : new float[] {0, 0.3f, 1, 17}) {
                    compare(c, mine, other, new Weighing(best, factor, best - 20 / Math.max(factor, 0.01f)));
                }
            }
        }
    }

    private void compare(LogitOps c, Row mine, Row other, Weighing by) {
        long[] expected = new long[mine.peaks().length];
        long[] actual = new long[mine.peaks().length];
        java.softmaxWeights(mine, by, expected);
        c.softmaxWeights(other, by, actual);
        assertThat(actual).as("%s", by).isEqualTo(expected);
        for (int i = 0; i < mine.logits().length; i++) {
            if (mine.logits()[i] >= by.cut()) {
                assertThat(other.weights()[i]).isEqualTo(mine.weights()[i]);
            }
        }
        float cut = by.cut() + (by.best() - by.cut()) * random.nextFloat();
        java.sum(mine, cut, expected);
        c.sum(other, cut, actual);
        assertThat(actual).as("sums from %s", cut).isEqualTo(expected);
        for (float scale : new float[] {0, 3, 4_000, Float.MAX_VALUE}) {
            Band band = new Band(by.cut(), cut, scale, 100);
            long[] slots = new long[100];
            long[] actualSlots = new long[100];
            java.spread(mine, band, slots);
            c.spread(other, band, actualSlots);
            assertThat(actualSlots).as("%s", band).isEqualTo(slots);
            int[] ids = new int[mine.logits().length];
            int[] actualIds = new int[mine.logits().length];
            int slot = random.nextInt(3);
            int found = java.members(mine, band, slot, ids);
            assertThat(c.members(other, band, slot, actualIds)).isEqualTo(found);
            assertThat(Arrays.copyOf(actualIds, found)).isEqualTo(Arrays.copyOf(ids, found));
        }
    }

    @Test
    void aBlockWithANaNHasNoPeak() {
        float[] nans = {Float.NaN, Float.intBitsToFloat(0xffc00001), Float.intBitsToFloat(0x7f800001)};
        for (LogitOps passes : new LogitOps[] {java, LogitKernels.open()}) {
            for (float nan : nans) {
                float[] row = new float[200];
                row[70] = nan;
                float[] peaks = new float[4];
                passes.peaks(row, peaks);
                assertThat(peaks).containsExactly(0, Float.NaN, 0, 0);
            }
        }
    }

    @Test
    void arraysOfOtherLengthsAreRefused() {
        for (LogitOps passes : new LogitOps[] {java, LogitKernels.open()}) {
            Row row = new Row(new float[100], new float[2], new float[100]);
            assertThatThrownBy(() -> new Row(new float[100], new float[1], new float[100]))
                    .hasMessageContaining("1 peaks for 100 logits");
            assertThatThrownBy(() -> passes.peaks(new float[100], new float[1]))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> passes.sum(row, 0, new long[1])).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> passes.spread(row, new Band(-1, 1, 1, 9), new long[8]))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> passes.members(row, new Band(-1, 1, 1, 9), 0, new int[99]))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    /** Gaussian, with equal ones, with ones that are ruled out, hardly different. */
    private Row row(int length, int kind) {
        float[] logits = new float[length];
        for (int i = 0; i < length; i++) {
            float z = (float) random.nextGaussian();
            logits[i] = switch (kind) {
                case 0 -> 3 * z;
                case 1 -> Math.round(z);
                case 2 -> random.nextInt(4) == 0 ? Float.NEGATIVE_INFINITY : 3 * z;
                default -> 9 + 1e-5f * z;
            };
        }
        logits[random.nextInt(length)] = 2;
        return new Row(logits, new float[LogitOps.blocks(length)], new float[length]);
    }

    private static float highest(Row row) {
        float highest = Float.NEGATIVE_INFINITY;
        for (float peak : row.peaks()) {
            highest = Math.max(highest, peak);
        }
        return highest;
    }
}
