/* The body of attention over sixteen lanes. Whoever includes it defines the lanes of one instruction set (lanes, load,
 * store, spread, fma, ...), TARGET, TILE_ROWS and TILE_LANES (rows and vectors that the registers hold), turn_tile and the
 * two names ATTEND and GATHER. */

/* baton_exp() of each lane. A NaN stays one. */
TARGET INLINE lanes exp_lanes(lanes x) {
    lanes c = larger(spread(-87.0f), smaller(spread(88.0f), x)), round = spread(12582912.0f);
    lanes n = sub(add(mul(c, spread(1.44269504088896341f)), round), round);
    lanes r = fma16(n, spread(2.12194440e-4f), fma16(n, spread(-0.693359375f), c));
    lanes y = fma16(spread(1.9875691500e-4f), r, spread(1.3981999507e-3f));
    y = fma16(y, r, spread(8.3334519073e-3f));
    y = fma16(y, r, spread(4.1665795894e-2f));
    y = fma16(y, r, spread(1.6666665459e-1f));
    y = fma16(y, r, spread(5.0000001201e-1f));
    y = add(fma16(y, mul(r, r), r), spread(1.0f));
    return zero_below(x, -87.0f, mul(y, power_of_two(n)));
}

/* cap * baton_tanh(x / cap) */
TARGET INLINE lanes capped(lanes x, float cap) {
    lanes e = exp_lanes(mul(spread(2.0f), quotient(x, spread(cap))));
    return mul(spread(cap), sub(spread(1.0f), quotient(spread(2.0f), add(e, spread(1.0f)))));
}

/* c[row][column] = the chain over i, in order, of fma(a[row][i], b[i][column]), from zero. */
TARGET INLINE void multiply_tile(int rows, int vectors, const float *a, long lda, const float *b, long ldb, long count,
        float *c, long ldc) {
    lanes acc[TILE_ROWS][TILE_LANES];
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++) {
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) acc[r][v] = spread(0);
    }
    for (long i = 0; i < count; i++) {
        lanes x[TILE_LANES];
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) x[v] = load(b + i * ldb + v * LANES);
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++) {
            lanes s = spread(a[r * lda + i]);
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++) acc[r][v] = fma16(s, x[v], acc[r][v]);
        }
    }
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++) {
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) store(c + r * ldc + v * LANES, acc[r][v]);
    }
}

#define ROWS_OF(n) case n: multiply_tile(n, vectors, a, lda, b, ldb, count, c, ldc); break;

TARGET INLINE void multiply_rows(long rows, int vectors, const float *a, long lda, const float *b, long ldb, long count,
        float *c, long ldc) {
    switch (rows) {
        ROWS_OF(1)
#if TILE_ROWS > 1
        ROWS_OF(2) ROWS_OF(3) ROWS_OF(4) ROWS_OF(5) ROWS_OF(6)
#endif
#if TILE_ROWS > 6
        ROWS_OF(7) ROWS_OF(8) ROWS_OF(9) ROWS_OF(10) ROWS_OF(11) ROWS_OF(12)
#endif
    }
}

/* vectors columns of sixteen. */
TARGET static void multiply(long rows, long vectors, const float *a, long lda, const float *b, long ldb, long count,
        float *c, long ldc) {
    long tiles = ceil_div(rows, TILE_ROWS);
    for (long v = 0; v < vectors; v += TILE_LANES) {
        for (long i = 0; i < tiles; i++) {
            long r0 = piece_start(rows, tiles, i), r1 = piece_start(rows, tiles, i + 1);
            const float *from = a + r0 * lda;
            float *to = c + r0 * ldc + v * LANES;
            if (TILE_LANES > 1 && vectors - v > 1) multiply_rows(r1 - r0, TILE_LANES, from, lda, b + v * LANES, ldb, count, to, ldc);
            else multiply_rows(r1 - r0, 1, from, lda, b + v * LANES, ldb, count, to, ldc);
        }
    }
}

/* Up to SIDE queries against tokens [low, high) of a tile: parts, maxima and sums of weights. The room behind a tile's last
 * token holds old columns, finite or not: what they make is overwritten. */
TARGET INLINE void meet(const attention *t, const room *r, long query, long count, span of) {
    long wide = padded(t->value_dim), tokens = padded(t->block_tokens);
    long from = of.low / LANES * LANES, end = padded(of.high);
    multiply(count, (end - from) / LANES, r->query + query * t->key_dim, t->key_dim, r->keys + from, tokens, t->key_dim,
            r->score + from, tokens);
    for (long i = 0; i < count; i++) {
        float *score = r->score + i * tokens;
        if (t->softcap > 0) {
            for (long at = from; at < end; at += LANES) store(score + at, capped(load(score + at), t->softcap));
        }
        for (long at = from; at < of.low; at++) score[at] = -INFINITY;
        for (long at = of.high; at < end; at++) score[at] = -INFINITY;
        lanes most = load(score + from);
        for (long at = from + LANES; at < end; at += LANES) most = larger(load(score + at), most);
        r->most[i] = largest(most);
        lanes sums = spread(0), top = spread(r->most[i]);
        for (long at = from; at < end; at += LANES) {
            lanes p = exp_lanes(sub(load(score + at), top));
            store(score + at, p);
            sums = add(sums, p);
        }
        r->weight[i] = total(sums);
    }
    multiply(count, wide / LANES, r->score + of.low, tokens, r->values + of.low * wide, wide, of.high - of.low, r->part, wide);
}

