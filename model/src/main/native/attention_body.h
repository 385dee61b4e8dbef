/* The body of attention over sixteen lanes. Whoever includes it defines the lanes of one instruction set (lanes, load,
 * store, spread, fma, ...) and its registers (piece, load_piece, ...), TARGET, TILE_ROWS and PAIR_ROWS (rows of one vector,
 * and of two, that the registers hold), transpose_stripe and the two names ATTEND and GATHER. */

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

/* The right factor of a product: f32, or brain floats that are widened on their way; next: what to ask for meanwhile. */
typedef struct {
    const void *at;
    const char *next;
    long ld;
    int type;
} factor;

/* c[row][column] = the chain over i, in order, of fma(a[row][i], b[i][column]), from zero. Few rows wait in registers for
 * each piece of b, many take turns at all of them: else the registers do not suffice. */
TARGET INLINE void multiply_tile(int rows, int vectors, int type, const float *a, long lda, const factor *b, long column,
        long count, float *c, long ldc) {
    const int pieces = vectors * LANES / PIECE;
    piece acc[TILE_ROWS][2 * LANES / PIECE];
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
        for (int q = 0; q < pieces; q++) acc[r][q] = spread_piece(0);
    }
    for (long i = 0; i < count; i++) {
        long at = i * b->ld + column;
        if (type == BF16) ask(b->next + at * 2);
        if (rows < pieces) {
            piece s[TILE_ROWS];
#pragma GCC unroll 12
            for (int r = 0; r < rows; r++) s[r] = spread_piece(a[r * lda + i]);
#pragma GCC unroll 4
            for (int q = 0; q < pieces; q++) {
                piece x = load_piece(type, b->at, at + q * PIECE);
#pragma GCC unroll 12
                for (int r = 0; r < rows; r++) acc[r][q] = fma_piece(s[r], x, acc[r][q]);
            }
        } else {
            piece x[2 * LANES / PIECE];
#pragma GCC unroll 4
            for (int q = 0; q < pieces; q++) x[q] = load_piece(type, b->at, at + q * PIECE);
#pragma GCC unroll 12
            for (int r = 0; r < rows; r++) {
                piece s = spread_piece(a[r * lda + i]);
#pragma GCC unroll 4
                for (int q = 0; q < pieces; q++) acc[r][q] = fma_piece(s, x[q], acc[r][q]);
            }
        }
    }
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
        for (int q = 0; q < pieces; q++) store_piece(c + r * ldc + q * PIECE, acc[r][q]);
    }
}

#define ROWS_OF(n) case n: multiply_tile(n, vectors, type, a, lda, b, column, count, c, ldc); break;

