/* The product in AVX-512: a panel is one vector. Brain floats widen to the order they are stored in, so accumulators hold
 * a panel's columns as they stand there and are put in order at the end. */
#include "product.h"
#if defined(__x86_64__)
#include <immintrin.h>
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")))

#define KC 192         /* k per pass over two panels: 24 KiB widened, half of L1 */
#define TILE_ROWS 14   /* times two panels: 28 of 32 registers accumulate */
#define BLOCK_TILES 16 /* their rows, 182 KiB, stay in L2 */
#define BLOCK_ROWS (BLOCK_TILES * TILE_ROWS)
#define STRIDE (KC + 16)
#define DIRECT_TILE 8
#define DIRECT_PANELS 4 /* at a time at most: more are more streams than memory likes */
#define AHEAD 96        /* k: how far before its use a weight is asked for */

AVX512 static inline __attribute__((always_inline)) __m512 widen(int type, const char *row) {
    switch (type) {
        case BF16:
            return _mm512_castsi512_ps(
                    _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)row)), 16));
        case F16: return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)row));
        case I8: return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)row)));
        default: return _mm512_loadu_ps((const float *)row);
    }
}

AVX512 static inline __attribute__((always_inline)) void finish(const product *p, int type, long row, long panel, __m512 v) {
    if (type == BF16) {
        v = _mm512_permutexvar_ps(_mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15), v);
    }
    long at = panel * PANEL;
    __mmask16 in = p->n - at < PANEL ? (__mmask16)((1u << (p->n - at)) - 1) : 0xffff;
    if (p->scale) v = _mm512_mul_ps(v, _mm512_maskz_loadu_ps(in, p->scale + at));
    if (p->bias) v = _mm512_add_ps(v, _mm512_maskz_loadu_ps(in, p->bias + at));
    _mm512_mask_storeu_ps(p->out + row * p->ldo + at, in, v);
}

AVX512 static inline __attribute__((always_inline)) void direct(
        const product *p, int type, int rows, int panels, long row, long panel) {
    __m512 acc[24];
    long size = type == F32 ? 4 : type == I8 ? 1 : 2, stride = p->k * PANEL * size;
    const char *w = p->w + panel * stride;
    const float *a = p->a + row * p->lda;
#pragma GCC unroll 24
    for (int i = 0; i < rows * panels; i++) acc[i] = _mm512_setzero_ps();
    for (long k = 0; k < p->k;) {
        long ahead = AHEAD * PANEL * size + (k + AHEAD < p->k ? 0 : (panels - 1) * stride);
        long end = k + AHEAD < p->k ? p->k - AHEAD : p->k;
        for (; k < end; k++) {
            __m512 b[DIRECT_PANELS];
#pragma GCC unroll 4
            for (int q = 0; q < panels; q++) {
                const char *at = w + q * stride + k * PANEL * size;
                _mm_prefetch(at + ahead, _MM_HINT_T0);
                b[q] = widen(type, at);
            }
#pragma GCC unroll 8
            for (int r = 0; r < rows; r++) {
                __m512 x = _mm512_set1_ps(a[r * p->lda + k]);
#pragma GCC unroll 4
                for (int q = 0; q < panels; q++) acc[q * rows + r] = _mm512_fmadd_ps(x, b[q], acc[q * rows + r]);
            }
        }
    }
#pragma GCC unroll 4
    for (int q = 0; q < panels; q++) {
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++) finish(p, type, row + r, panel + q, acc[q * rows + r]);
    }
}

#define TILE(type, rows, panels) \
    case rows * 16 + panels: direct(p, type, rows, panels, row, panel); break;
#define DIRECT(type) \
    switch (rows * 16 + step) { \
        TILE(type, 1, 4) TILE(type, 2, 4) TILE(type, 3, 4) TILE(type, 4, 4) TILE(type, 5, 4) TILE(type, 6, 4) \
        TILE(type, 6, 3) TILE(type, 7, 3) TILE(type, 8, 3) TILE(type, 1, 1) TILE(type, 2, 1) TILE(type, 3, 1) \
        TILE(type, 4, 1) TILE(type, 5, 1) TILE(type, 6, 1) TILE(type, 7, 1) TILE(type, 8, 1) \
    }

