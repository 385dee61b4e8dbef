/* What the forms of attention share. One tile is one block. A tile's scores, their maximum, the weights' sum and the
 * weighted values are made from that tile alone, each as one chain in order (scores over the head's dimensions, values over
 * the tokens). What the tiles give is folded in their order within a span of 1,024 absolute positions, and what the spans
 * give is folded in theirs, f32 throughout. So a row's result depends on the tokens before it and on nothing else, and who
 * computes a tile or a span, and when, cannot matter.
 *
 * A head's keys lie turned in a block, [word][token], a word being four bytes: two dimensions of a brain float, or one of
 * f32. Its values lie [token][dimension]. */
#ifndef BATON_ATTENTION_H
#define BATON_ATTENTION_H
#include "baton.h"
#include <math.h>
#include <stddef.h>
#include <string.h>

#define LANES 16
#define TASK_QUERIES 192
#define SIDE 16 /* queries that attend to a tile together */
#define SPAN 1024
#define TURNED 4 /* type of a factor: words of two brain floats */

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
/* NativeKernels.attention writes it from Java. */
_Static_assert(sizeof(attention) == 144 && offsetof(attention, block_bytes) == 88 && offsetof(attention, level) == 136,
        "the layout that Java writes");

/* Rows of one slice for some of the query heads that share a KV head, and the tiles of them that one task computes. */
typedef struct {
    const int32_t *slice;
    int head;       /* KV head */
    int lead, team; /* the first of its query heads that attend here, and how many do */
    long row0, rows;
    long tile0, tile1;
    float *parts;    /* null: the result is written; else what the tiles give goes here, [part][query][part_floats] */
    long part_tiles; /* tiles of a part: one, or those of a span */
    const int32_t *next_slice; /* what this thread will most likely read after its last tile */
    int next_head;
} attend_work;

typedef void (*attend_form)(const attention *, const attend_work *, float *);
/* Folds the parts of one row, in order, and writes the result. */
typedef void (*gather_form)(const attention *, const attend_work *, float *);

INLINE long padded(long n) { return (n + LANES - 1) / LANES * LANES; }

/* One query's part: the weighted values, the maximum, the sum of the weights. */
INLINE long part_floats(const attention *t) { return padded(t->value_dim) + LANES; }

/* Query heads of a KV head attend in teams, each of as many as fit into a task. */
INLINE long group_of(const attention *t) { return t->heads / t->kv_heads; }
INLINE long teams_of_a_head(const attention *t) { return ceil_div(group_of(t), TASK_QUERIES); }
INLINE long teams_of(const attention *t) { return t->kv_heads * teams_of_a_head(t); }
INLINE long largest_team(const attention *t) { return ceil_div(group_of(t), teams_of_a_head(t)); }

INLINE void choose_team(const attention *t, attend_work *work, long index) {
    long each = teams_of_a_head(t);
    work->head = (int)(index / each);
    work->lead = (int)piece_start(group_of(t), each, index % each);
    work->team = (int)(piece_start(group_of(t), each, index % each + 1) - work->lead);
}

INLINE long span_tiles(const attention *t) { return t->block_tokens < SPAN ? SPAN / t->block_tokens : 1; }

INLINE long element_bytes(const attention *t) { return t->type == F32 ? 4 : 2; }

/* A head's keys in a block. */
INLINE char *keys_of(const attention *t, int block, int head) {
    return t->pool + block * t->block_bytes + (long)head * t->block_tokens * t->key_dim * element_bytes(t);
}

/* A head's values in a block. */
INLINE char *values_of(const attention *t, int block, int head) {
    long before = (long)t->kv_heads * t->key_dim + (long)head * t->value_dim;
    return t->pool + block * t->block_bytes + before * t->block_tokens * element_bytes(t);
}

INLINE float tree(const float *lane) {
    float r8[8], r4[4];
    for (int i = 0; i < 8; i++) r8[i] = lane[i] + lane[i + 8];
    for (int i = 0; i < 4; i++) r4[i] = r8[i] + r8[i + 4];
    return (r4[0] + r4[2]) + (r4[1] + r4[3]);
}

/* What tiles or spans gave, folded so far, for each query: weighted values, padded; maximum; sum of the weights. */
typedef struct {
    float *sum, *top, *total;
} folded;

/* A task's scratch. */
typedef struct {
    float *keys;   /* [dimension][token]: scores of many tokens are made side by side */
    float *values; /* [token][dimension] */
    float *query;  /* [query][dimension], scaled */
    folded all;    /* of the spans that are done */
    folded span;   /* of the tiles of this one */
    folded tile;   /* of this one, for SIDE queries */
    float *score;
} tile_scratch;

INLINE folded lay_out_folded(long queries, long wide, float **at) {
    folded r = {*at, *at + queries * wide, *at + queries * (wide + 1)};
    *at += queries * (wide + 2);
    return r;
}

INLINE tile_scratch lay_out(const attention *t, float *scratch) {
    long wide = padded(t->value_dim), tokens = padded(t->block_tokens);
    tile_scratch r;
    r.keys = scratch;
    r.values = r.keys + t->key_dim * tokens;
    r.query = r.values + tokens * wide;
    r.score = r.query + (long)TASK_QUERIES * t->key_dim;
    float *at = r.score + SIDE * tokens;
    r.all = lay_out_folded(TASK_QUERIES, wide, &at);
    r.span = lay_out_folded(TASK_QUERIES, wide, &at);
    r.tile = lay_out_folded(SIDE, wide, &at);
    return r;
}

static inline long scratch_floats(const attention *t) {
    long wide = padded(t->value_dim), tokens = padded(t->block_tokens);
    return tokens * (t->key_dim + wide + SIDE) + TASK_QUERIES * (t->key_dim + 2 * (wide + 2)) + SIDE * (wide + 2);
}

typedef struct {
    long low, high;
} range;

/* Which of a tile's tokens the one at that position sees. */
INLINE range seen(const attention *t, long base, long tokens, long at) {
    long from = t->window > 0 && at - t->window + 1 > 0 ? at - t->window + 1 : 0;
    return (range){from > base ? from - base : 0, min(tokens, at + 1 - base)};
}

/* Which of a task's rows see any of a span. */
INLINE range seeing(const attention *t, const attend_work *work, long span) {
    long tokens = span_tiles(t) * t->block_tokens, base = span * tokens, first = work->slice[2] + work->row0;
    long end = t->window > 0 ? min(work->rows, base + tokens + t->window - 1 - first) : work->rows;
    return (range){base > first ? base - first : 0, end};
}

/* The first tile that a position sees. */
INLINE long first_tile(const attention *t, long position) {
    return t->window > 0 && position - t->window + 1 > 0 ? (position - t->window + 1) / t->block_tokens : 0;
}

/* Asks for a line that the next tile needs: a step reads each block once, from memory, and would wait for every line of it. */
INLINE void ask(const char *line) { __builtin_prefetch(line, 0, 2); }

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
