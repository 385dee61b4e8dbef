/* The body of attention over sixteen lanes. Whoever includes it defines the lanes of one instruction set (lanes, load,
 * store, spread, fma, ...) and its registers (piece, load_piece, load_half, ...), TARGET, TILE_ROWS and PAIR_ROWS (rows of one
 * vector, and of two, that the registers hold) and the two names ATTEND and GATHER. */

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

/* The right factor of a product: f32, brain floats or words of two that are widened on their way; next: what to ask for
 * meanwhile. */
typedef struct {
    const void *at;
    const char *next;
    long ld;
    int type;
} factor;

TARGET INLINE piece load_factor(int type, int half, const void *from, long at) {
    return type == TURNED ? load_half(half, from, at) : load_piece(type, from, at);
}

/* acc[row] += a[row] * b[at, at + pieces of it). Few rows wait in registers for each piece of b, many take turns at all of
 * them: else the registers do not suffice. */
TARGET INLINE void multiply_add(int rows, int pieces, int type, int half, const float *a, long lda, const void *b, long at,
        piece acc[TILE_ROWS][2 * LANES / PIECE]) {
    if (rows < pieces) {
        piece s[TILE_ROWS];
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++) s[r] = spread_piece(a[r * lda]);
#pragma GCC unroll 4
        for (int q = 0; q < pieces; q++) {
            piece x = load_factor(type, half, b, at + q * PIECE);
#pragma GCC unroll 12
            for (int r = 0; r < rows; r++) acc[r][q] = fma_piece(s[r], x, acc[r][q]);
        }
    } else {
        piece x[2 * LANES / PIECE];
#pragma GCC unroll 4
        for (int q = 0; q < pieces; q++) x[q] = load_factor(type, half, b, at + q * PIECE);
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++) {
            piece s = spread_piece(a[r * lda]);
#pragma GCC unroll 4
            for (int q = 0; q < pieces; q++) acc[r][q] = fma_piece(s, x[q], acc[r][q]);
        }
    }
}

/* c[row][column] = the chain over i, in order, of fma(a[row][i], b[i][column]), from zero. */
TARGET INLINE void multiply_tile(int rows, int vectors, int type, const float *a, long lda, const factor *b, long column,
        long count, float *c, long ldc) {
    const int pieces = vectors * LANES / PIECE;
    piece acc[TILE_ROWS][2 * LANES / PIECE];
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
        for (int q = 0; q < pieces; q++) acc[r][q] = spread_piece(0);
    }
    if (type == TURNED) {
        for (long i = 0; i < count; i += 2) {
            long at = i / 2 * b->ld + column;
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++) ask(b->next + (at + v * LANES) * 4);
            multiply_add(rows, pieces, type, 0, a + i, lda, b->at, at, acc);
            multiply_add(rows, pieces, type, 1, a + i + 1, lda, b->at, at, acc);
        }
    } else {
        for (long i = 0; i < count; i++) {
            long at = i * b->ld + column;
            if (type == BF16) ask(b->next + at * 2);
            multiply_add(rows, pieces, type, 0, a + i, lda, b->at, at, acc);
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
    else if (b->type == TURNED) multiply_type(rows, vectors, TURNED, a, lda, b, count, c, ldc);
    else multiply_type(rows, vectors, F32, a, lda, b, count, c, ldc);
}

/* Scores of tokens [low, high) become weights. What stands beside them, finite or not, is overwritten. */
TARGET INLINE void tile_softmax(const attention *t, const tile_scratch *r, long count, range of) {
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
        r->tile.top[i] = largest(most);
        lanes sums = spread(0), top = spread(r->tile.top[i]);
        for (long at = from; at < end; at += LANES) {
            lanes p = exp_lanes(sub(load(score + at), top));
            store(score + at, p);
            sums = add(sums, p);
        }
        r->tile.total[i] = total(sums);
    }
}

/* A tile's keys or values, and those of the tile after it. */
typedef struct {
    const char *at, *next;
} tile;

/* A tile's keys as f32, [dimension][token]. */
TARGET INLINE void widen_keys(const attention *t, tile keys, long tokens, float *to) {
    long wide = padded(t->block_tokens), words = t->key_dim * element_bytes(t) / 4, size = t->block_tokens;
    long whole = size % LANES == 0 ? padded(tokens) : 0;
    for (long w = 0; w < words; w++) {
        long at = w * size;
        float *first = to + (t->type == F32 ? w : 2 * w) * wide;
        for (long i = 0; i < tokens; i += LANES) ask(keys.next + (at + i) * 4);
        if (t->type == F32) {
            memcpy(first, keys.at + at * 4, (size_t)tokens * 4);
            continue;
        }
        for (long i = 0; i < whole; i += PIECE) {
            store_piece(first + i, load_half(0, keys.at, at + i));
            store_piece(first + wide + i, load_half(1, keys.at, at + i));
        }
        for (long i = whole; i < tokens; i++) {
            const uint16_t *word = (const uint16_t *)keys.at + 2 * (at + i);
            first[i] = bf16_float(word[0]);
            first[wide + i] = bf16_float(word[1]);
        }
    }
}

