/* The product in AVX2: a panel is two vectors. */
#include "product.h"
#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,fma,f16c")))

#define KC 320          /* k per pass over a panel at most: 20 KiB widened, of 32 in L1 */
#define TILE_ROWS 6     /* 12 of 16 registers accumulate */
#define BLOCK_TILES 16
#define BLOCK_ROWS (BLOCK_TILES * TILE_ROWS)
#define STRIDE (KC + 16)
#define UNROLL 4        /* k of one turn of a loop: a core that is shared is short of instructions sooner than of multipliers */

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

#define AHEAD 96          /* k: how far before its use a weight is asked for */
#define DIRECT_CHUNK 384  /* k that all tiles of a step's rows take from the cache before the next */
#define DIRECT_PANELS 3   /* that one row takes at a time: more are more streams than memory likes */

/* Scales, adds the bias and writes one row of a panel. */
AVX2 static inline __attribute__((always_inline)) void finish(const product *p, long row, long panel, __m256 low, __m256 high) {
    long at = panel * PANEL;
    float flat[PANEL];
    if (p->n - at < PANEL) {
        _mm256_storeu_ps(flat, low);
        _mm256_storeu_ps(flat + 8, high);
        product_finish(p, row, panel, flat);
        return;
    }
    if (p->scale) {
        low = _mm256_mul_ps(low, _mm256_loadu_ps(p->scale + at));
        high = _mm256_mul_ps(high, _mm256_loadu_ps(p->scale + at + 8));
    }
    if (p->bias) {
        low = _mm256_add_ps(low, _mm256_loadu_ps(p->bias + at));
        high = _mm256_add_ps(high, _mm256_loadu_ps(p->bias + at + 8));
    }
    _mm256_storeu_ps(p->out + row * p->ldo + at, low);
    _mm256_storeu_ps(p->out + row * p->ldo + at + 8, high);
}

/* One k of rows and panels. */
AVX2 static inline __attribute__((always_inline)) void one_k(
        int type, int rows, int panels, const char *w, long stride, const float *a, long lda, __m256 (*acc)[2]) {
#pragma GCC unroll 3
    for (int q = 0; q < panels; q++) {
        __m256 low, high;
        widen(type, w + q * stride, &low, &high);
#pragma GCC unroll 6
        for (int r = 0; r < rows; r++) {
            __m256 x = _mm256_broadcast_ss(a + r * lda);
            acc[q * rows + r][0] = _mm256_fmadd_ps(x, low, acc[q * rows + r][0]);
            acc[q * rows + r][1] = _mm256_fmadd_ps(x, high, acc[q * rows + r][1]);
        }
    }
}

/* Rows times panels over k [k0, k1). Each line of weights is asked for a while before; behind the last of a panel stand
 * those of the next step. */
AVX2 static inline __attribute__((always_inline)) void direct(
        const product *p, int type, int rows, int panels, long row, long panel, long k0, long k1, float *kept) {
    __m256 acc[TILE_ROWS * 2][2];
    long size = type == F32 ? 4 : type == I8 ? 1 : 2, stride = p->k * PANEL * size;
    const char *w = p->w + panel * stride;
    const float *a = p->a + row * p->lda;
#pragma GCC unroll 12
    for (int i = 0; i < rows * panels; i++) {
        acc[i][0] = k0 == 0 ? _mm256_setzero_ps() : _mm256_loadu_ps(kept + i * PANEL);
        acc[i][1] = k0 == 0 ? _mm256_setzero_ps() : _mm256_loadu_ps(kept + i * PANEL + 8);
    }
    for (long k = k0; k < k1;) {
        long ahead = AHEAD * PANEL * size + (k + AHEAD < p->k ? 0 : (panels - 1) * stride);
        long end = k + AHEAD < p->k ? min(k1, p->k - AHEAD) : k1;
        for (; k + UNROLL <= end; k += UNROLL) {
#pragma GCC unroll 3
            for (int q = 0; q < panels; q++) {
#pragma GCC unroll 4
                for (long line = 0; line < UNROLL * PANEL * size; line += 64) {
                    _mm_prefetch(w + q * stride + k * PANEL * size + ahead + line, _MM_HINT_T0);
                }
            }
#pragma GCC unroll 4
            for (int u = 0; u < UNROLL; u++) one_k(type, rows, panels, w + (k + u) * PANEL * size, stride, a + k + u, p->lda, acc);
        }
        for (; k < end; k++) one_k(type, rows, panels, w + k * PANEL * size, stride, a + k, p->lda, acc);
    }
    if (k1 == p->k) {
#pragma GCC unroll 12
        for (int i = 0; i < rows * panels; i++) finish(p, row + i % rows, panel + i / rows, acc[i][0], acc[i][1]);
    } else {
#pragma GCC unroll 12
        for (int i = 0; i < rows * panels; i++) {
            _mm256_storeu_ps(kept + i * PANEL, acc[i][0]);
            _mm256_storeu_ps(kept + i * PANEL + 8, acc[i][1]);
        }
    }
}

#define TILE(type, rows, panels) \
    case rows * 16 + panels: direct(p, type, rows, panels, row, panel, k0, k1, kept); break;
#define DIRECT(type) \
    switch (rows * 16 + step) { \
        TILE(type, 1, DIRECT_PANELS) TILE(type, 1, 1) TILE(type, 2, 2) TILE(type, 2, 1) TILE(type, 3, 2) TILE(type, 3, 1) \
        TILE(type, 4, 1) TILE(type, 5, 1) TILE(type, 6, 1) \
    }

