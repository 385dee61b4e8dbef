/* The product of grouped weights in AVX2. A dot of four bits fits into 16-bit sums: 16 times 15 times 127 is 30,480. */
#include "product_groups.h"
#include "rounding.h"
#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,fma,f16c")))

#define TILE 6          /* rows of a tile at most: 12 of 16 registers sum */
#define DIRECT_TILE 4   /* where weights are unpacked on the way and need registers */
#define OPEN_GROUPS 24  /* unpacked at a time: 15 KiB, of 32 in L1 */
#define AHEAD 1536      /* bytes: how far before its use a weight is asked for */

ROUND_GROUPS(round_groups_avx2, AVX2)

/* Scale and offset of one half of the columns. */
AVX2 INLINE void line_of(int form, const uint8_t *head, const uint8_t *group, int half, __m256 *scale, __m256 *offset) {
    if (form == OPEN) {
        *scale = _mm256_loadu_ps((const float *)head + half * HALF);
        *offset = _mm256_loadu_ps((const float *)head + PANEL + half * HALF);
        return;
    }
    *scale = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)head + half));
    if (form == Q4_0) {
        *offset = _mm256_mul_ps(*scale, _mm256_set1_ps(-8.0f));
    } else if (form == Q4_1) {
        *offset = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)head + 2 + half));
    } else if (form == Q4_K || form == Q4_ZERO) {
        __m256 first = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(group + half * HALF))));
        __m256 least = form == Q4_ZERO ? first : _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(
                _mm_loadl_epi64((const __m128i *)(group + PANEL + half * HALF))));
        __m256 unit = form == Q4_ZERO ? *scale : _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)head + 2 + half));
        if (form == Q4_K) *scale = _mm256_mul_ps(*scale, first);
        *offset = _mm256_xor_ps(_mm256_mul_ps(unit, least), _mm256_set1_ps(-0.0f));
    } else {
        *offset = _mm256_setzero_ps();
    }
}

AVX2 INLINE __m256i four_of(const int8_t *x) {
    int32_t four;
    memcpy(&four, x, 4);
    return _mm256_set1_epi32(four);
}

/* Keeps a sum in its register: left to itself the compiler makes all products first, and spills them, to add them as a tree. */
AVX2 INLINE __m256i kept(__m256i sum) {
    __asm__("" : "+x"(sum));
    return sum;
}

/* Adds what four k of eight columns give; w is unsigned. */
AVX2 INLINE __m256i add_four(__m256i dot, __m256i w, __m256i x) { return kept(_mm256_add_epi16(dot, _mm256_maddubs_epi16(w, x))); }

/* Both halves' dots of some rows with one group: 16-bit pairs, or 32-bit sums with weights of eight bits. */
AVX2 INLINE void dots(int form, int rows, const uint8_t *values, const int8_t *x, long k, __m256i (*dot)[2]) {
    __m256i low = _mm256_set1_epi8(15), ones = _mm256_set1_epi16(1);
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++) dot[r][0] = dot[r][1] = _mm256_setzero_si256();
    if (form == OPEN || form == Q8_0) {
#pragma GCC unroll 8
        for (int v = 0; v < 8; v++) {
            __m256i w0 = _mm256_loadu_si256((const __m256i *)values + v), w1 = _mm256_loadu_si256((const __m256i *)values + 8 + v);
            __m256i size0 = _mm256_abs_epi8(w0), size1 = _mm256_abs_epi8(w1);
#pragma GCC unroll 6
            for (int r = 0; r < rows; r++) {
                __m256i four = four_of(x + r * k + v * 4);
                if (form == OPEN) {
                    dot[r][0] = add_four(dot[r][0], w0, four);
                    dot[r][1] = add_four(dot[r][1], w1, four);
                } else { /* of -128 the size is 128, unsigned, and 2 * 128 * 127 still fits */
                    __m256i pairs0 = _mm256_maddubs_epi16(size0, _mm256_sign_epi8(four, w0));
                    __m256i pairs1 = _mm256_maddubs_epi16(size1, _mm256_sign_epi8(four, w1));
                    dot[r][0] = kept(_mm256_add_epi32(dot[r][0], _mm256_madd_epi16(pairs0, ones)));
                    dot[r][1] = kept(_mm256_add_epi32(dot[r][1], _mm256_madd_epi16(pairs1, ones)));
                }
            }
        }
        return;
    }
