/* What the forms of attention share. One tile is one block. A tile's scores, their maximum, the weights' sum and the
 * weighted values are made from that tile alone, each as one chain in order (scores over the head's dimensions, values over
 * the tokens); what the tiles give is folded together in their order, f32 throughout. So a row's result depends on the
 * tokens before it and on nothing else, and who computes a tile, and when, cannot matter. */
#ifndef BATON_ATTENTION_H
#define BATON_ATTENTION_H
#include "baton.h"
#include <math.h>
#include <string.h>

#define LANES 16
#define TASK_QUERIES 192
#define SIDE 16 /* queries that attend to a tile together */

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

/* Rows of one slice for one KV head, and the tiles of them that one task computes. */
typedef struct {
    const int32_t *slice;
    int head;
    long row0, rows;
    long tile0, tile1; /* tile1 0: all, and the result is written; else each tile's part goes to parts */
    float *parts;      /* [tile of the slice][query][part_floats] */
    const int32_t *next_slice; /* what this thread will most likely read after its last tile */
    int next_head;
} attend_work;

typedef void (*attend_form)(const attention *, const attend_work *, float *);
/* Folds the parts of one row's tiles, in order, and writes the result. */
typedef void (*gather_form)(const attention *, const attend_work *, float *);

INLINE long padded(long n) { return (n + LANES - 1) / LANES * LANES; }

/* One query's part of one tile: the weighted values, the maximum, the sum of the weights. */
INLINE long part_floats(const attention *t) { return padded(t->value_dim) + LANES; }

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

/* A task's scratch. */
typedef struct {
    float *keys;   /* [dimension][token]: scores of many tokens are made side by side */
    float *values; /* [token][dimension] */
    float *query;  /* [query][dimension], scaled */
    float *sum, *top, *total; /* merged so far, for each query */
    float *score, *part, *most, *weight; /* of one tile, for SIDE queries */
} tile_scratch;

INLINE tile_scratch lay_out(const attention *t, float *scratch) {
    long wide = padded(t->value_dim), tokens = padded(t->block_tokens);
    tile_scratch r;
    r.keys = scratch;
    r.values = r.keys + t->key_dim * tokens;
    r.query = r.values + tokens * wide;
    r.sum = r.query + (long)TASK_QUERIES * t->key_dim;
    r.top = r.sum + TASK_QUERIES * wide;
    r.total = r.top + TASK_QUERIES;
    r.score = r.total + TASK_QUERIES;
    r.part = r.score + SIDE * tokens;
    r.most = r.part + SIDE * wide;
    r.weight = r.most + SIDE;
    return r;
}

static inline long scratch_floats(const attention *t) {
    long wide = padded(t->value_dim), tokens = padded(t->block_tokens);
    return tokens * (t->key_dim + wide) + TASK_QUERIES * (t->key_dim + wide + 2) + SIDE * (tokens + wide + 2);
}

typedef struct {
    long low, high;
} span;

/* Which of a tile's tokens the one at that position sees. */
INLINE span seen(const attention *t, long base, long tokens, long at) {
    long from = t->window > 0 && at - t->window + 1 > 0 ? at - t->window + 1 : 0;
    return (span){from > base ? from - base : 0, min(tokens, at + 1 - base)};
}

/* The first tile that a position sees. */
INLINE long first_tile(const attention *t, long position) {
    return t->window > 0 && position - t->window + 1 > 0 ? (position - t->window + 1) / t->block_tokens : 0;
}

INLINE float element_of(int type, const char *from, long i) {
    return type == F32 ? ((const float *)from)[i] : bf16_float(((const uint16_t *)from)[i]);
}

/* Asks for a line that the next tile needs: a step reads each block once, from memory, and would wait for every line of it. */
INLINE void ask(const char *line) { __builtin_prefetch(line, 0, 2); }

/* Keys of tokens [first, first + count) x [d0, d1) of a block, transposed. */
INLINE void transpose_keys(const attention *t, const char *from, long first, long count, span dims, float *to, long wide) {
    for (long i = 0; i < count; i++) {
        for (long d = dims.low; d < dims.high; d++) to[d * wide + i] = element_of(t->type, from, (first + i) * t->key_dim + d);
    }
}

INLINE void widen_values(int type, const char *from, const char *next, long tokens, long dim, float *to) {
    long wide = padded(dim), bytes = dim * (type == F32 ? 4 : 2);
    for (long i = 0; i < tokens; i++) {
        float *row = to + i * wide;
        for (long at = 0; at < bytes; at += 64) ask(next + i * bytes + at);
        if (type == F32) {
            for (long d = 0; d < dim; d++) row[d] = ((const float *)from)[i * dim + d];
        } else {
            for (long d = 0; d < dim; d++) row[d] = bf16_float(((const uint16_t *)from)[i * dim + d]);
        }
        for (long d = dim; d < wide; d++) row[d] = 0;
    }
}

void attend_avx2(const attention *t, const attend_work *work, float *scratch);
void attend_avx512(const attention *t, const attend_work *work, float *scratch);
void gather_avx2(const attention *t, const attend_work *work, float *scratch);
void gather_avx512(const attention *t, const attend_work *work, float *scratch);

#endif
