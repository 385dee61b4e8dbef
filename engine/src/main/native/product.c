/* out[m][n] = bias[n] + sum over k, in order, of fma(a[m][k], w[n][k]), from a zero start; int8 weights are scaled per n
 * before the bias. Weights lie in panels of 16 columns, [n/16][k][16]; 16-bit brain floats interleave column i with
 * column i + 8, so that a shift and a mask widen them. Columns run across the vector, never k. */
#include "baton.h"
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,fma,f16c")))
#endif

#define KC 256       /* k per pass over a panel: 16 KiB widened, half of L1 */
#define TILE_ROWS 6  /* 12 of 16 registers accumulate */
#define BLOCK_ROWS 96
#define STRIDE (KC + 16) /* rows of a tile must not meet in one set of the cache */
#define DIRECT_ROWS 24 /* up to here weights go straight from memory into the product; more rows share widened panels */

typedef struct {
    int type;
    const char *w;
    const float *scale;
    long n, k;
    const float *a;
    long lda, m;
    const float *bias;
    float *out;
    long ldo;
    long group;
    long groups;
} product;

static long element(int type) { return type == F32 ? 4 : type == I8 ? 1 : 2; }

static inline __attribute__((always_inline)) float weight(int type, const char *row, int j) {
    switch (type) {
        case BF16: return bf16_float(((const uint16_t *)row)[j < 8 ? 2 * j : 2 * (j - 8) + 1]);
        case F16: return half_float(((const uint16_t *)row)[j]);
        case I8: return (float)((const int8_t *)row)[j];
        default: return ((const float *)row)[j];
    }
}

__attribute__((noinline)) static void finish(const product *p, long row, long panel, const float *acc) {
    long columns = p->n - panel * PANEL < PANEL ? p->n - panel * PANEL : PANEL;
    float *out = p->out + row * p->ldo + panel * PANEL;
    for (long j = 0; j < columns; j++) {
        float v = acc[j];
        if (p->scale) v = v * p->scale[panel * PANEL + j];
        if (p->bias) v = v + p->bias[panel * PANEL + j];
        out[j] = v;
    }
}

static void plain_task(void *argument, long index, void *scratch) {
    (void)scratch;
    const product *p = argument;
    long size = element(p->type), panels = (p->n + PANEL - 1) / PANEL, end = (index + 1) * p->group;
    for (long panel = index * p->group; panel < panels && panel < end; panel++) {
        const char *w = p->w + panel * p->k * PANEL * size;
        for (long row = 0; row < p->m; row++) {
            const float *a = p->a + row * p->lda;
            float acc[PANEL] = {0};
            for (long k = 0; k < p->k; k++) {
                for (int j = 0; j < PANEL; j++) {
                    acc[j] = __builtin_fmaf(a[k], weight(p->type, w + k * PANEL * size, j), acc[j]);
                }
            }
            finish(p, row, panel, acc);
        }
    }
}

#if defined(__x86_64__)
AVX2 static inline __attribute__((always_inline)) void widen(int type, const char *row, __m256 *low, __m256 *high) {
    if (type == BF16) {
        __m256i x = _mm256_loadu_si256((const __m256i *)row);
        *low = _mm256_castsi256_ps(_mm256_slli_epi32(x, 16));
        *high = _mm256_castsi256_ps(_mm256_and_si256(x, _mm256_set1_epi32((int)0xffff0000u)));
    } else if (type == F16) {
        *low = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)row));
        *high = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(row + 16)));
    } else if (type == I8) {
        *low = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)row)));
        *high = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(row + 8))));
    } else {
        *low = _mm256_loadu_ps((const float *)row);
        *high = _mm256_loadu_ps((const float *)(row + 32));
    }
}

AVX2 static inline __attribute__((always_inline)) void direct(
        const product *p, int type, int rows, int panels, long row, long panel) {
    __m256 acc[TILE_ROWS * 2][2];
    long size = type == F32 ? 4 : type == I8 ? 1 : 2, stride = p->k * PANEL * size;
    const char *w = p->w + panel * stride;
    const float *a = p->a + row * p->lda;
#pragma GCC unroll 12
    for (int i = 0; i < rows * panels; i++) acc[i][0] = acc[i][1] = _mm256_setzero_ps();
    for (long k = 0; k < p->k; k++) {
#pragma GCC unroll 6
        for (int q = 0; q < panels; q++) {
            __m256 low, high;
            const char *at = w + q * stride + k * PANEL * size;
            _mm_prefetch(at + 1536, _MM_HINT_T0);
            widen(type, at, &low, &high);
#pragma GCC unroll 6
            for (int r = 0; r < rows; r++) {
                __m256 x = _mm256_broadcast_ss(a + r * p->lda + k);
                acc[q * rows + r][0] = _mm256_fmadd_ps(x, low, acc[q * rows + r][0]);
                acc[q * rows + r][1] = _mm256_fmadd_ps(x, high, acc[q * rows + r][1]);
            }
        }
    }
    float flat[PANEL];
#pragma GCC unroll 6
    for (int q = 0; q < panels; q++) {
#pragma GCC unroll 6
        for (int r = 0; r < rows; r++) {
            _mm256_storeu_ps(flat, acc[q * rows + r][0]);
            _mm256_storeu_ps(flat + 8, acc[q * rows + r][1]);
            finish(p, row + r, panel + q, flat);
        }
    }
}

