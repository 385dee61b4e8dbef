package dev.baton.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.baton.engine.sampling.Scalars;
import dev.baton.kv.KvDtype;
import java.lang.foreign.MemorySegment;

/**
 * attention.c in Java: one tile per block, each by itself (scores in the order of the dimensions, weights in 16 lanes and a
 * fixed tree, values in the order of the tokens), folded in their order.
 */
final class JavaAttention {
    private static final int LANES = 16;

    private final Attention.Heads heads;
    private final Attention.Rule rule;
    private final Attention.Pool pool;
    private final Attention.Operands of;
    private final int wideValue;
    private final float[] keys;
    private final float[] values;
    private final float[] query;
    private final float[] sum;
    private final float[] part;
    private final float[] score;

    JavaAttention(Attention.Heads heads, Attention.Rule rule, Attention.Pool pool, Attention.Operands of) {
        this.heads = heads;
        this.rule = rule;
        this.pool = pool;
        this.of = of;
        wideValue = padded(heads.valueDim());
        keys = new float[pool.blockTokens() * heads.keyDim()];
        values = new float[pool.blockTokens() * wideValue];
        query = new float[heads.keyDim()];
        sum = new float[wideValue];
        part = new float[wideValue];
        score = new float[padded(pool.blockTokens())];
    }

    void run(Attention.Batch batch) {
        for (int i = 0; i < batch.count(); i++) {
            int row = batch.slices().getAtIndex(JAVA_INT, i * 4L);
            int rows = batch.slices().getAtIndex(JAVA_INT, i * 4L + 1);
            int position = batch.slices().getAtIndex(JAVA_INT, i * 4L + 2);
            MemorySegment blocks = batch.blocks().asSlice(batch.slices().getAtIndex(JAVA_INT, i * 4L + 3) * 4L);
            for (int r = 0; r < rows; r++) {
                write(row + r, position + r, blocks);
            }
            for (int r = 0; r < rows; r++) {
                for (int head = 0; head < heads.heads(); head++) {
                    attend(row + r, position + r, head, blocks);
                }
            }
        }
    }

    private void write(long row, int position, MemorySegment blocks) {
        long block = blocks.getAtIndex(JAVA_INT, position / pool.blockTokens());
        int token = position % pool.blockTokens();
        for (int head = 0; head < heads.kvHeads(); head++) {
            long key = cell(block, false, head, token);
            for (int d = 0; d < heads.keyDim(); d++) {
                put(
                        key,
                        d,
                        of.key()
                                .at()
                                .getAtIndex(JAVA_FLOAT, row * of.key().stride() + (long) head * heads.keyDim() + d));
            }
            long value = cell(block, true, head, token);
            for (int d = 0; d < heads.valueDim(); d++) {
                put(
                        value,
                        d,
                        of.value()
                                .at()
                                .getAtIndex(
                                        JAVA_FLOAT, row * of.value().stride() + (long) head * heads.valueDim() + d));
            }
        }
    }

    private void put(long cell, int d, float v) {
        if (pool.dtype() == KvDtype.F32) {
            pool.layer().set(JAVA_FLOAT, cell + d * 4L, v);
        } else {
            pool.layer().set(JAVA_SHORT, cell + d * 2L, Bf16.of(v));
        }
    }

    private long cell(long block, boolean value, int head, int token) {
        int dim = value ? heads.valueDim() : heads.keyDim();
        long before = value ? (long) heads.kvHeads() * pool.blockTokens() * heads.keyDim() : 0;
        return block * pool.blockBytes()
                + (before + ((long) head * pool.blockTokens() + token) * dim)
                        * pool.dtype().bytes();
    }

    private void widen(long cell, int tokens, int dim, int wide, float[] to) {
        for (int t = 0; t < tokens; t++) {
            for (int d = 0; d < dim; d++) {
                long i = (long) t * dim + d;
                to[t * wide + d] = pool.dtype() == KvDtype.F32
                        ? pool.layer().get(JAVA_FLOAT, cell + i * 4)
                        : Bf16.toFloat(pool.layer().get(JAVA_SHORT, cell + i * 2));
            }
        }
    }

    private void attend(long row, int position, int head, MemorySegment blocks) {
        int kvHead = head / (heads.heads() / heads.kvHeads());
        for (int d = 0; d < heads.keyDim(); d++) {
            query[d] =
                    of.query().at().getAtIndex(JAVA_FLOAT, row * of.query().stride() + (long) head * heads.keyDim() + d)
                            * rule.scale();
        }
        java.util.Arrays.fill(sum, 0);
        float top = Float.NEGATIVE_INFINITY;
        float total = 0;
        int from = rule.window() > 0 ? Math.max(0, position - rule.window() + 1) : 0;
        for (int tile = from / pool.blockTokens(); tile <= position / pool.blockTokens(); tile++) {
            int base = tile * pool.blockTokens();
            int low = Math.max(0, from - base);
            int high = Math.min(pool.blockTokens(), position + 1 - base);
            long block = blocks.getAtIndex(JAVA_INT, tile);
            widen(cell(block, false, kvHead, 0), high, heads.keyDim(), heads.keyDim(), keys);
            widen(cell(block, true, kvHead, 0), high, heads.valueDim(), wideValue, values);
            float most = scores(low, high);
            float weight = weights(low, high, most);
            float newTop = most > top ? most : top;
            float old = Scalars.exp(top - newTop);
            float fresh = Scalars.exp(most - newTop);
            total = Math.fma(total, old, weight * fresh);
            top = newTop;
            combine(low, high);
            for (int d = 0; d < wideValue; d++) {
                sum[d] = Math.fma(sum[d], old, part[d] * fresh);
            }
        }
        for (int d = 0; d < heads.valueDim(); d++) {
            of.out()
                    .at()
                    .setAtIndex(
                            JAVA_FLOAT, row * of.out().stride() + (long) head * heads.valueDim() + d, sum[d] / total);
        }
    }

    private float scores(int low, int high) {
        float highest = Float.NEGATIVE_INFINITY;
        for (int t = low; t < high; t++) {
            float s = 0;
            for (int d = 0; d < heads.keyDim(); d++) {
                s = Math.fma(query[d], keys[t * heads.keyDim() + d], s);
            }
            if (rule.softcap() > 0) {
                s = rule.softcap() * Scalars.tanh(s / rule.softcap());
            }
            score[t] = s;
            highest = s > highest ? s : highest;
        }
        return highest;
    }

    /** The weighted sum of a tile's values. */
    private void combine(int low, int high) {
        for (int d = 0; d < wideValue; d++) {
            float acc = 0;
            for (int t = low; t < high; t++) {
                acc = Math.fma(score[t], values[t * wideValue + d], acc);
            }
            part[d] = acc;
        }
    }

    private float weights(int low, int high, float top) {
        float[] lane = new float[LANES];
        for (int t = 0; t < padded(high); t++) {
            float p = t >= low && t < high ? Scalars.exp(score[t] - top) : 0.0f;
            score[t] = p;
            lane[t % LANES] = lane[t % LANES] + p;
        }
        return tree(lane);
    }

    private static float tree(float[] lane) {
        float[] r8 = new float[8];
        for (int i = 0; i < 8; i++) {
            r8[i] = lane[i] + lane[i + 8];
        }
        float[] r4 = new float[4];
        for (int i = 0; i < 4; i++) {
            r4[i] = r8[i] + r8[i + 4];
        }
        return (r4[0] + r4[2]) + (r4[1] + r4[3]);
    }

    private static int padded(int n) {
        return Math.ceilDiv(n, LANES) * LANES;
    }
}