AVX2 static void direct_task(void *argument, long index, void *scratch) {
    (void)scratch;
    const product *p = argument;
    long panels = (p->n + PANEL - 1) / PANEL, end = (index + 1) * p->group;
    if (end > panels) end = panels;
    long tiles = ceil_div(p->m, TILE_ROWS), chunk = tiles == 1 ? p->k : DIRECT_CHUNK;
    long most = ceil_div(p->m, tiles), wide = most == 1 ? DIRECT_PANELS : most <= 3 ? 2 : 1;
    float sums[DIRECT_ROWS * PANEL];
    for (long panel = index * p->group; panel < end;) {
        long step = end - panel >= wide ? wide : 1;
        for (long k0 = 0; k0 < p->k; k0 += chunk) {
            long k1 = min(p->k, k0 + chunk);
            for (long t = 0; t < tiles; t++) { /* from the second on, the weights come from the cache */
                long row = piece_start(p->m, tiles, t), rows = piece_start(p->m, tiles, t + 1) - row;
                float *kept = sums + row * PANEL;
                switch (p->type) {
                    case BF16: DIRECT(BF16) break;
                    case F16: DIRECT(F16) break;
                    case I8: DIRECT(I8) break;
                    default: DIRECT(F32) break;
                }
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

/* One tile over one pass; the sums wait in c, and the last pass writes them out. */
AVX2 static inline __attribute__((always_inline)) void tile(
        const product *p, int rows, const float *a, const float *b, long k0, float *c, long row, long panel) {
    __m256 acc[TILE_ROWS][2];
    long count = min(p->pass, p->k - k0);
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++) {
        acc[r][0] = k0 == 0 ? _mm256_setzero_ps() : _mm256_loadu_ps(c + r * PANEL);
        acc[r][1] = k0 == 0 ? _mm256_setzero_ps() : _mm256_loadu_ps(c + r * PANEL + 8);
    }
#pragma GCC unroll 4
    for (long k = 0; k < count; k++) {
        __m256 low = _mm256_load_ps(b + k * PANEL), high = _mm256_load_ps(b + k * PANEL + 8);
#pragma GCC unroll 6
        for (int r = 0; r < rows; r++) {
            __m256 x = _mm256_broadcast_ss(a + r * STRIDE + k);
            acc[r][0] = _mm256_fmadd_ps(x, low, acc[r][0]);
            acc[r][1] = _mm256_fmadd_ps(x, high, acc[r][1]);
        }
    }
    int last = k0 + count == p->k;
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++) {
        if (last) {
            finish(p, row + r, panel, acc[r][0], acc[r][1]);
        } else {
            _mm256_storeu_ps(c + r * PANEL, acc[r][0]);
            _mm256_storeu_ps(c + r * PANEL + 8, acc[r][1]);
        }
    }
}

#define BLOCK_TILE(rows) \
    case rows: tile(p, rows, a + r * STRIDE, b, k0, to + r * PANEL, row0 + r, panel); break;

/* One block of rows times one group of panels. */
AVX2 static void blocked_task(void *argument, long index, void *scratch) {
    const product *p = argument;
    long blocks = product_blocks(p, TILE_ROWS, BLOCK_TILES), block = index % blocks, group = index / blocks;
    long row0 = product_block_start(p, TILE_ROWS, blocks, block);
    long rows = product_block_start(p, TILE_ROWS, blocks, block + 1) - row0;
    long panel0 = group * p->group, panel1 = min(ceil_div(p->n, PANEL), panel0 + p->group);
    long size = element(p->type);
    float *b = scratch, *c = b + KC * PANEL;
    for (long k0 = 0; k0 < p->k; k0 += p->pass) {
        const float *a = p->copies + (k0 / p->pass * p->m + row0) * STRIDE;
        for (long panel = panel0; panel < panel1; panel++) {
            const char *w = p->w + (panel * p->k + k0) * PANEL * size;
            long count = min(p->pass, p->k - k0);
            switch (p->type) {
                case BF16: widen_panel(BF16, w, count, b); break;
                case F16: widen_panel(F16, w, count, b); break;
                case I8: widen_panel(I8, w, count, b); break;
                default: widen_panel(F32, w, count, b); break;
            }
            float *to = c + (panel - panel0) * BLOCK_ROWS * PANEL;
            const char *next = panel + 1 < panel1 ? w + p->k * PANEL * size
                                                  : p->w + (panel0 * p->k + min(k0 + p->pass, p->k - 1)) * PANEL * size;
            long share = ceil_div(count * PANEL * size, ceil_div(rows, TILE_ROWS));
            for (long r = 0; r < rows; r += TILE_ROWS) {
                for (long at = 0; at < share; at += 64) _mm_prefetch(next + r / TILE_ROWS * share + at, _MM_HINT_T1);
                switch (min(TILE_ROWS, rows - r)) {
                    BLOCK_TILE(1) BLOCK_TILE(2) BLOCK_TILE(3) BLOCK_TILE(4) BLOCK_TILE(5) BLOCK_TILE(6)
                }
            }
        }
    }
}

static long scratch_floats(long group) { return KC * PANEL + group * BLOCK_ROWS * PANEL; }

const product_form product_avx2 = {direct_task, blocked_task, DIRECT_PANELS, TILE_ROWS, BLOCK_TILES, 16, KC, STRIDE, scratch_floats};
#endif