#define DIRECT(type) \
    switch (rows * 16 + step) { \
        case 1 * 16 + 6: direct(p, type, 1, 6, row, panel); break; \
        case 1 * 16 + 1: direct(p, type, 1, 1, row, panel); break; \
        case 2 * 16 + 3: direct(p, type, 2, 3, row, panel); break; \
        case 2 * 16 + 1: direct(p, type, 2, 1, row, panel); break; \
        case 3 * 16 + 2: direct(p, type, 3, 2, row, panel); break; \
        case 3 * 16 + 1: direct(p, type, 3, 1, row, panel); break; \
        case 4 * 16 + 1: direct(p, type, 4, 1, row, panel); break; \
        case 5 * 16 + 1: direct(p, type, 5, 1, row, panel); break; \
        case 6 * 16 + 1: direct(p, type, 6, 1, row, panel); break; \
    }

static long min(long x, long y) { return x < y ? x : y; }

/* Row tiles of four to six rows: as even as the rows allow. */
static long tile_start(long rows, long tiles, long index) { return rows / tiles * index + min(index, rows % tiles); }

AVX2 static void direct_task(void *argument, long index, void *scratch) {
    (void)scratch;
    const product *p = argument;
    long panels = (p->n + PANEL - 1) / PANEL, end = (index + 1) * p->group;
    if (end > panels) end = panels;
    long tiles = (p->m + TILE_ROWS - 1) / TILE_ROWS;
    long wide = p->m == 1 ? 6 : p->m == 2 ? 3 : p->m == 3 ? 2 : 1;
    for (long panel = index * p->group; panel < end;) {
        long step = end - panel >= wide ? wide : 1;
        for (long t = 0; t < tiles; t++) { /* from the second on, the panel comes from the cache */
            long row = tile_start(p->m, tiles, t), rows = tile_start(p->m, tiles, t + 1) - row;
            switch (p->type) {
                case BF16: DIRECT(BF16) break;
                case F16: DIRECT(F16) break;
                case I8: DIRECT(I8) break;
                default: DIRECT(F32) break;
            }
        }
        panel += step;
    }
}

AVX2 static inline __attribute__((always_inline)) void widen_panel(int type, const char *w, long count, float *to) {
    long size = type == F32 ? 4 : type == I8 ? 1 : 2;
    for (long k = 0; k < count; k++) {
        __m256 low, high;
        _mm_prefetch(w + k * PANEL * size + 2048, _MM_HINT_T0);
        widen(type, w + k * PANEL * size, &low, &high);
        _mm256_store_ps(to + k * PANEL, low);
        _mm256_store_ps(to + k * PANEL + 8, high);
    }
}

AVX2 static inline __attribute__((always_inline)) void tile(
        int rows, const float *a, const float *b, long count, float *c, long ldc, int first) {
    __m256 acc[TILE_ROWS][2];
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++) {
        acc[r][0] = first ? _mm256_setzero_ps() : _mm256_loadu_ps(c + r * ldc);
        acc[r][1] = first ? _mm256_setzero_ps() : _mm256_loadu_ps(c + r * ldc + 8);
    }
    for (long k = 0; k < count; k++) {
        __m256 low = _mm256_load_ps(b + k * PANEL), high = _mm256_load_ps(b + k * PANEL + 8);
#pragma GCC unroll 6
        for (int r = 0; r < rows; r++) {
            __m256 x = _mm256_broadcast_ss(a + r * STRIDE + k);
            acc[r][0] = _mm256_fmadd_ps(x, low, acc[r][0]);
            acc[r][1] = _mm256_fmadd_ps(x, high, acc[r][1]);
        }
    }
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++) {
        _mm256_storeu_ps(c + r * ldc, acc[r][0]);
        _mm256_storeu_ps(c + r * ldc + 8, acc[r][1]);
    }
}

