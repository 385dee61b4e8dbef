/* Attention over KV blocks where they lie. One tile is one block, tiles go in order, f32 running maximum and sum:
 * a row's result depends on the tokens before it and on nothing else. Scores run in 16 lanes over the head's dimensions
 * and are added up as a fixed tree; values are added token by token. */
#include "baton.h"
#include <math.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,fma,f16c")))
#define V8(x) _mm256_set1_ps(x)
#endif

#define LANES 16
#define TASK_QUERIES 64
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

INLINE void narrow(int type, const float *from, long count, char *to) {
    if (type == F32) {
        memcpy(to, from, (size_t)count * 4);
    } else {
        for (long i = 0; i < count; i++) ((uint16_t *)to)[i] = float_bf16(from[i]);
    }
}

static void write_row(const attention *t, const int32_t *slice, long row) {
    long at = slice[2] + row, r = slice[0] + row;
    int block = t->blocks[slice[3] + at / t->block_tokens];
    for (int h = 0; h < t->kv_heads; h++) {
        narrow(t->type, t->k + r * t->ldk + h * t->key_dim, t->key_dim, cell(t, block, 0, h, (int)(at % t->block_tokens)));
        narrow(t->type, t->v + r * t->ldv + h * t->value_dim, t->value_dim,
                cell(t, block, 1, h, (int)(at % t->block_tokens)));
    }
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

INLINE float tree(const float *lane) {
    float r8[8], r4[4];
    for (int i = 0; i < 8; i++) r8[i] = lane[i] + lane[i + 8];
    for (int i = 0; i < 4; i++) r4[i] = r8[i] + r8[i + 4];
    return (r4[0] + r4[2]) + (r4[1] + r4[3]);
}

INLINE float dot(const float *a, const float *b, long wide) {
    float lane[LANES] = {0};
    for (long d = 0; d < wide; d += LANES) {
        for (int i = 0; i < LANES; i++) lane[i] = __builtin_fmaf(a[d + i], b[d + i], lane[i]);
    }
    return tree(lane);
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

static long scratch_floats(const attention *t) {
    long wk = padded(t->key_dim), wv = padded(t->value_dim);
    return (t->block_tokens + TASK_QUERIES) * (wk + wv) + 2 * TASK_QUERIES + padded(t->block_tokens);
}

/* One query against tokens [low, high) of a tile. */
INLINE void meet(const attention *t, const room *r, long query, long low, long high) {
    long wk = padded(t->key_dim), wv = padded(t->value_dim), end = padded(high);
    const float *q = r->query + query * wk;
    float *score = r->score, *sum = r->sum + query * wv;
    float top = r->top[query];
    for (long i = low; i < high; i++) {
        float s = dot(q, r->keys + i * wk, wk);
        if (t->softcap > 0) s = t->softcap * baton_tanh(s / t->softcap);
        score[i] = s;
        top = s > top ? s : top;
    }
    for (long i = 0; i < low; i++) score[i] = -INFINITY;
    for (long i = high; i < end; i++) score[i] = -INFINITY;
    float lane[LANES] = {0};
    for (long i = 0; i < end; i += LANES) {
        for (int j = 0; j < LANES; j++) {
            float p = baton_exp(score[i + j] - top);
            score[i + j] = p;
            lane[j] = lane[j] + p;
        }
    }
    float keep = baton_exp(r->top[query] - top);
    r->total[query] = __builtin_fmaf(r->total[query], keep, tree(lane));
    r->top[query] = top;
    for (long d = 0; d < wv; d += LANES) {
        float acc[LANES];
        for (int j = 0; j < LANES; j++) acc[j] = sum[d + j] * keep;
        for (long i = low; i < high; i++) {
            const float *value = r->values + i * wv + d;
            for (int j = 0; j < LANES; j++) acc[j] = __builtin_fmaf(score[i], value[j], acc[j]);
        }
        for (int j = 0; j < LANES; j++) sum[d + j] = acc[j];
    }
}

#if defined(__x86_64__)
AVX2 INLINE __m256 exp8(__m256 x) {
    __m256 c = _mm256_max_ps(_mm256_min_ps(x, V8(88.0f)), V8(-87.0f)), round = V8(12582912.0f);
    __m256 n = _mm256_sub_ps(_mm256_add_ps(_mm256_mul_ps(c, V8(1.44269504088896341f)), round), round);
    __m256 r = _mm256_fmadd_ps(n, V8(2.12194440e-4f), _mm256_fmadd_ps(n, V8(-0.693359375f), c));
    __m256 y = _mm256_fmadd_ps(V8(1.9875691500e-4f), r, V8(1.3981999507e-3f));
    y = _mm256_fmadd_ps(y, r, V8(8.3334519073e-3f));
    y = _mm256_fmadd_ps(y, r, V8(4.1665795894e-2f));
    y = _mm256_fmadd_ps(y, r, V8(1.6666665459e-1f));
    y = _mm256_fmadd_ps(y, r, V8(5.0000001201e-1f));
    y = _mm256_add_ps(_mm256_fmadd_ps(y, _mm256_mul_ps(r, r), r), V8(1.0f));
    __m256i power = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvttps_epi32(n), _mm256_set1_epi32(127)), 23);
    y = _mm256_mul_ps(y, _mm256_castsi256_ps(power));
    return _mm256_andnot_ps(_mm256_cmp_ps(x, V8(-87.0f), _CMP_LT_OQ), y);
}