/* Up to SIDE queries against tokens [low, high) of a widened tile. */
TARGET INLINE void attend_tile(const attention *t, const tile_scratch *r, long query, long count, range of) {
    long wide = padded(t->value_dim), tokens = padded(t->block_tokens), from = of.low / LANES * LANES;
    factor keys = {r->keys + from, NULL, tokens, F32}, values = {r->values + of.low * wide, NULL, wide, F32};
    multiply(count, (padded(of.high) - from) / LANES, r->query + query * t->key_dim, t->key_dim, &keys, t->key_dim,
            r->score + from, tokens);
    tile_softmax(t, r, count, of);
    multiply(count, wide / LANES, r->score + of.low, tokens, &values, of.high - of.low, r->tile.sum, wide);
}

/* Whether all of a task's queries attend to a tile at once, keys and values widened where they are multiplied: those of one
 * row, when they are few. */
INLINE int at_once(const attention *t, const attend_work *work) {
    return work->rows == 1 && work->team <= SIDE && t->type == BF16 && t->value_dim % LANES == 0 &&
            t->block_tokens % LANES == 0;
}

TARGET INLINE void attend_tile_at_once(const attention *t, const tile_scratch *r, long count, tile keys, tile values, range of) {
    long tokens = t->block_tokens, from = of.low / LANES * LANES, dim = t->value_dim;
    factor turned = {keys.at + from * 4, keys.next + from * 4, tokens, TURNED};
    factor stored = {values.at + of.low * dim * 2, values.next + of.low * dim * 2, dim, BF16};
    multiply(count, (padded(of.high) - from) / LANES, r->query, t->key_dim, &turned, t->key_dim, r->score + from, tokens);
    tile_softmax(t, r, count, of);
    multiply(count, dim / LANES, r->score + of.low, tokens, &stored, of.high - of.low, r->tile.sum, dim);
}

INLINE folded from_query(const attention *t, folded of, long query) {
    return (folded){of.sum + query * padded(t->value_dim), of.top + query, of.total + query};
}

/* Takes what came next into what was folded before it, for up to SIDE queries whose values lie ldp apart. What comes first,
 * while there is no maximum yet, is taken as it is. */
TARGET INLINE void fold(const attention *t, folded into, long count, folded from, long ldp) {
    long wide = padded(t->value_dim);
    float old[SIDE] = {0}, fresh[SIDE] = {0};
    for (long i = 0; i < count; i++) {
        float top = into.top[i], most = from.top[i], both = most > top ? most : top;
        old[i] = top - both;
        fresh[i] = most - both;
    }
    store(old, exp_lanes(load(old)));
    store(fresh, exp_lanes(load(fresh)));
    for (long i = 0; i < count; i++) {
        float *sum = into.sum + i * wide;
        const float *next = from.sum + i * ldp;
        if (into.top[i] == -INFINITY) {
            for (long d = 0; d < wide; d += LANES) store(sum + d, load(next + d));
            into.total[i] = from.total[i];
            into.top[i] = from.top[i];
            continue;
        }
        lanes a = spread(old[i]), b = spread(fresh[i]);
        for (long d = 0; d < wide; d += LANES) store(sum + d, fma16(load(sum + d), a, mul(load(next + d), b)));
        into.total[i] = __builtin_fmaf(into.total[i], old[i], from.total[i] * fresh[i]);
        into.top[i] = from.top[i] > into.top[i] ? from.top[i] : into.top[i];
    }
}

TARGET INLINE void begin(folded of, long queries) {
    for (long i = 0; i < queries; i++) of.top[i] = -INFINITY;
}

TARGET INLINE void end_span(const attention *t, const tile_scratch *r, long query, long end) {
    for (long count; query < end; query += count) {
        count = min(SIDE, end - query);
        folded span = from_query(t, r->span, query);
        fold(t, from_query(t, r->all, query), count, span, padded(t->value_dim));
        begin(span, count);
    }
}

TARGET INLINE void finish(const attention *t, const attend_work *work, folded of, long queries) {
    long team = work->team, first = work->head * group_of(t) + work->lead, wide = padded(t->value_dim);
    for (long i = 0; i < queries; i++) {
        float *out = t->out + (work->slice[0] + work->row0 + i / team) * t->ldo + (first + i % team) * t->value_dim;
        for (long d = 0; d < t->value_dim; d++) out[d] = of.sum[i * wide + d] / of.total[i];
    }
}

