/* Attention in AVX2: sixteen lanes are two vectors. */
#include "attention.h"
#if defined(__x86_64__)
#include <immintrin.h>
#define TARGET __attribute__((target("avx2,fma,f16c")))
#define TILE_ROWS 6 /* 12 of 16 registers accumulate */
#define PAIR_ROWS 3 /* as do rows of two vectors */
#define ATTEND attend_avx2
#define GATHER gather_avx2

typedef struct {
    __m256 low, high;
} lanes;

TARGET INLINE lanes load(const float *p) { return (lanes){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }

TARGET INLINE void store(float *p, lanes x) {
    _mm256_storeu_ps(p, x.low);
    _mm256_storeu_ps(p + 8, x.high);
}

TARGET INLINE lanes spread(float x) { return (lanes){_mm256_set1_ps(x), _mm256_set1_ps(x)}; }

#define EACH(name, op) \
    TARGET INLINE lanes name(lanes a, lanes b) { return (lanes){op(a.low, b.low), op(a.high, b.high)}; }
EACH(add, _mm256_add_ps)
EACH(sub, _mm256_sub_ps)
EACH(mul, _mm256_mul_ps)
EACH(quotient, _mm256_div_ps)
EACH(larger, _mm256_max_ps) /* a NaN in the second survives, in the first it does not */
EACH(smaller, _mm256_min_ps)

TARGET INLINE lanes fma16(lanes a, lanes b, lanes c) {
    return (lanes){_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}

TARGET INLINE __m256 power8(__m256 n) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvttps_epi32(n), _mm256_set1_epi32(127)), 23));
}

TARGET INLINE lanes power_of_two(lanes n) { return (lanes){power8(n.low), power8(n.high)}; }

TARGET INLINE __m256 zero8(__m256 x, float below, __m256 y) {
    return _mm256_andnot_ps(_mm256_cmp_ps(x, _mm256_set1_ps(below), _CMP_LT_OQ), y);
}

TARGET INLINE lanes zero_below(lanes x, float below, lanes y) {
    return (lanes){zero8(x.low, below, y.low), zero8(x.high, below, y.high)};
}

TARGET INLINE float largest(lanes x) {
    __m256 most = _mm256_max_ps(x.low, x.high);
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(most), _mm256_extractf128_ps(most, 1));
    four = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(four, _mm_shuffle_ps(four, four, 1)));
}

/* tree() of the lanes. */
TARGET INLINE float total(lanes x) {
    __m256 r8 = _mm256_add_ps(x.low, x.high);
    __m128 r4 = _mm_add_ps(_mm256_castps256_ps128(r8), _mm256_extractf128_ps(r8, 1));
    __m128 r2 = _mm_add_ps(r4, _mm_movehl_ps(r4, r4));
    return _mm_cvtss_f32(_mm_add_ss(r2, _mm_shuffle_ps(r2, r2, 1)));
}

#define PIECE 8
typedef __m256 piece;

TARGET INLINE piece load_piece(int type, const void *from, long at) {
    if (type == F32) return _mm256_loadu_ps((const float *)from + at);
    __m128i stored = _mm_loadu_si128((const __m128i *)((const uint16_t *)from + at));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(stored), 16));
}

TARGET INLINE piece load_half(int half, const void *from, long at) {
    __m256i words = _mm256_loadu_si256((const __m256i *)((const uint32_t *)from + at));
    __m256i bits = half ? _mm256_and_si256(words, _mm256_set1_epi32((int)0xffff0000)) : _mm256_slli_epi32(words, 16);
    return _mm256_castsi256_ps(bits);
}

TARGET INLINE void store_piece(float *p, piece x) { _mm256_storeu_ps(p, x); }
TARGET INLINE piece spread_piece(float x) { return _mm256_set1_ps(x); }
TARGET INLINE piece fma_piece(piece a, piece b, piece c) { return _mm256_fmadd_ps(a, b, c); }

#include "attention_body.h"
#endif