AVX512 static void direct_task(void *argument, long index, void *scratch) {
    (void)scratch;
    const product *p = argument;
    long end = min(ceil_div(p->n, PANEL), (index + 1) * p->group), tiles = ceil_div(p->m, DIRECT_TILE);
    long wide = ceil_div(p->m, tiles) > 6 ? 3 : DIRECT_PANELS; /* as many as registers allow */
    for (long panel = index * p->group; panel < end;) {
        long step = end - panel >= wide ? wide : 1;
        for (long t = 0; t < tiles; t++) { /* from the second on, the panels come from the cache */
            long row = piece_start(p->m, tiles, t), rows = piece_start(p->m, tiles, t + 1) - row;
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

/* Rows k0 to k0 + count of a panel, widened, into every other vector. */
AVX512 static inline __attribute__((always_inline)) void widen_panel(int type, const char *w, long count, float *to) {
    long size = type == F32 ? 4 : type == I8 ? 1 : 2;
    for (long k = 0; k < count; k++) {
        _mm_prefetch(w + k * PANEL * size + 2048, _MM_HINT_T0);
        _mm512_store_ps(to + k * 2 * PANEL, widen(type, w + k * PANEL * size));
    }
}

/* One tile over one pass and two panels; the sums wait in c, and the last pass writes them out. */
AVX512 static inline __attribute__((always_inline)) void tile(
        const product *p, int type, int rows, const float *a, const float *b, long k0, float *c, long row, long panel) {
    __m512 acc[TILE_ROWS][2];
    long count = min(p->pass, p->k - k0);
#pragma GCC unroll 14
    for (int r = 0; r < rows; r++) {
        acc[r][0] = k0 == 0 ? _mm512_setzero_ps() : _mm512_load_ps(c + r * 2 * PANEL);
        acc[r][1] = k0 == 0 ? _mm512_setzero_ps() : _mm512_load_ps(c + r * 2 * PANEL + PANEL);
    }
    for (long k = 0; k < count; k++) {
        __m512 low = _mm512_load_ps(b + k * 2 * PANEL), high = _mm512_load_ps(b + k * 2 * PANEL + PANEL);
#pragma GCC unroll 14
        for (int r = 0; r < rows; r++) {
            __m512 x = _mm512_set1_ps(a[r * STRIDE + k]);
            acc[r][0] = _mm512_fmadd_ps(x, low, acc[r][0]);
            acc[r][1] = _mm512_fmadd_ps(x, high, acc[r][1]);
        }
    }
    if (k0 + count == p->k) {
        int two = panel + 1 < ceil_div(p->n, PANEL);
#pragma GCC unroll 14
        for (int r = 0; r < rows; r++) {
            finish(p, type, row + r, panel, acc[r][0]);
            if (two) finish(p, type, row + r, panel + 1, acc[r][1]);
        }
    } else {
#pragma GCC unroll 14
        for (int r = 0; r < rows; r++) {
            _mm512_store_ps(c + r * 2 * PANEL, acc[r][0]);
            _mm512_store_ps(c + r * 2 * PANEL + PANEL, acc[r][1]);
        }
    }
}

#define BLOCK_TILE(rows) \
    case rows: tile(p, p->type, rows, a + r * STRIDE, b, k0, to + r * 2 * PANEL, row0 + r, panel); break;

/* One block of rows times one group of panels, two panels at a time; groups are even. */
AVX512 static void blocked_task(void *argument, long index, void *scratch) {
    const product *p = argument;
    long blocks = product_blocks(p, TILE_ROWS, BLOCK_TILES), block = index % blocks;
    long row0 = product_block_start(p, TILE_ROWS, blocks, block);
    long rows = product_block_start(p, TILE_ROWS, blocks, block + 1) - row0;
    long panels = ceil_div(p->n, PANEL), size = element(p->type);
    long panel0 = index / blocks * p->group, panel1 = min(panels, panel0 + p->group);
    float *b = scratch, *c = b + KC * 2 * PANEL;
    for (long k0 = 0; k0 < p->k; k0 += p->pass) {
        const float *a = p->copies + (k0 / p->pass * p->m + row0) * STRIDE;
        long count = min(p->pass, p->k - k0);
        for (long panel = panel0; panel < panel1; panel += 2) {
            for (long q = 0; q < 2; q++) {
                long read = min(panel + q, panels - 1); /* a lone last panel is computed twice */
                const char *w = p->w + (read * p->k + k0) * PANEL * size;
                switch (p->type) {
                    case BF16: widen_panel(BF16, w, count, b + q * PANEL); break;
                    case F16: widen_panel(F16, w, count, b + q * PANEL); break;
                    case I8: widen_panel(I8, w, count, b + q * PANEL); break;
                    default: widen_panel(F32, w, count, b + q * PANEL); break;
                }
            }
            float *to = c + (panel - panel0) * BLOCK_ROWS * PANEL;
            for (long r = 0; r < rows; r += TILE_ROWS) {
                switch (min(TILE_ROWS, rows - r)) {
                    BLOCK_TILE(1) BLOCK_TILE(2) BLOCK_TILE(3) BLOCK_TILE(4) BLOCK_TILE(5) BLOCK_TILE(6) BLOCK_TILE(7)
                    BLOCK_TILE(8) BLOCK_TILE(9) BLOCK_TILE(10) BLOCK_TILE(11) BLOCK_TILE(12) BLOCK_TILE(13)
                    BLOCK_TILE(14)
                }
            }
        }
    }
}

static long scratch_floats(long group) { return KC * 2 * PANEL + group * BLOCK_ROWS * PANEL; }

const product_form product_avx512 = {
        direct_task, blocked_task, DIRECT_PANELS, TILE_ROWS, BLOCK_TILES, 8, KC, STRIDE, scratch_floats};
#endif
