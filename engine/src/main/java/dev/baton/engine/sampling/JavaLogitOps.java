package dev.baton.engine.sampling;

import java.util.Arrays;
import java.util.Objects;

/** The passes in Java. */
public final class JavaLogitOps implements LogitOps {
    @Override
    public void peaks(float[] row, float[] peaks) {
        Row.check(row, peaks);
        for (int block = 0; block < peaks.length; block++) {
            int end = Math.min(row.length, (block + 1) * BLOCK);
            float peak = Float.NEGATIVE_INFINITY;
            for (int i = block * BLOCK; i < end; i++) {
                peak = Math.max(peak, row[i]);
            }
            peaks[block] = peak;
        }
    }

    @Override
    public void softmaxWeights(Row row, Weighing by, long[] sums) {
        row.check(sums);
        float[] logits = row.logits();
        for (int block = 0; block < sums.length; block++) {
            long sum = 0;
            if (row.peaks()[block] >= by.cut()) {
                int end = Math.min(logits.length, (block + 1) * BLOCK);
                for (int i = block * BLOCK; i < end; i++) {
                    float weight = logits[i] >= by.cut() ? Scalars.exp((logits[i] - by.best()) * by.factor()) : 0;
                    row.weights()[i] = weight;
                    sum += LogitOps.whole(weight);
                }
            }
            sums[block] = sum;
        }
    }

    @Override
    public void sum(Row row, float cut, long[] sums) {
        row.check(sums);
        float[] logits = row.logits();
        for (int block = 0; block < sums.length; block++) {
            long sum = 0;
            if (row.peaks()[block] >= cut) {
                int end = Math.min(logits.length, (block + 1) * BLOCK);
                for (int i = block * BLOCK; i < end; i++) {
                    sum += logits[i] >= cut ? LogitOps.whole(row.weights()[i]) : 0;
                }
            }
            sums[block] = sum;
        }
    }

    @Override
    public void spread(Row row, Band band, long[] slots) {
        Objects.checkFromIndexSize(0, band.slots(), slots.length);
        Arrays.fill(slots, 0, band.slots(), 0);
        float[] logits = row.logits();
        for (int block = 0; block < row.peaks().length; block++) {
            if (row.peaks()[block] >= band.low()) {
                int end = Math.min(logits.length, (block + 1) * BLOCK);
                for (int i = block * BLOCK; i < end; i++) {
                    if (logits[i] >= band.low() && logits[i] <= band.high()) {
                        slots[slot(logits[i], band)] += LogitOps.whole(row.weights()[i]);
                    }
                }
            }
        }
    }

    @Override
    public int members(Row row, Band band, int slot, int[] ids) {
        float[] logits = row.logits();
        Objects.checkFromIndexSize(0, logits.length, ids.length);
        int found = 0;
        for (int block = 0; block < row.peaks().length; block++) {
            if (row.peaks()[block] >= band.low()) {
                int end = Math.min(logits.length, (block + 1) * BLOCK);
                for (int i = block * BLOCK; i < end; i++) {
                    if (logits[i] >= band.low() && logits[i] <= band.high() && slot(logits[i], band) == slot) {
                        ids[found++] = i;
                    }
                }
            }
        }
        return found;
    }

    private static int slot(float logit, Band band) {
        float at = (band.high() - logit) * band.scale();
        return (int) Math.min(at, band.slots() - 1f);
    }
}
