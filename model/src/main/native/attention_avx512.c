/* Attention in AVX-512: sixteen lanes are one vector. */
#include "attention.h"
#if defined(__x86_64__)
#include <immintrin.h>
#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")))
#define TILE_ROWS 12
#define PAIR_ROWS 12 /* 24 of 32 registers accumulate */
#define ATTEND attend_avx512
#define GATHER gather_avx512

typedef __m512 lanes;

TARGET INLINE lanes load(const float *p) { return _mm512_loadu_ps(p); }
TARGET INLINE void store(float *p, lanes x) { _mm512_storeu_ps(p, x); }
TARGET INLINE lanes spread(float x) { return _mm512_set1_ps(x); }
TARGET INLINE lanes add(lanes a, lanes b) { return _mm512_add_ps(a, b); }
TARGET INLINE lanes sub(lanes a, lanes b) { return _mm512_sub_ps(a, b); }
TARGET INLINE lanes mul(lanes a, lanes b) { return _mm512_mul_ps(a, b); }
TARGET INLINE lanes quotient(lanes a, lanes b) { return _mm512_div_ps(a, b); }
/* A NaN in the second survives, in the first it does not. */
TARGET INLINE lanes larger(lanes a, lanes b) { return _mm512_max_ps(a, b); }
TARGET INLINE lanes smaller(lanes a, lanes b) { return _mm512_min_ps(a, b); }
TARGET INLINE lanes fma16(lanes a, lanes b, lanes c) { return _mm512_fmadd_ps(a, b, c); }

TARGET INLINE lanes power_of_two(lanes n) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(_mm512_cvttps_epi32(n), _mm512_set1_epi32(127)), 23));
}

TARGET INLINE lanes zero_below(lanes x, float below, lanes y) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, _mm512_set1_ps(below), _CMP_NLT_UQ), y);
}

TARGET INLINE float largest(lanes x) { return _mm512_reduce_max_ps(x); }

/* tree() of the lanes. */
TARGET INLINE float total(lanes x) {
    __m256 r8 = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    __m128 r4 = _mm_add_ps(_mm256_castps256_ps128(r8), _mm256_extractf128_ps(r8, 1));
    __m128 r2 = _mm_add_ps(r4, _mm_movehl_ps(r4, r4));
    return _mm_cvtss_f32(_mm_add_ss(r2, _mm_shuffle_ps(r2, r2, 1)));
}

#define PIECE LANES
typedef lanes piece;

TARGET INLINE piece load_piece(int type, const void *from, long at) {
    if (type == F32) return load((const float *)from + at);
    __m256i stored = _mm256_loadu_si256((const __m256i *)((const uint16_t *)from + at));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(stored), 16));
}

TARGET INLINE piece load_half(int half, const void *from, long at) {
    __m512i words = _mm512_loadu_si512((const uint32_t *)from + at);
    __m512i bits = half ? _mm512_and_si512(words, _mm512_set1_epi32((int)0xffff0000)) : _mm512_slli_epi32(words, 16);
    return _mm512_castsi512_ps(bits);
}

TARGET INLINE void store_piece(float *p, piece x) { store(p, x); }
TARGET INLINE piece spread_piece(float x) { return spread(x); }
TARGET INLINE piece fma_piece(piece a, piece b, piece c) { return fma16(a, b, c); }

#include "attention_body.h"
#endif
