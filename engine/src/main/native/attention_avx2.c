/* Attention in AVX2: the operations of the plain form. */
#include "attention.h"
#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,fma,f16c")))
#define V8(x) _mm256_set1_ps(x)

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

/* One query against tokens [low, high) of a tile. The room behind a tile's last token holds old rows, finite or not: unused. */
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

AVX2 INLINE void meet_all(const attention *t, const room *r, long query, long count, long low, long high) {
    for (long i = 0; i < count; i++) meet8(t, r, query + i, low, high);
}

ATTEND(AVX2, attend_avx2, widen_rows, meet_all)
#endif
