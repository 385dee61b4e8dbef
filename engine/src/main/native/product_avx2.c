/* The product in AVX2: a panel is two vectors. */
#include "product.h"
#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,fma,f16c")))

#define KC 256       /* k per pass over a panel: 16 KiB widened, half of L1 */
#define TILE_ROWS 6  /* 12 of 16 registers accumulate */
#define BLOCK_ROWS 96
#define STRIDE (KC + 16) /* rows of a tile must not meet in one set of the cache */

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
            product_finish(p, row + r, panel + q, flat);
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
    long row0 = piece_start(p->m, blocks, block), rows = piece_start(p->m, blocks, block + 1) - row0;
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
                long r0 = piece_start(rows, tiles, t), r1 = piece_start(rows, tiles, t + 1);
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
            product_finish(p, row0 + r, panel, c + ((panel - panel0) * BLOCK_ROWS + r) * PANEL);
        }
    }
}

static long scratch_floats(long group) { return KC * PANEL + BLOCK_ROWS * STRIDE + group * BLOCK_ROWS * PANEL; }

const product_form product_avx2 = {direct_task, blocked_task, 6, BLOCK_ROWS, 16, scratch_floats};
#endif
