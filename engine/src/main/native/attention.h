/* What the forms of attention share. One tile is one block, tiles go in order, f32 running maximum and sum: a row's result
 * depends on the tokens before it and on nothing else. Scores run in 16 lanes over the head's dimensions and are added up
 * as a fixed tree; values are added token by token. */
#ifndef BATON_ATTENTION_H
#define BATON_ATTENTION_H
#include "baton.h"
#include <math.h>
#include <string.h>

#define LANES 16
#define TASK_QUERIES 64
#define SIDE 4 /* queries whose scores are kept side by side */
#define INLINE static inline __attribute__((always_inline))

typedef struct {
    float *q; /* [row][heads][key_dim], scale not yet applied */
    const float *k;
    const float *v;
    float *out; /* [row][heads][value_dim] */
    char *pool; /* this layer's blocks */
    const int32_t *blocks;
    const int32_t *slices; /* per slice: first row, rows, position, first entry in blocks */
    int64_t ldq, ldk, ldv, ldo;
    int64_t block_bytes;
    int32_t count, type, heads, kv_heads, key_dim, value_dim, block_tokens, window;
    float scale, softcap;
    int32_t level;
} attention;

INLINE long padded(long n) { return (n + LANES - 1) / LANES * LANES; }
INLINE long small(long a, long b) { return a < b ? a : b; }

/* Position of an element of a key or value in its block. */
INLINE char *cell(const attention *t, int block, int value, int head, int token) {
    long dim = value ? t->value_dim : t->key_dim, size = t->type == F32 ? 4 : 2;
    long before = value ? (long)t->kv_heads * t->block_tokens * t->key_dim : 0;
    return t->pool + block * t->block_bytes + (before + ((long)head * t->block_tokens + token) * dim) * size;
}

INLINE float tree(const float *lane) {
    float r8[8], r4[4];
    for (int i = 0; i < 8; i++) r8[i] = lane[i] + lane[i + 8];
    for (int i = 0; i < 4; i++) r4[i] = r8[i] + r8[i + 4];
    return (r4[0] + r4[2]) + (r4[1] + r4[3]);
}

typedef struct {
    float *keys, *values, *query, *sum, *top, *total, *score;
} room;

INLINE room lay_out(const attention *t, float *scratch) {
    long wk = padded(t->key_dim), wv = padded(t->value_dim);
    room r;
    r.keys = scratch;
    r.values = r.keys + t->block_tokens * wk;
    r.query = r.values + t->block_tokens * wv;
    r.sum = r.query + TASK_QUERIES * wk;
    r.top = r.sum + TASK_QUERIES * wv;
    r.total = r.top + TASK_QUERIES;
    r.score = r.total + TASK_QUERIES;
    return r;
}

static inline long scratch_floats(const attention *t) {
    long wk = padded(t->key_dim), wv = padded(t->value_dim);
    return (t->block_tokens + TASK_QUERIES) * (wk + wv) + 2 * TASK_QUERIES + SIDE * padded(t->block_tokens);
}

INLINE void widen_rows(int type, const char *from, long tokens, long dim, float *to) {
    long wide = padded(dim);
    for (long i = 0; i < tokens; i++) {
        float *row = to + i * wide;
        if (type == F32) {
            for (long d = 0; d < dim; d++) row[d] = ((const float *)from)[i * dim + d];
        } else {
            for (long d = 0; d < dim; d++) row[d] = bf16_float(((const uint16_t *)from)[i * dim + d]);
        }
        for (long d = dim; d < wide; d++) row[d] = 0;
    }
}

INLINE float dot(const float *a, const float *b, long wide) {
    float lane[LANES] = {0};
    for (long d = 0; d < wide; d += LANES) {
        for (int i = 0; i < LANES; i++) lane[i] = __builtin_fmaf(a[d + i], b[d + i], lane[i]);
    }
    return tree(lane);
}

typedef struct {
    long low, high;
} span;

/* Which of a tile's tokens the one at that position sees. */
INLINE span seen(const attention *t, long base, long tokens, long at) {
    long from = t->window > 0 && at - t->window + 1 > 0 ? at - t->window + 1 : 0;
    return (span){from > base ? from - base : 0, small(tokens, at + 1 - base)};
}

/* Rows of one slice for one KV head: each block is widened once for all of them, and queries that see the same of it meet
 * it together. */
#define ATTEND(TARGET, NAME, WIDEN, MEET) \
    TARGET void NAME(const attention *t, const int32_t *slice, int head, long row0, long rows, float *scratch) { \
        room r = lay_out(t, scratch); \
        long group = t->heads / t->kv_heads, wk = padded(t->key_dim), wv = padded(t->value_dim), queries = rows * group; \
        for (long i = 0; i < queries; i++) { \
            const float *q = t->q + (slice[0] + row0 + i / group) * t->ldq + (head * group + i % group) * t->key_dim; \
            for (long d = 0; d < wk; d++) r.query[i * wk + d] = d < t->key_dim ? q[d] * t->scale : 0; \
            for (long d = 0; d < wv; d++) r.sum[i * wv + d] = 0; \
            r.top[i] = -INFINITY; \
            r.total[i] = 0; \
        } \
        long first = slice[2] + row0, last = first + rows - 1; \
        long start = t->window > 0 && first - t->window + 1 > 0 ? first - t->window + 1 : 0; \
        for (long tile = start / t->block_tokens; tile <= last / t->block_tokens; tile++) { \
            long base = tile * t->block_tokens, tokens = small(t->block_tokens, last + 1 - base); \
            int block = t->blocks[slice[3] + tile]; \
            WIDEN(t->type, cell(t, block, 0, head, 0), tokens, t->key_dim, r.keys); \
            WIDEN(t->type, cell(t, block, 1, head, 0), tokens, t->value_dim, r.values); \
            for (long i = 0, count; i < queries; i += count) { \
                span of = seen(t, base, tokens, first + i / group); \
                for (count = 1; i + count < queries; count++) { \
                    span next = seen(t, base, tokens, first + (i + count) / group); \
                    if (next.low != of.low || next.high != of.high) break; \
                } \
                if (of.low < of.high) MEET(t, &r, i, count, of.low, of.high); \
            } \
        } \
        for (long i = 0; i < queries; i++) { \
            float *out = t->out + (slice[0] + row0 + i / group) * t->ldo + (head * group + i % group) * t->value_dim; \
            for (long d = 0; d < t->value_dim; d++) out[d] = r.sum[i * wv + d] / r.total[i]; \
        } \
    }

void attend_avx2(const attention *t, const int32_t *slice, int head, long row0, long rows, float *scratch);
void attend_avx512(const attention *t, const int32_t *slice, int head, long row0, long rows, float *scratch);

#endif