TARGET INLINE void multiply_rows(long rows, int vectors, int type, const float *a, long lda, const factor *b, long column,
        long count, float *c, long ldc) {
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

TARGET INLINE void multiply_pair(long rows, int type, const float *a, long lda, const factor *b, long column, long count,
        float *c, long ldc) {
    const int vectors = 2;
    switch (rows) {
        ROWS_OF(1)
#if PAIR_ROWS > 1
        ROWS_OF(2) ROWS_OF(3)
#endif
#if PAIR_ROWS > 3
        ROWS_OF(4) ROWS_OF(5) ROWS_OF(6) ROWS_OF(7) ROWS_OF(8) ROWS_OF(9) ROWS_OF(10) ROWS_OF(11) ROWS_OF(12)
#endif
    }
}

/* vectors columns of sixteen. */
TARGET INLINE void multiply_type(long rows, long vectors, int type, const float *a, long lda, const factor *b, long count,
        float *c, long ldc) {
    long tiles = ceil_div(rows, TILE_ROWS), pair = ceil_div(rows, tiles) <= PAIR_ROWS;
    for (long v = 0, wide; v < vectors; v += wide) {
        wide = pair && vectors - v > 1 ? 2 : 1;
        for (long i = 0; i < tiles; i++) {
            long r0 = piece_start(rows, tiles, i), r1 = piece_start(rows, tiles, i + 1);
            const float *from = a + r0 * lda;
            float *to = c + r0 * ldc + v * LANES;
            if (wide == 2) multiply_pair(r1 - r0, type, from, lda, b, v * LANES, count, to, ldc);
            else multiply_rows(r1 - r0, 1, type, from, lda, b, v * LANES, count, to, ldc);
        }
    }
}

TARGET static void multiply(long rows, long vectors, const float *a, long lda, const factor *b, long count, float *c, long ldc) {
    if (b->type == BF16) multiply_type(rows, vectors, BF16, a, lda, b, count, c, ldc);
    else multiply_type(rows, vectors, F32, a, lda, b, count, c, ldc);
}

/* Scores of tokens [low, high) become weights. What stands beside them, finite or not, is overwritten. */
TARGET INLINE void tile_softmax(const attention *t, const tile_scratch *r, long count, span of) {
    long tokens = padded(t->block_tokens), from = of.low / LANES * LANES, end = padded(of.high);
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
}

/* Up to SIDE queries against tokens [low, high) of a widened tile: parts, maxima and sums of weights. */
TARGET INLINE void attend_tile(const attention *t, const tile_scratch *r, long query, long count, span of) {
    long wide = padded(t->value_dim), tokens = padded(t->block_tokens), from = of.low / LANES * LANES;
    factor keys = {r->keys + from, NULL, tokens, F32}, values = {r->values + of.low * wide, NULL, wide, F32};
    multiply(count, (padded(of.high) - from) / LANES, r->query + query * t->key_dim, t->key_dim, &keys, t->key_dim,
            r->score + from, tokens);
    tile_softmax(t, r, count, of);
    multiply(count, wide / LANES, r->score + of.low, tokens, &values, of.high - of.low, r->part, wide);
}

/* A tile's keys or values, and those of the tile after it. */
typedef struct {
    const char *at, *next;
} tile;

/* The same for all queries of one row, which are few: keys are transposed a stripe at a time, so that they stay in the nearest
 * cache, and values are widened where they are multiplied. */
TARGET INLINE void attend_tile_few_rows(const attention *t, const tile_scratch *r, long count, tile keys, tile values, long seen, span of) {
    long tokens = padded(t->block_tokens), stripe = min(2 * LANES, tokens), end = padded(of.high), dim = t->value_dim;
    factor transposed = {r->keys, NULL, stripe, F32};
    for (long at = of.low / LANES * LANES; at < end; at += stripe) {
        long vectors = min(stripe, end - at) / LANES;
        for (long v = 0; v < vectors; v++) {
            transpose_stripe(t, keys.at, keys.next, at + v * LANES, seen, r->keys + v * LANES, stripe);
        }
        multiply(count, vectors, r->query, t->key_dim, &transposed, t->key_dim, r->score + at, tokens);
    }
    tile_softmax(t, r, count, of);
    factor stored = {(const uint16_t *)values.at + of.low * dim, values.next + of.low * dim * 2, dim, BF16};
    multiply(count, dim / LANES, r->score + of.low, tokens, &stored, of.high - of.low, r->part, dim);
}

/* Takes a tile's parts into what has been merged so far. */
TARGET INLINE void merge_tile(const attention *t, const tile_scratch *r, long query, long count, const float *part, long ldp) {
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

TARGET INLINE void begin(const attention *t, const tile_scratch *r, long queries) {
    memset(r->sum, 0, (size_t)(queries * padded(t->value_dim)) * 4);
    for (long i = 0; i < queries; i++) {
        r->top[i] = -INFINITY;
        r->total[i] = 0;
    }
}

TARGET INLINE void finish(const attention *t, const attend_work *work, const tile_scratch *r, long queries) {
    long group = t->heads / t->kv_heads, wide = padded(t->value_dim);
    for (long i = 0; i < queries; i++) {
        float *out = t->out + (work->slice[0] + work->row0 + i / group) * t->ldo +
                (work->head * group + i % group) * t->value_dim;
        for (long d = 0; d < t->value_dim; d++) out[d] = r->sum[i * wide + d] / r->total[i];
    }
}

/* Leaves a tile's parts for whoever folds them. */
TARGET INLINE void keep(const attention *t, const tile_scratch *r, long count, float *to) {
    long wide = padded(t->value_dim), each = part_floats(t);
    for (long i = 0; i < count; i++) {
        memcpy(to + i * each, r->part + i * wide, (size_t)wide * 4);
        to[i * each + wide] = r->most[i];
        to[i * each + wide + 1] = r->weight[i];
    }
}

/* Takes what a tile gave into the result, or leaves it for whoever does. */
TARGET INLINE void add_part(const attention *t, const attend_work *work, const tile_scratch *r, long tile, long query, long count) {
    long queries = work->rows * (t->heads / t->kv_heads);
    if (work->tile1) keep(t, r, count, work->parts + (tile * queries + query) * part_floats(t));
    else merge_tile(t, r, query, count, r->part, padded(t->value_dim));
}

/* Each block is read once for all rows; queries that see the same of it attend to it together. */
TARGET void ATTEND(const attention *t, const attend_work *work, float *scratch) {
    tile_scratch r = lay_out(t, scratch);
    const int32_t *slice = work->slice;
    long group = t->heads / t->kv_heads, queries = work->rows * group;
    int few = work->rows == 1 && queries <= SIDE && t->type == BF16 && t->value_dim % LANES == 0;
    for (long i = 0; i < queries; i++) {
        const float *q = t->q + (slice[0] + work->row0 + i / group) * t->ldq + (work->head * group + i % group) * t->key_dim;
        for (long d = 0; d < t->key_dim; d++) r.query[i * t->key_dim + d] = q[d] * t->scale;
    }
    begin(t, &r, queries);
    long first = slice[2] + work->row0, last = first + work->rows - 1;
    long at = work->tile1 ? work->tile0 : first_tile(t, first);
    long end = work->tile1 ? work->tile1 : last / t->block_tokens + 1;
    int later = t->blocks[work->next_slice[3] + first_tile(t, work->next_slice[2])];
    for (; at < end; at++) {
        long base = at * t->block_tokens, tokens = min(t->block_tokens, last + 1 - base);
        int block = t->blocks[slice[3] + at], next = at + 1 < end ? t->blocks[slice[3] + at + 1] : later;
        int head = at + 1 < end ? work->head : work->next_head;
        tile keys = {cell(t, block, 0, work->head, 0), cell(t, next, 0, head, 0)};
        tile values = {cell(t, block, 1, work->head, 0), cell(t, next, 1, head, 0)};
        if (few) {
            attend_tile_few_rows(t, &r, queries, keys, values, tokens, seen(t, base, tokens, first));
            add_part(t, work, &r, at, 0, queries);
            continue;
        }
        for (long i = 0; i < tokens; i += LANES) {
            transpose_stripe(t, keys.at, keys.next, i, tokens, r.keys + i, padded(t->block_tokens));
        }
        widen_values(t->type, values.at, values.next, tokens, t->value_dim, r.values);
        for (long i = 0, count; i < queries; i += count) {
            span of = seen(t, base, tokens, first + i / group);
            for (count = 1; count < SIDE && i + count < queries; count++) {
                span next = seen(t, base, tokens, first + (i + count) / group);
                if (next.low != of.low || next.high != of.high) break;
            }
            if (of.low >= of.high) continue;
            attend_tile(t, &r, i, count, of);
            add_part(t, work, &r, at, i, count);
        }
    }
    if (!work->tile1) finish(t, work, &r, queries);
}

TARGET void GATHER(const attention *t, const attend_work *work, float *scratch) {
    tile_scratch r = lay_out(t, scratch);
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
            merge_tile(t, &r, q, count, parts, each);
        }
    }
    finish(t, work, &r, queries);
}