/* Scores of four tokens: 16 lanes each, the tree of tree(). */
AVX2 INLINE __m128 dot4(const float *q, const float *keys, long wide) {
    __m256 a[4][2];
#pragma GCC unroll 4
    for (int t = 0; t < 4; t++) a[t][0] = a[t][1] = _mm256_setzero_ps();
    for (long d = 0; d < wide; d += LANES) {
        __m256 low = _mm256_loadu_ps(q + d), high = _mm256_loadu_ps(q + d + 8);
#pragma GCC unroll 4
        for (int t = 0; t < 4; t++) {
            a[t][0] = _mm256_fmadd_ps(low, _mm256_loadu_ps(keys + t * wide + d), a[t][0]);
            a[t][1] = _mm256_fmadd_ps(high, _mm256_loadu_ps(keys + t * wide + d + 8), a[t][1]);
        }
    }
    __m128 x[4];
#pragma GCC unroll 4
    for (int t = 0; t < 4; t++) {
        __m256 r8 = _mm256_add_ps(a[t][0], a[t][1]);
        x[t] = _mm_add_ps(_mm256_castps256_ps128(r8), _mm256_extractf128_ps(r8, 1));
    }
    __m128 low = _mm_add_ps(_mm_movelh_ps(x[0], x[1]), _mm_movehl_ps(x[1], x[0]));
    __m128 high = _mm_add_ps(_mm_movelh_ps(x[2], x[3]), _mm_movehl_ps(x[3], x[2]));
    return _mm_hadd_ps(low, high);
}

AVX2 INLINE void add_values(const room *r, float *sum, __m256 keep, long low, long high, long wide, int vectors) {
    __m256 acc[8];
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) acc[v] = _mm256_mul_ps(_mm256_loadu_ps(sum + 8 * v), keep);
    const float *value = r->values + (sum - r->sum) % wide + low * wide;
    for (long i = low; i < high; i++, value += wide) {
        __m256 p = _mm256_broadcast_ss(r->score + i);
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++) acc[v] = _mm256_fmadd_ps(p, _mm256_loadu_ps(value + 8 * v), acc[v]);
    }
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) _mm256_storeu_ps(sum + 8 * v, acc[v]);
}