/* One block of rows times one group of panels. Accumulators wait in scratch between passes over k. */
AVX2 static void blocked_task(void *argument, long index, void *scratch) {
    const product *p = argument;
    long blocks = (p->m + BLOCK_ROWS - 1) / BLOCK_ROWS;
    long block = index % blocks, group = index / blocks;
    long row0 = tile_start(p->m, blocks, block), rows = tile_start(p->m, blocks, block + 1) - row0;
    long tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
    long panels = (p->n + PANEL - 1) / PANEL, panel0 = group * p->group, panel1 = min(panels, panel0 + p->group);
    long size = element(p->type);
    float *b = scratch, *a = b + KC * PANEL, *c = a + BLOCK_ROWS * STRIDE;
    for (long k0 = 0; k0 < p->k; k0 += KC) {
        long count = min(KC, p->k - k0);
        for (long r = 0; r < rows; r++) {
            memcpy(a + r * STRIDE, p->a + (row0 + r) * p->lda + k0, (size_t)count * 4);
        }
        for (long panel = panel0; panel < panel1; panel++) {
            const char *w = p->w + (panel * p->k + k0) * PANEL * size;
            switch (p->type) {
                case BF16: widen_panel(BF16, w, count, b); break;
                case F16: widen_panel(F16, w, count, b); break;
                case I8: widen_panel(I8, w, count, b); break;
                default: widen_panel(F32, w, count, b); break;
            }
            for (long t = 0; t < tiles; t++) {
                long r0 = tile_start(rows, tiles, t), r1 = tile_start(rows, tiles, t + 1);
                float *to = c + ((panel - panel0) * BLOCK_ROWS + r0) * PANEL;
                const float *from = a + r0 * STRIDE;
                switch (r1 - r0) {
                    case 1: tile(1, from, b, count, to, PANEL, k0 == 0); break;
                    case 2: tile(2, from, b, count, to, PANEL, k0 == 0); break;
                    case 3: tile(3, from, b, count, to, PANEL, k0 == 0); break;
                    case 4: tile(4, from, b, count, to, PANEL, k0 == 0); break;
                    case 5: tile(5, from, b, count, to, PANEL, k0 == 0); break;
                    default: tile(6, from, b, count, to, PANEL, k0 == 0); break;
                }
            }
        }
    }
    for (long panel = panel0; panel < panel1; panel++) {
        for (long r = 0; r < rows; r++) {
            finish(p, row0 + r, panel, c + ((panel - panel0) * BLOCK_ROWS + r) * PANEL);
        }
    }
}
#endif

EXPORT int baton_level(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c") ? 1 : 0;
#else
    return 0;
#endif
}

EXPORT void baton_product(pool *team, int level, int type, const void *w, const float *scale, long n, long k,
        const float *a, long lda, long m, const float *bias, float *out, long ldo) {
    product p = {type, w, scale, n, k, a, lda, m, bias, out, ldo, 0, 0};
    long panels = (n + PANEL - 1) / PANEL, threads = pool_threads(team);
#if defined(__x86_64__)
    if (level >= 1 && m > DIRECT_ROWS) {
        long blocks = (m + BLOCK_ROWS - 1) / BLOCK_ROWS;
        p.group = (panels * blocks + threads * 6 - 1) / (threads * 6);
        if (p.group > 16) p.group = 16;
        if (p.group < 1) p.group = 1;
        p.groups = (panels + p.group - 1) / p.group;
        long floats = KC * PANEL + BLOCK_ROWS * STRIDE + p.group * BLOCK_ROWS * PANEL;
        pool_run(team, blocked_task, &p, p.groups * blocks, floats * 4);
        return;
    }
    if (level >= 1) {
        p.group = threads == 1 ? panels : (panels + threads * 4 - 1) / (threads * 4);
        p.group = (p.group + 5) / 6 * 6;
        p.groups = (panels + p.group - 1) / p.group;
        pool_run(team, direct_task, &p, p.groups, 0);
        return;
    }
#endif
    p.group = (panels + threads * 4 - 1) / (threads * 4);
    p.groups = (panels + p.group - 1) / p.group;
    pool_run(team, plain_task, &p, p.groups, 0);
}

/* Rows [from, to) of a row-major [n][k] matrix into their panels. from is a multiple of 16. */
EXPORT void baton_pack(int type, const void *source, long from, long to, long k, void *packed) {
    long size = element(type);
    for (long n = from; n < to; n++) {
        const char *row = (const char *)source + (n - from) * k * size;
        char *panel = (char *)packed + n / PANEL * k * PANEL * size;
        long j = n % PANEL, at = type != BF16 ? j : j < 8 ? 2 * j : 2 * (j - 8) + 1;
        switch (size) {
            case 1:
                for (long i = 0; i < k; i++) panel[i * PANEL + at] = row[i];
                break;
            case 2:
                for (long i = 0; i < k; i++) ((uint16_t *)panel)[i * PANEL + at] = ((const uint16_t *)row)[i];
                break;
            default:
                for (long i = 0; i < k; i++) ((float *)panel)[i * PANEL + at] = ((const float *)row)[i];
        }
    }
}
