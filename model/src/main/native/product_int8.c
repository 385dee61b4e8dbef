/* out[m][n] = bias[n] + sum[m][n] * scale[m] * scale[n], where sum is over int8 weights times activations that are rounded
 * here, row by row, to 127ths of the row's greatest magnitude. Sums of integers are exact: no order of summing, no other
 * row and no number of threads can change a bit. Weights lie as [n/16][k/4][16][4], each plus 128 because the instruction
 * multiplies unsigned by signed; a row's sum starts at -128 times the sum of its activations to make up for it. */
#include "rounding.h"
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,fma")))
#define VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,prefer-vector-width=512")))
#endif

#define GROUP 4   /* values of k that one lane takes at a time */
#define CHUNK 64  /* values rounded at a time */
#define AHEAD 2048  /* bytes */

enum { PLAIN = 0, WIDENED = 1, DOT = 2 };

typedef struct {
    float scale;
    int32_t start;
} rounded;

typedef struct {
    const uint8_t *w;
    const float *scale;
    long n, k, groups;
    const float *a;
    long lda, m;
    const float *bias;
    float *out;
    long ldo;
    long tile, tiles; /* rows of a tile at most; a tile's activations lie as [k/4][rows][4] */
    long panels, blocks;
    int level;
    rounded *rows;
    void *values;
} product;

#define ROUND_TILE(name, target, type) \
    target static void name(const product *p, long index) { \
        long row0 = piece_start(p->m, p->tiles, index), rows = piece_start(p->m, p->tiles, index + 1) - row0; \
        type *to = (type *)p->values + row0 * p->groups * GROUP; \
        for (long r = 0; r < rows; r++) { \
            const float *a = p->a + (row0 + r) * p->lda; \
            uint32_t top = 0; \
            for (long k = 0; k < p->k; k++) { \
                uint32_t x = magnitude(a[k]); \
                top = x > top ? x : top; \
            } \
            float inverse, scale = step_of(top, &inverse); \
            int32_t sum = 0; \
            for (long k = 0; k < p->k; k += CHUNK) { \
                type q[CHUNK]; \
                long count = min(CHUNK, p->k - k); \
                if (inverse == 0.0f || count < CHUNK) memset(q, 0, sizeof q); \
                if (inverse != 0.0f && count == CHUNK) { \
                    for (int i = 0; i < CHUNK; i++) q[i] = (type)nearest(a[k + i] * inverse); \
                } else if (inverse != 0.0f) { \
                    for (long i = 0; i < count; i++) q[i] = (type)nearest(a[k + i] * inverse); \
                } \
                for (int i = 0; i < CHUNK; i++) sum += q[i]; \
                type *at = to + (k * rows + r * GROUP); \
                long groups = (count + GROUP - 1) / GROUP; \
                for (long g = 0; g < groups; g++) memcpy(at + g * rows * GROUP, q + g * GROUP, sizeof(type) * GROUP); \
            } \
            p->rows[row0 + r] = (rounded){scale, -128 * sum}; \
        } \
    }

ROUND_TILE(round_plain, , int8_t)

INLINE void finish(const product *p, long row, long panel, const int32_t *sum) {
    long columns = min(PANEL, p->n - panel * PANEL);
    float *out = p->out + row * p->ldo + panel * PANEL, scale = p->rows[row].scale;
    for (long j = 0; j < columns; j++) {
        float v = (float)sum[j] * scale * p->scale[panel * PANEL + j];
        if (p->bias) v = v + p->bias[panel * PANEL + j];
        out[j] = v;
    }
}

