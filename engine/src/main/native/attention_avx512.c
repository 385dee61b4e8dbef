/* Attention in AVX-512: the operations of the plain form, sixteen tokens and up to four queries at a time. */
#include "attention.h"
#if defined(__x86_64__)
#include <immintrin.h>
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")))
#define V16(x) _mm512_set1_ps(x)

AVX512 INLINE __m512 exp16(__m512 x) {
    __m512 c = _mm512_max_ps(_mm512_min_ps(x, V16(88.0f)), V16(-87.0f)), round = V16(12582912.0f);
    __m512 n = _mm512_sub_ps(_mm512_add_ps(_mm512_mul_ps(c, V16(1.44269504088896341f)), round), round);
    __m512 r = _mm512_fmadd_ps(n, V16(2.12194440e-4f), _mm512_fmadd_ps(n, V16(-0.693359375f), c));
    __m512 y = _mm512_fmadd_ps(V16(1.9875691500e-4f), r, V16(1.3981999507e-3f));
    y = _mm512_fmadd_ps(y, r, V16(8.3334519073e-3f));
    y = _mm512_fmadd_ps(y, r, V16(4.1665795894e-2f));
    y = _mm512_fmadd_ps(y, r, V16(1.6666665459e-1f));
    y = _mm512_fmadd_ps(y, r, V16(5.0000001201e-1f));
    y = _mm512_add_ps(_mm512_fmadd_ps(y, _mm512_mul_ps(r, r), r), V16(1.0f));
    __m512i power = _mm512_slli_epi32(_mm512_add_epi32(_mm512_cvttps_epi32(n), _mm512_set1_epi32(127)), 23);
    y = _mm512_mul_ps(y, _mm512_castsi512_ps(power));
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, V16(-87.0f), _CMP_NLT_UQ), y);
}

AVX512 INLINE __m512 capped(__m512 x, float cap) {
    __m512 e = exp16(_mm512_mul_ps(V16(2.0f), _mm512_div_ps(x, V16(cap))));
    __m512 tanh = _mm512_sub_ps(V16(1.0f), _mm512_div_ps(V16(2.0f), _mm512_add_ps(e, V16(1.0f))));
    return _mm512_mul_ps(V16(cap), tanh);
}

AVX512 INLINE void widen16(int type, const char *from, long tokens, long dim, float *to) {
    long wide = padded(dim);
    for (long i = 0; i < tokens; i++) {
        for (long d = 0; d < wide; d += LANES) {
            __mmask16 in = dim - d < LANES ? (__mmask16)((1u << (dim - d)) - 1) : 0xffff;
            __m512 x;
            if (type == F32) {
                x = _mm512_maskz_loadu_ps(in, (const float *)from + i * dim + d);
            } else {
                __m256i h = _mm256_maskz_loadu_epi16(in, (const uint16_t *)from + i * dim + d);
                x = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(h), 16));
            }
            _mm512_storeu_ps(to + i * wide + d, x);
        }
    }
}

/* The lanes of a, then those of b, added up by one level of tree(). */
AVX512 INLINE __m512 level8(__m512 a, __m512 b) {
    return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
}

AVX512 INLINE __m512 level4(__m512 a, __m512 b) {
    return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
}

AVX512 INLINE __m512 level2(__m512 a, __m512 b) {
    return _mm512_add_ps(_mm512_shuffle_ps(a, b, 0x44), _mm512_shuffle_ps(a, b, 0xee));
}

AVX512 INLINE __m512 level1(__m512 a, __m512 b) {
    return _mm512_add_ps(_mm512_shuffle_ps(a, b, 0x88), _mm512_shuffle_ps(a, b, 0xdd));
}

/* Scores of sixteen tokens, in order: tree() of each one's lanes. */
AVX512 INLINE __m512 dot16(const float *q, const float *keys, long wide) {
    __m512 a[16], x = _mm512_loadu_ps(q);
#pragma GCC unroll 16
    for (int t = 0; t < 16; t++) a[t] = _mm512_fmadd_ps(x, _mm512_loadu_ps(keys + t * wide), _mm512_setzero_ps());
    for (long d = LANES; d < wide; d += LANES) {
        x = _mm512_loadu_ps(q + d);
#pragma GCC unroll 16
        for (int t = 0; t < 16; t++) a[t] = _mm512_fmadd_ps(x, _mm512_loadu_ps(keys + t * wide + d), a[t]);
    }
    __m512 b[4];
#pragma GCC unroll 4
    for (int t = 0; t < 4; t++) b[t] = level4(level8(a[t], a[t + 4]), level8(a[t + 8], a[t + 12]));
    return level1(level2(b[0], b[1]), level2(b[2], b[3]));
}