/* Takes a tile's parts into what has been folded so far. */
TARGET INLINE void fold(const attention *t, const room *r, long query, long count, const float *part, long ldp) {
    long wide = padded(t->value_dim);
    float old[SIDE] = {0}, fresh[SIDE] = {0};
    for (long i = 0; i < count; i++) {
        float top = r->top[query + i], most = r->most[i], both = most > top ? most : top;
        old[i] = top - both;
        fresh[i] = most - both;
        r->top[query + i] = both;
    }
    store(old, exp_lanes(load(old)));
    store(fresh, exp_lanes(load(fresh)));
    for (long i = 0; i < count; i++) {
        float *sum = r->sum + (query + i) * wide;
        lanes a = spread(old[i]), b = spread(fresh[i]);
        r->total[query + i] = __builtin_fmaf(r->total[query + i], old[i], r->weight[i] * fresh[i]);
        for (long d = 0; d < wide; d += LANES) {
            store(sum + d, fma16(load(sum + d), a, mul(load(part + i * ldp + d), b)));
        }
    }
}

TARGET INLINE void begin(const attention *t, const room *r, long queries) {
    memset(r->sum, 0, (size_t)(queries * padded(t->value_dim)) * 4);
    for (long i = 0; i < queries; i++) {
        r->top[i] = -INFINITY;
        r->total[i] = 0;
    }
}

TARGET INLINE void finish(const attention *t, const attend_work *work, const room *r, long queries) {
    long group = t->heads / t->kv_heads, wide = padded(t->value_dim);
    for (long i = 0; i < queries; i++) {
        float *out = t->out + (work->slice[0] + work->row0 + i / group) * t->ldo +
                (work->head * group + i % group) * t->value_dim;
        for (long d = 0; d < t->value_dim; d++) out[d] = r->sum[i * wide + d] / r->total[i];
    }
}

/* Leaves a tile's parts for whoever folds them. */
TARGET INLINE void keep(const attention *t, const room *r, long count, float *to) {
    long wide = padded(t->value_dim), each = part_floats(t);
    for (long i = 0; i < count; i++) {
        memcpy(to + i * each, r->part + i * wide, (size_t)wide * 4);
        to[i * each + wide] = r->most[i];
        to[i * each + wide + 1] = r->weight[i];
    }
}

/* Each block is widened once for all rows; queries that see the same of it meet it together. */
TARGET void ATTEND(const attention *t, const attend_work *work, float *scratch) {
    room r = lay_out(t, scratch);
    const int32_t *slice = work->slice;
    long group = t->heads / t->kv_heads, queries = work->rows * group;
    for (long i = 0; i < queries; i++) {
        const float *q = t->q + (slice[0] + work->row0 + i / group) * t->ldq + (work->head * group + i % group) * t->key_dim;
        for (long d = 0; d < t->key_dim; d++) r.query[i * t->key_dim + d] = q[d] * t->scale;
    }
    begin(t, &r, queries);
    long first = slice[2] + work->row0, last = first + work->rows - 1;
    long tile = work->tile1 ? work->tile0 : first_tile(t, first);
    long end = work->tile1 ? work->tile1 : last / t->block_tokens + 1;
    for (; tile < end; tile++) {
        long base = tile * t->block_tokens, tokens = min(t->block_tokens, last + 1 - base);
        int block = t->blocks[slice[3] + tile];
        int next = t->blocks[slice[3] + min(tile + 1, end - 1)];
        turn_tile(t, cell(t, block, 0, work->head, 0), cell(t, next, 0, work->head, 0), tokens, r.keys);
        widen_values(t->type, cell(t, block, 1, work->head, 0), cell(t, next, 1, work->head, 0), tokens, t->value_dim, r.values);
        for (long i = 0, count; i < queries; i += count) {
            span of = seen(t, base, tokens, first + i / group);
            for (count = 1; count < SIDE && i + count < queries; count++) {
                span next = seen(t, base, tokens, first + (i + count) / group);
                if (next.low != of.low || next.high != of.high) break;
            }
            if (of.low >= of.high) continue;
            meet(t, &r, i, count, of);
            if (work->tile1) keep(t, &r, count, work->parts + (tile * queries + i) * part_floats(t));
            else fold(t, &r, i, count, r.part, padded(t->value_dim));
        }
    }
    if (!work->tile1) finish(t, work, &r, queries);
}

TARGET void GATHER(const attention *t, const attend_work *work, float *scratch) {
    room r = lay_out(t, scratch);
    long queries = t->heads / t->kv_heads, wide = padded(t->value_dim), each = part_floats(t), at = work->slice[2];
    begin(t, &r, queries);
    for (long tile = first_tile(t, at); tile <= at / t->block_tokens; tile++) {
        for (long q = 0; q < queries; q += SIDE) {
            long count = min(SIDE, queries - q);
            const float *parts = work->parts + (tile * queries + q) * each;
            for (long i = 0; i < count; i++) {
                r.most[i] = parts[i * each + wide];
                r.weight[i] = parts[i * each + wide + 1];
            }
            fold(t, &r, q, count, parts, each);
        }
    }
    finish(t, work, &r, queries);
}