static void tile_plain(const product *p, long tile, long panel) {
    long row0 = piece_start(p->m, p->tiles, tile), rows = piece_start(p->m, p->tiles, tile + 1) - row0;
    const int8_t *a = (const int8_t *)p->values + row0 * p->groups * GROUP;
    const uint8_t *w = p->w + panel * p->groups * GROUP * PANEL;
    for (long r = 0; r < rows; r++) {
        int32_t sum[PANEL];
        for (int j = 0; j < PANEL; j++) sum[j] = p->rows[row0 + r].start;
        for (long g = 0; g < p->groups; g++) {
            const int8_t *x = a + (g * rows + r) * GROUP;
            for (int j = 0; j < PANEL; j++) {
                for (int i = 0; i < GROUP; i++) sum[j] += w[(g * PANEL + j) * GROUP + i] * x[i];
            }
        }
        finish(p, row0 + r, panel, sum);
    }
}

#if defined(__x86_64__)
ROUND_TILE(round_widened, AVX2, int16_t)
ROUND_TILE(round_dot, VNNI, int8_t)

/* Without the dot product instruction: 16-bit products in pairs, which cannot overflow. */
AVX2 INLINE void widened(const product *p, int rows, long row, long panel) {
    const int16_t *a = (const int16_t *)p->values + row * p->groups * GROUP;
    const uint8_t *w = p->w + panel * p->groups * GROUP * PANEL;
    __m256i acc[3][4];
#pragma GCC unroll 3
    for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) acc[r][i] = _mm256_setzero_si256();
    }
    for (long g = 0; g < p->groups; g++) {
        _mm_prefetch((const char *)(w + g * 64 + 1536), _MM_HINT_T0);
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) { /* four columns of four */
            __m256i x = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(w + g * 64 + i * 16)));
#pragma GCC unroll 3
            for (int r = 0; r < rows; r++) {
                long long four;
                memcpy(&four, a + (g * rows + r) * GROUP, 8);
                acc[r][i] = _mm256_add_epi32(acc[r][i], _mm256_madd_epi16(x, _mm256_set1_epi64x(four)));
            }
        }
    }
#pragma GCC unroll 3
    for (int r = 0; r < rows; r++) {
        int32_t pairs[PANEL * 2], sum[PANEL];
        for (int i = 0; i < 4; i++) _mm256_storeu_si256((__m256i *)(pairs + i * 8), acc[r][i]);
        for (int j = 0; j < PANEL; j++) sum[j] = p->rows[row + r].start + pairs[2 * j] + pairs[2 * j + 1];
        finish(p, row + r, panel, sum);
    }
}

AVX2 static void tile_widened(const product *p, long tile, long panel) {
    long row = piece_start(p->m, p->tiles, tile);
    switch (piece_start(p->m, p->tiles, tile + 1) - row) {
        case 1: widened(p, 1, row, panel); break;
        case 2: widened(p, 2, row, panel); break;
        default: widened(p, 3, row, panel); break;
    }
}

VNNI INLINE void dot(const product *p, int rows, int panels, long row, long panel) {
    long stride = p->groups * GROUP * PANEL;
    const int8_t *a = (const int8_t *)p->values + row * p->groups * GROUP;
    const uint8_t *w = p->w + panel * stride;
    __m512i acc[24];
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++) {
#pragma GCC unroll 8
        for (int q = 0; q < panels; q++) acc[r * panels + q] = _mm512_set1_epi32(p->rows[row + r].start);
    }
    for (long g = 0; g < p->groups; g++) {
        __m512i x[8];
#pragma GCC unroll 8
        for (int q = 0; q < panels; q++) {
            const uint8_t *at = w + q * stride + g * 64;
            _mm_prefetch((const char *)(at + AHEAD), _MM_HINT_T0);
            x[q] = _mm512_loadu_si512(at);
        }
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++) {
            int32_t four;
            memcpy(&four, a + (g * rows + r) * GROUP, 4);
            __m512i y = _mm512_set1_epi32(four);
#pragma GCC unroll 8
            for (int q = 0; q < panels; q++) __asm__("vpdpbusd %2, %1, %0" : "+v"(acc[r * panels + q]) : "v"(x[q]), "v"(y));
        }
    }