#pragma GCC unroll 6
    for (int v = 0; v < 4; v++) {
        __m256i w0 = _mm256_loadu_si256((const __m256i *)values + v), w1 = _mm256_loadu_si256((const __m256i *)values + 4 + v);
        __m256i first0 = _mm256_and_si256(w0, low), first1 = _mm256_and_si256(w1, low);
        __m256i second0 = _mm256_and_si256(_mm256_srli_epi16(w0, 4), low), second1 = _mm256_and_si256(_mm256_srli_epi16(w1, 4), low);
#pragma GCC unroll 6
        for (int r = 0; r < rows; r++) {
            __m256i first = four_of(x + r * k + v * 4), second = four_of(x + r * k + 16 + v * 4);
            dot[r][0] = add_four(add_four(dot[r][0], first0, first), second0, second);
            dot[r][1] = add_four(add_four(dot[r][1], first1, first), second1, second);
        }
    }
}

/* Rows times one panel over groups [g0, g1), of which w begins with g0; sums are kept in [row][16]. */
AVX2 INLINE void tile(const group_product *p, int form, int rows, const uint8_t *w, long row, long g0, long g1, float *sums) {
    const int8_t *x = p->values + row * p->k;
    const rounded_group *rounded = p->rounded + row * p->groups;
    for (long g = g0; g < g1; g++) {
        const uint8_t *head = head_of(form, w, g - g0), *group = group_of(form, w, g - g0);
        if (form != OPEN) {
#pragma GCC unroll 9
            for (long at = 0; at < group_bytes(form); at += 64) _mm_prefetch((const char *)group + AHEAD + at, _MM_HINT_T0);
        }
        __m256i dot[TILE][2];
        dots(form, rows, group + factor_bytes(form), x + g * IN_GROUP, p->k, dot);
#pragma GCC unroll 2
        for (int half = 0; half < 2; half++) {
            __m256 scale, offset;
            line_of(form, head, group, half, &scale, &offset);
#pragma GCC unroll 6
            for (int r = 0; r < rows; r++) {
                const rounded_group *at = rounded + r * p->groups + g;
                __m256i whole = form == Q8_0 ? dot[r][half] : _mm256_madd_epi16(dot[r][half], _mm256_set1_epi16(1));
                float *sum = sums + r * PANEL + half * HALF;
                __m256 v = _mm256_fmadd_ps(_mm256_mul_ps(scale, _mm256_broadcast_ss(&at->scale)), _mm256_cvtepi32_ps(whole),
                        _mm256_loadu_ps(sum));
                if (form != Q8_0) v = _mm256_fmadd_ps(offset, _mm256_broadcast_ss(&at->sum), v);
                _mm256_storeu_ps(sum, v);
            }
        }
    }
}

#define TILES(form) \
    switch (rows) { \
        case 1: tile(p, form, 1, w, row, g0, g1, sums); break; \
        case 2: tile(p, form, 2, w, row, g0, g1, sums); break; \
        case 3: tile(p, form, 3, w, row, g0, g1, sums); break; \
        case 4: tile(p, form, 4, w, row, g0, g1, sums); break; \
        case 5: tile(p, form, 5, w, row, g0, g1, sums); break; \
        default: tile(p, form, 6, w, row, g0, g1, sums); break; \
    }