/* Leaves a part for whoever folds it. */
TARGET INLINE void keep(const attention *t, folded of, long count, float *to) {
    long wide = padded(t->value_dim), each = part_floats(t);
    for (long i = 0; i < count; i++) {
        memcpy(to + i * each, of.sum + i * wide, (size_t)wide * 4);
        to[i * each + wide] = of.top[i];
        to[i * each + wide + 1] = of.total[i];
    }
}

/* Where a query's part with that tile lies. */
INLINE float *part_of(const attention *t, const attend_work *work, long tile, long query) {
    long first = first_tile(t, work->slice[2]) / work->part_tiles, queries = work->rows * work->team;
    return work->parts + ((tile / work->part_tiles - first) * queries + query) * part_floats(t);
}

/* Takes what a tile gave into its span, or leaves it for whoever does. */
TARGET INLINE void add_tile(const attention *t, const attend_work *work, const tile_scratch *r, long tile, long query, long count) {
    if (work->parts && work->part_tiles == 1) keep(t, r->tile, count, part_of(t, work, tile, query));
    else fold(t, from_query(t, r->span, query), count, r->tile, padded(t->value_dim));
}

/* Each block is read once for all rows; queries that see the same of it attend to it together. */
TARGET void ATTEND(const attention *t, const attend_work *work, float *scratch) {
    tile_scratch r = lay_out(t, scratch);
    const int32_t *slice = work->slice;
    long team = work->team, queries = work->rows * team, head = work->head * group_of(t) + work->lead;
    for (long i = 0; i < queries; i++) {
        const float *q = t->q + (slice[0] + work->row0 + i / team) * t->ldq + (head + i % team) * t->key_dim;
        for (long d = 0; d < t->key_dim; d++) r.query[i * t->key_dim + d] = q[d] * t->scale;
    }
    begin(r.all, queries);
    begin(r.span, queries);
    long first = slice[2] + work->row0, last = first + work->rows - 1, each = span_tiles(t);
    int several = !work->parts && work->tile0 / each != (work->tile1 - 1) / each;
    int later = t->blocks[work->next_slice[3] + first_tile(t, work->next_slice[2])];
    for (long at = work->tile0; at < work->tile1; at++) {
        long base = at * t->block_tokens, tokens = min(t->block_tokens, last + 1 - base);
        int block = t->blocks[slice[3] + at], next = at + 1 < work->tile1 ? t->blocks[slice[3] + at + 1] : later;
        int next_head = at + 1 < work->tile1 ? work->head : work->next_head;
        tile keys = {keys_of(t, block, work->head), keys_of(t, next, next_head)};
        tile values = {values_of(t, block, work->head), values_of(t, next, next_head)};
        if (at_once(t, work)) {
            attend_tile_at_once(t, &r, queries, keys, values, seen(t, base, tokens, first));
            add_tile(t, work, &r, at, 0, queries);
        } else {
            widen_keys(t, keys, tokens, r.keys);
            widen_values(t->type, values.at, values.next, tokens, t->value_dim, r.values);
            for (long i = 0, count; i < queries; i += count) {
                range of = seen(t, base, tokens, first + i / team);
                for (count = 1; count < SIDE && i + count < queries; count++) {
                    range next = seen(t, base, tokens, first + (i + count) / team);
                    if (next.low != of.low || next.high != of.high) break;
                }
                if (of.low >= of.high) continue;
                attend_tile(t, &r, i, count, of);
                add_tile(t, work, &r, at, i, count);
            }
        }
        if (several && ((at + 1) % each == 0 || at + 1 == work->tile1)) {
            range rows = seeing(t, work, at / each);
            end_span(t, &r, rows.low * team, rows.high * team);
        }
    }
    if (!work->parts) finish(t, work, several ? r.all : r.span, queries);
    else if (work->part_tiles > 1) keep(t, r.span, queries, part_of(t, work, work->tile0, 0));
}

TARGET void GATHER(const attention *t, const attend_work *work, float *scratch) {
    tile_scratch r = lay_out(t, scratch);
    long queries = work->team, wide = padded(t->value_dim), each = span_tiles(t);
    begin(r.all, queries);
    begin(r.span, queries);
    for (long at = work->tile0, next; at < work->tile1; at = next) {
        next = (at / work->part_tiles + 1) * work->part_tiles;
        int tiles = work->part_tiles == 1;
        for (long q = 0, count; q < queries; q += count) {
            count = min(SIDE, queries - q);
            float *part = part_of(t, work, at, q);
            for (long i = 0; i < count; i++) {
                r.tile.top[i] = part[i * part_floats(t) + wide];
                r.tile.total[i] = part[i * part_floats(t) + wide + 1];
            }
            folded into = from_query(t, tiles ? r.span : r.all, q);
            fold(t, into, count, (folded){part, r.tile.top, r.tile.total}, part_floats(t));
        }
        if (tiles && (next % each == 0 || next >= work->tile1)) end_span(t, &r, 0, queries);
    }
    finish(t, work, r.all, queries);
}