/* meet() in AVX2, the same operations. The room behind a tile's last token holds old rows, finite or not: unused. */
AVX2 INLINE void meet8(const attention *t, const room *r, long query, long low, long high) {
    long wk = padded(t->key_dim), wv = padded(t->value_dim), end = padded(high);
    const float *q = r->query + query * wk;
    float *score = r->score, *sum = r->sum + query * wv;
    for (long i = low & ~3L; i + 4 <= (long)t->block_tokens && i < high; i += 4) {
        _mm_storeu_ps(score + i, dot4(q, r->keys + i * wk, wk));
    }
    for (long i = t->block_tokens & ~3L; i < high; i++) score[i] = dot(q, r->keys + i * wk, wk);
    if (t->softcap > 0) {
        for (long i = low; i < high; i++) score[i] = t->softcap * baton_tanh(score[i] / t->softcap);
    }
    for (long i = 0; i < low; i++) score[i] = -INFINITY;
    for (long i = high; i < end; i++) score[i] = -INFINITY;
    __m256 most = V8(r->top[query]);
    for (long i = 0; i < end; i += 8) most = _mm256_max_ps(most, _mm256_loadu_ps(score + i));
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(most), _mm256_extractf128_ps(most, 1));
    four = _mm_max_ps(four, _mm_movehl_ps(four, four));
    float top = _mm_cvtss_f32(_mm_max_ss(four, _mm_shuffle_ps(four, four, 1)));
    __m256 lane0 = _mm256_setzero_ps(), lane1 = lane0, tops = V8(top);
    for (long i = 0; i < end; i += LANES) {
        __m256 p0 = exp8(_mm256_sub_ps(_mm256_loadu_ps(score + i), tops));
        __m256 p1 = exp8(_mm256_sub_ps(_mm256_loadu_ps(score + i + 8), tops));
        _mm256_storeu_ps(score + i, p0);
        _mm256_storeu_ps(score + i + 8, p1);
        lane0 = _mm256_add_ps(lane0, p0);
        lane1 = _mm256_add_ps(lane1, p1);
    }
    float lanes[LANES];
    _mm256_storeu_ps(lanes, lane0);
    _mm256_storeu_ps(lanes + 8, lane1);
    float keep = baton_exp(r->top[query] - top);
    r->total[query] = __builtin_fmaf(r->total[query], keep, tree(lanes));
    r->top[query] = top;
    long d = 0;
    for (; d + 64 <= wv; d += 64) add_values(r, sum + d, V8(keep), low, high, wv, 8);
    for (; d < wv; d += LANES) add_values(r, sum + d, V8(keep), low, high, wv, 2);
}
#endif

/* Rows of one slice for one KV head: each block is widened once for all of them. */
#define ATTEND(TARGET, NAME, MEET) \
    TARGET static void NAME(const attention *t, const int32_t *slice, int head, long row0, long rows, float *scratch) { \
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
            widen_rows(t->type, cell(t, block, 0, head, 0), tokens, t->key_dim, r.keys); \
            widen_rows(t->type, cell(t, block, 1, head, 0), tokens, t->value_dim, r.values); \
            for (long i = 0; i < queries; i++) { \
                long at = first + i / group, from = t->window > 0 && at - t->window + 1 > 0 ? at - t->window + 1 : 0; \
                long low = from > base ? from - base : 0, high = small(tokens, at + 1 - base); \
                if (low < high) MEET(t, &r, i, low, high); \
            } \
        } \
        for (long i = 0; i < queries; i++) { \
            float *out = t->out + (slice[0] + row0 + i / group) * t->ldo + (head * group + i % group) * t->value_dim; \
            for (long d = 0; d < t->value_dim; d++) out[d] = r.sum[i * wv + d] / r.total[i]; \
        } \
    }

ATTEND(, attend_plain, meet)
#if defined(__x86_64__)
ATTEND(AVX2, attend_avx2, meet8)
#endif

static long chunk_rows(const attention *t) {
    long rows = TASK_QUERIES / (t->heads / t->kv_heads);
    return rows < 1 ? 1 : rows;
}

static void write_task(void *argument, long index, void *scratch) {
    (void)scratch;
    const attention *t = argument;
    const int32_t *slice = t->slices + index * 4;
    for (long row = 0; row < slice[1]; row++) write_row(t, slice, row);
}

static void attend_task(void *argument, long index, void *scratch) {
    const attention *t = argument;
    long each = chunk_rows(t);
    for (int i = 0; i < t->count; i++) {
        const int32_t *slice = t->slices + i * 4;
        long chunks = (slice[1] + each - 1) / each, tasks = chunks * t->kv_heads;
        if (index < tasks) {
            long row0 = (chunks - 1 - index / t->kv_heads) * each; /* the longest first */
            int head = (int)(index % t->kv_heads);
            long rows = small(each, slice[1] - row0);
#if defined(__x86_64__)
            if (t->level >= 1) {
                attend_avx2(t, slice, head, row0, rows, scratch);
                return;
            }
#endif
            attend_plain(t, slice, head, row0, rows, scratch);
            return;
        }
        index -= tasks;
    }
}

/* Writes the new rows' keys and values into their blocks, then attends. Heads per KV head are 64 at most. */
EXPORT void baton_attention(pool *team, attention *t) {
    pool_run(team, write_task, t, t->count, 0);
    long tasks = 0, each = chunk_rows(t);
    for (int i = 0; i < t->count; i++) tasks += (t->slices[i * 4 + 1] + each - 1) / each * t->kv_heads;
    pool_run(team, attend_task, t, tasks, scratch_floats(t) * 4);
}