AVX2 static void tile_of(const group_product *p, int form, long rows, const uint8_t *w, long row, long g0, long g1, float *sums) {
    switch (form) {
        case Q4_0: TILES(Q4_0) break;
        case Q4_1: TILES(Q4_1) break;
        case Q4_K: TILES(Q4_K) break;
        case Q4_ZERO: TILES(Q4_ZERO) break;
        case Q8_0: TILES(Q8_0) break;
        default: TILES(OPEN) break;
    }
}

AVX2 INLINE void unpack(int form, const uint8_t *w, long groups, uint8_t *to) {
    __m256i low = _mm256_set1_epi8(15);
    for (long g = 0; g < groups; g++, to += superblock_bytes(OPEN)) {
        const uint8_t *head = head_of(form, w, g), *group = group_of(form, w, g);
        for (int half = 0; half < 2; half++) {
            __m256 scale, offset;
            line_of(form, head, group, half, &scale, &offset);
            _mm256_storeu_ps((float *)to + half * HALF, scale);
            _mm256_storeu_ps((float *)to + PANEL + half * HALF, offset);
            const __m256i *from = (const __m256i *)(group + factor_bytes(form)) + half * 4;
            __m256i *open = (__m256i *)(to + head_bytes(OPEN)) + half * 8;
#pragma GCC unroll 6
            for (int v = 0; v < 4; v++) {
                __m256i both = _mm256_loadu_si256(from + v);
                _mm256_storeu_si256(open + v, _mm256_and_si256(both, low));
                _mm256_storeu_si256(open + 4 + v, _mm256_and_si256(_mm256_srli_epi16(both, 4), low));
            }
        }
    }
}

AVX2 static void unpack_of(int form, const uint8_t *w, long groups, uint8_t *to) {
    switch (form) {
        case Q4_0: unpack(Q4_0, w, groups, to); break;
        case Q4_1: unpack(Q4_1, w, groups, to); break;
        case Q4_K: unpack(Q4_K, w, groups, to); break;
        default: unpack(Q4_ZERO, w, groups, to); break;
    }
}

long group_scratch_avx2(long rows) { return OPEN_GROUPS * superblock_bytes(OPEN) + rows * PANEL * 4; }

/* Some panels times one block of rows; a part of a panel stays in the cache while the tiles of rows pass. */
AVX2 void group_task_avx2(void *argument, long index, void *scratch) {
    const group_product *p = argument;
    long block = index % p->blocks, first = index / p->blocks * p->panels;
    long row0 = piece_start(p->m, p->blocks, block), rows = piece_start(p->m, p->blocks, block + 1) - row0;
    int opened = p->m > DIRECT_GROUP_ROWS && p->form != Q8_0;
    long end = min(ceil_div(p->n, PANEL), first + p->panels), tiles = ceil_div(rows, opened ? TILE : DIRECT_TILE);
    long chunk = tiles == 1 ? p->groups : OPEN_GROUPS;
    uint8_t *open = scratch;
    float *sums = (float *)(open + OPEN_GROUPS * superblock_bytes(OPEN));
    for (long panel = first; panel < end; panel++) {
        const uint8_t *w = p->w + panel * panel_bytes(p->form, p->groups);
        memset(sums, 0, (size_t)(rows * PANEL) * 4);
        for (long g0 = 0; g0 < p->groups; g0 += chunk) {
            long g1 = min(p->groups, g0 + chunk);
            const uint8_t *from = head_of(p->form, w, g0);
            if (opened) unpack_of(p->form, from, g1 - g0, open);
            for (long t = 0; t < tiles; t++) {
                long r = piece_start(rows, tiles, t), count = piece_start(rows, tiles, t + 1) - r;
                tile_of(p, opened ? OPEN : p->form, count, opened ? open : from, row0 + r, g0, g1, sums + r * PANEL);
            }
        }
        for (long r = 0; r < rows; r++) group_finish(p, row0 + r, panel, sums + r * PANEL);
    }
}
#endif