#pragma GCC unroll 8
    for (int q = 0; q < panels; q++) {
        long column = (panel + q) * PANEL, left = p->n - column;
        __mmask16 held = left >= PANEL ? 0xffff : (__mmask16)((1 << left) - 1);
        __m512 scale = _mm512_maskz_loadu_ps(held, p->scale + column);
        __m512 bias = p->bias ? _mm512_maskz_loadu_ps(held, p->bias + column) : _mm512_setzero_ps();
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++) {
            __m512 v = _mm512_mul_ps(_mm512_cvtepi32_ps(acc[r * panels + q]), _mm512_set1_ps(p->rows[row + r].scale));
            v = _mm512_mul_ps(v, scale);
            if (p->bias) v = _mm512_add_ps(v, bias);
            _mm512_mask_storeu_ps(p->out + (row + r) * p->ldo + column, held, v);
        }
    }
}

#define ROWS(rows) \
    case rows * 16 + 1: dot(p, rows, 1, row, panel); break; \
    case rows * 16 + 2: dot(p, rows, 2, row, panel); break;

VNNI static void tile_dot(const product *p, long tile, long panel, long panels) {
    long row = piece_start(p->m, p->tiles, tile);
    switch ((piece_start(p->m, p->tiles, tile + 1) - row) * 16 + panels) {
        ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6) ROWS(7) ROWS(8) ROWS(9) ROWS(10) ROWS(11) ROWS(12)
        case 1 * 16 + 8: dot(p, 1, 8, row, panel); break;
        case 2 * 16 + 8: dot(p, 2, 8, row, panel); break;
        case 3 * 16 + 8: dot(p, 3, 8, row, panel); break;
        case 4 * 16 + 6: dot(p, 4, 6, row, panel); break;
        case 5 * 16 + 4: dot(p, 5, 4, row, panel); break;
        case 6 * 16 + 4: dot(p, 6, 4, row, panel); break;
        case 7 * 16 + 3: dot(p, 7, 3, row, panel); break;
        case 8 * 16 + 3: dot(p, 8, 3, row, panel); break;
    }
}
#endif

static void round_task(void *argument, long index, void *scratch) {
    (void)scratch;
    const product *p = argument;
#if defined(__x86_64__)
    if (p->level == DOT) { round_dot(p, index); return; }
    if (p->level == WIDENED) { round_widened(p, index); return; }
#endif
    round_plain(p, index);
}

/* As many panels as the registers hold: memory answers more streams faster. */
static long panels_at_once(long rows) { return rows > 8 ? 2 : rows > 6 ? 3 : rows > 4 ? 4 : rows > 3 ? 6 : 8; }

/* Some panels times some tiles; panels stay in the cache while the tiles pass. */
static void product_task(void *argument, long index, void *scratch) {
    (void)scratch;
    const product *p = argument;
    long block = index % p->blocks, group = index / p->blocks;
    long tile0 = piece_start(p->tiles, p->blocks, block), tile1 = piece_start(p->tiles, p->blocks, block + 1);
    long all = (p->n + PANEL - 1) / PANEL, end = min(all, (group + 1) * p->panels);
    for (long panel = group * p->panels; panel < end;) {
#if defined(__x86_64__)
        if (p->level == DOT) {
            long wide = panels_at_once(p->m), panels = end - panel >= wide ? wide : end - panel >= 2 ? 2 : 1;
            for (long t = tile0; t < tile1; t++) tile_dot(p, t, panel, panels);
            panel += panels;
            continue;
        }
        if (p->level == WIDENED) {
            for (long t = tile0; t < tile1; t++) tile_widened(p, t, panel);
            panel++;
            continue;
        }
#endif
        for (long t = tile0; t < tile1; t++) tile_plain(p, t, panel);
        panel++;
    }
}

/* 2 dot product of bytes, 1 AVX2, 0 neither. */
EXPORT int baton_int8_level(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")
            && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni")) return DOT;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return WIDENED;
#endif
    return PLAIN;
}

static long rounded_up(long bytes) { return (bytes + 63) & ~63L; }