/* tree() of one vector. */
AVX512 INLINE float total16(__m512 lanes) {
    __m256 r8 = _mm256_add_ps(_mm512_castps512_ps256(lanes), _mm512_extractf32x8_ps(lanes, 1));
    __m128 r4 = _mm_add_ps(_mm256_castps256_ps128(r8), _mm256_extractf128_ps(r8, 1));
    __m128 r2 = _mm_add_ps(r4, _mm_movehl_ps(r4, r4));
    return _mm_cvtss_f32(_mm_add_ss(r2, _mm_shuffle_ps(r2, r2, 1)));
}

/* Values of some columns, token by token, for each query. */
AVX512 INLINE void add_values(const room *r, long query, int count, const float *keep, span of, long scores, long wide,
        long column, int vectors) {
    __m512 acc[SIDE][4];
#pragma GCC unroll 4
    for (int i = 0; i < count; i++) {
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            acc[i][v] = _mm512_mul_ps(_mm512_loadu_ps(r->sum + (query + i) * wide + column + v * LANES), V16(keep[i]));
        }
    }
    const float *value = r->values + of.low * wide + column;
    for (long token = of.low; token < of.high; token++, value += wide) {
        __m512 x[4];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) x[v] = _mm512_loadu_ps(value + v * LANES);
#pragma GCC unroll 4
        for (int i = 0; i < count; i++) {
            __m512 p = V16(r->score[i * scores + token]);
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) acc[i][v] = _mm512_fmadd_ps(p, x[v], acc[i][v]);
        }
    }
#pragma GCC unroll 4
    for (int i = 0; i < count; i++) {
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            _mm512_storeu_ps(r->sum + (query + i) * wide + column + v * LANES, acc[i][v]);
        }
    }
}

/* Up to four queries that see the same tokens of a tile. The room behind a tile's last token holds old rows, finite or
 * not: what they make is masked away. */
AVX512 INLINE void meet16(const attention *t, const room *r, long query, int count, span of) {
    long wk = padded(t->key_dim), wv = padded(t->value_dim), end = padded(of.high), scores = padded(t->block_tokens);
    float keep[LANES] = {0}, fresh[SIDE];
#pragma GCC unroll 4
    for (int i = 0; i < count; i++) {
        float *score = r->score + i * scores;
        __m512 most = V16(r->top[query + i]);
        for (long at = 0; at < end; at += LANES) {
            __mmask16 in = (__mmask16)(of.high - at < LANES ? (1u << (of.high - at)) - 1 : 0xffff);
            if (of.low > at) in &= of.low - at < LANES ? (__mmask16)(0xffffu << (of.low - at)) : 0;
            __m512 s = V16(-INFINITY);
            if (in) {
                __m512 dots = dot16(r->query + (query + i) * wk, r->keys + at * wk, wk);
                if (t->softcap > 0) dots = capped(dots, t->softcap);
                s = _mm512_mask_mov_ps(s, in, dots);
            }
            most = _mm512_max_ps(most, s);
            _mm512_storeu_ps(score + at, s);
        }
        float top = _mm512_reduce_max_ps(most);
        __m512 lanes = _mm512_setzero_ps();
        for (long at = 0; at < end; at += LANES) {
            __m512 p = exp16(_mm512_sub_ps(_mm512_loadu_ps(score + at), V16(top)));
            _mm512_storeu_ps(score + at, p);
            lanes = _mm512_add_ps(lanes, p);
        }
        keep[i] = r->top[query + i] - top;
        r->top[query + i] = top;
        fresh[i] = total16(lanes);
    }
    _mm512_storeu_ps(keep, exp16(_mm512_loadu_ps(keep)));
#pragma GCC unroll 4
    for (int i = 0; i < count; i++) {
        r->total[query + i] = __builtin_fmaf(r->total[query + i], keep[i], fresh[i]);
    }
    long d = 0;
    for (; d + 4 * LANES <= wv; d += 4 * LANES) add_values(r, query, count, keep, of, scores, wv, d, 4);
    for (; d < wv; d += LANES) add_values(r, query, count, keep, of, scores, wv, d, 1);
}

AVX512 INLINE void meet_all(const attention *t, const room *r, long query, long count, long low, long high) {
    span of = {low, high};
    for (; count >= SIDE; count -= SIDE, query += SIDE) meet16(t, r, query, SIDE, of);
    switch (count) {
        case 3: meet16(t, r, query, 3, of); break;
        case 2: meet16(t, r, query, 2, of); break;
        case 1: meet16(t, r, query, 1, of); break;
    }
}

ATTEND(AVX512, attend_avx512, widen16, meet_all)
#endif
