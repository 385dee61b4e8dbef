package dev.baton.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.baton.engine.sampling.Scalars;
import dev.baton.kv.KvDtype;
import java.lang.foreign.MemorySegment;

/**
 * attention.c in Java: one tile per block, each by itself (scores in the order of the dimensions, weights in 16 lanes and a
 * fixed tree, values in the order of the tokens), folded in their order within a span, and the spans in theirs.
 */
final class JavaAttention {
    private static final int LANES = 16;
    private static final int WORD = 4;

    private final Attention.Heads heads;
    private final Attention.Rule rule;
    private final Attention.Pool pool;
    private final Attention.Operands of;
    private final int wideValue;
    private final int spanTiles;
    private final float[] keys;
    private final float[] values;
    private final float[] query;
    private final float[] score;
    private final Folded all;
    private final Folded span;
    private final Folded tile;

    /** What tiles or spans gave, folded so far: weighted values, their maximum, the sum of the weights. */
    private static final class Folded {
        private final float[] sum;
        private float top;
        private float total;

        Folded(int wide) {
            sum = new float[wide];
            clear();
        }

        void clear() {
            top = Float.NEGATIVE_INFINITY;
        }

        /** Takes what came next into what was folded before it; what comes first is taken as it is. */
        void fold(Folded next) {
            if (top == Float.NEGATIVE_INFINITY) {
                System.arraycopy(next.sum, 0, sum, 0, sum.length);
                top = next.top;
                total = next.total;
                return;
            }
            float newTop = next.top > top ? next.top : top;
            float old = Scalars.exp(top - newTop);
            float fresh = Scalars.exp(next.top - newTop);
            total = Math.fma(total, old, next.total * fresh);
            top = newTop;
            for (int d = 0; d < sum.length; d++) {
                sum[d] = Math.fma(sum[d], old, next.sum[d] * fresh);
            }
        }
    }

    JavaAttention(Attention.Heads heads, Attention.Rule rule, Attention.Pool pool, Attention.Operands of) {
        this.heads = heads;
        this.rule = rule;
        this.pool = pool;
        this.of = of;
        wideValue = padded(heads.valueDim());
        spanTiles = Math.max(1, Attention.SPAN / pool.blockTokens());
        keys = new float[pool.blockTokens() * heads.keyDim()];
        values = new float[pool.blockTokens() * wideValue];
        query = new float[heads.keyDim()];
        score = new float[padded(pool.blockTokens())];
        all = new Folded(wideValue);
        span = new Folded(wideValue);
        tile = new Folded(wideValue);
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
            MatrixView key = of.key();
            for (int d = 0; d < heads.keyDim(); d++) {
                put(key(block, head, token, d), at(key, row, (long) head * heads.keyDim() + d));
            }
            MatrixView value = of.value();
            for (int d = 0; d < heads.valueDim(); d++) {
                put(value(block, head, token, d), at(value, row, (long) head * heads.valueDim() + d));
            }
        }
    }

    private static float at(MatrixView of, long row, long column) {
        return of.at().getAtIndex(JAVA_FLOAT, row * of.stride() + column);
    }

    private void put(long at, float v) {
        if (pool.dtype() == KvDtype.F32) {
            pool.layer().set(JAVA_FLOAT, at, v);
        } else {
            pool.layer().set(JAVA_SHORT, at, Bf16.of(v));
        }
    }

    private float get(long at) {
        return pool.dtype() == KvDtype.F32
                ? pool.layer().get(JAVA_FLOAT, at)
                : Bf16.toFloat(pool.layer().get(JAVA_SHORT, at));
    }

    /** Where an element of a key lies: keys are turned, [word][token], a word being four bytes. */
    private long key(long block, int head, int token, int d) {
        int inWord = WORD / pool.dtype().bytes();
        long words = ((long) head * heads.keyDim() / inWord + d / inWord) * pool.blockTokens() + token;
        return block * pool.blockBytes()
                + words * WORD
                + (long) (d % inWord) * pool.dtype().bytes();
    }

    private long value(long block, int head, int token, int d) {
        long keys = (long) heads.kvHeads() * pool.blockTokens() * heads.keyDim();
        long element = keys + ((long) head * pool.blockTokens() + token) * heads.valueDim() + d;
        return block * pool.blockBytes() + element * pool.dtype().bytes();
    }

    private void widen(long block, int head, int tokens) {
        for (int t = 0; t < tokens; t++) {
            for (int d = 0; d < heads.keyDim(); d++) {
                keys[t * heads.keyDim() + d] = get(key(block, head, t, d));
            }
            for (int d = 0; d < heads.valueDim(); d++) {
                values[t * wideValue + d] = get(value(block, head, t, d));
            }
        }
    }

    private void attend(long row, int position, int head, MemorySegment blocks) {
        int kvHead = head / (heads.heads() / heads.kvHeads());
        for (int d = 0; d < heads.keyDim(); d++) {
            query[d] = at(of.query(), row, (long) head * heads.keyDim() + d) * rule.scale();
        }
        all.clear();
        span.clear();
        int from = rule.window() > 0 ? Math.max(0, position - rule.window() + 1) : 0;
        int last = position / pool.blockTokens();
        for (int t = from / pool.blockTokens(); t <= last; t++) {
            int base = t * pool.blockTokens();
            int low = Math.max(0, from - base);
            int high = Math.min(pool.blockTokens(), position + 1 - base);
            widen(blocks.getAtIndex(JAVA_INT, t), kvHead, high);
            tile.top = scores(low, high);
            tile.total = weights(low, high, tile.top);
            combine(low, high);
            span.fold(tile);
            if (t == last || (t + 1) % spanTiles == 0) {
                all.fold(span);
                span.clear();
            }
        }
        for (int d = 0; d < heads.valueDim(); d++) {
            of.out()
                    .at()
                    .setAtIndex(
                            JAVA_FLOAT,
                            row * of.out().stride() + (long) head * heads.valueDim() + d,
                            all.sum[d] / all.total);
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
            tile.sum[d] = acc;
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