/* Bytes that a product of m rows of k needs to keep its rounded activations. */
EXPORT long baton_int8_scratch(long m, long k) {
    return rounded_up(m * (long)sizeof(rounded)) + (m * ((k + GROUP - 1) / GROUP) * GROUP) * 2;
}

EXPORT void baton_product_int8(pool *team, int level, const void *w, const float *scale, long n, long k, const float *a,
        long lda, long m, const float *bias, float *out, long ldo, void *scratch) {
    long threads = pool_threads(team), all = (n + PANEL - 1) / PANEL, tile = level == DOT ? 12 : 3;
    product p = {w, scale, n, k, (k + GROUP - 1) / GROUP, a, lda, m, bias, out, ldo, tile, (m + tile - 1) / tile,
            0, 1, level, scratch, (char *)scratch + rounded_up(m * (long)sizeof(rounded))};
    if (m * k < 1 << 15) {
        for (long t = 0; t < p.tiles; t++) round_task(&p, t, NULL);
    } else {
        pool_run(team, round_task, &p, p.tiles, 0);
    }
    p.panels = threads == 1 ? all : (all + threads * 4 - 1) / (threads * 4);
    long wide = level == DOT ? panels_at_once(m) : 1;
    p.panels = (p.panels + wide - 1) / wide * wide;
    long groups = (all + p.panels - 1) / p.panels;
    if (groups < threads * 3) p.blocks = min(p.tiles, (threads * 3 + groups - 1) / groups);
    if (threads == 1) p.blocks = 1;
    pool_run(team, product_task, &p, groups * p.blocks, 0);
}

typedef struct {
    int type;
    const char *source;
    long from, to, k;
    int grouped;
    uint8_t *packed;
    float *scale;
} matrix;

INLINE float stored(int type, const char *row, long i) {
    switch (type) {
        case BF16: return bf16_float(((const uint16_t *)row)[i]);
        case F16: return half_float(((const uint16_t *)row)[i]);
        default: return ((const float *)row)[i];
    }
}

INLINE void quantise_row(const matrix *m, int type, long n) {
    const char *row = m->source + (n - m->from) * m->k * (type == F32 ? 4 : 2);
    long groups = (m->k + GROUP - 1) / GROUP, j = n % PANEL;
    uint8_t *panel = m->packed + n / PANEL * PANEL * (m->grouped ? groups * GROUP : m->k);
    uint32_t top = 0;
    for (long i = 0; i < m->k; i++) {
        uint32_t x = magnitude(stored(type, row, i));
        top = x > top ? x : top;
    }
    float inverse;
    m->scale[n] = step_of(top, &inverse);
    for (long i = 0; i < m->k; i++) {
        int32_t q = inverse == 0.0f ? 0 : nearest(stored(type, row, i) * inverse);
        if (m->grouped) panel[(i / GROUP * PANEL + j) * GROUP + i % GROUP] = (uint8_t)(q + 128);
        else panel[i * PANEL + j] = (uint8_t)q;
    }
}

static void quantise_task(void *argument, long index, void *scratch) {
    (void)scratch;
    const matrix *m = argument;
    long first = (m->from / PANEL + index) * PANEL, start = first < m->from ? m->from : first;
    long end = min(m->to, first + PANEL);
    for (long n = start; n < end; n++) {
        switch (m->type) {
            case BF16: quantise_row(m, BF16, n); break;
            case F16: quantise_row(m, F16, n); break;
            default: quantise_row(m, F32, n); break;
        }
    }
}

/* Rounds rows [from, to) of a row-major [n][k] matrix, of which source holds just them, to 127ths of the row's greatest
 * magnitude, into panels as [k/4][16][4] plus 128 (grouped) or as [k][16]. */
EXPORT void baton_quantise(pool *team, int type, const void *source, long from, long to, long k, int grouped,
        void *packed, float *scale) {
    matrix m = {type, source, from, to, k, grouped, packed, scale};
    pool_run(team, quantise_task, &m, (to + PANEL - 1) / PANEL - from / PANEL, 0);
}
