/* Transposes a block's keys while it widens them: sixteen tokens by eight dimensions at a time, in 256-bit registers. */
#include <immintrin.h>

/* Eight dimensions of sixteen tokens. Rows 0 to 3 and 8 to 11 lie in the low halves, so that widening puts tokens in order. */
TARGET INLINE void transpose_bf16(const uint16_t *from, long dim, float *to, long wide) {
    static const int row[8] = {0, 1, 2, 3, 8, 9, 10, 11};
    __m256i a[8], b[8];
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) {
        __m128i low = _mm_loadu_si128((const __m128i *)(from + row[i] * dim));
        a[i] = _mm256_inserti128_si256(
                _mm256_castsi128_si256(low), _mm_loadu_si128((const __m128i *)(from + (row[i] + 4) * dim)), 1);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        b[2 * i] = _mm256_unpacklo_epi16(a[2 * i], a[2 * i + 1]);
        b[2 * i + 1] = _mm256_unpackhi_epi16(a[2 * i], a[2 * i + 1]);
    }
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++) {
        a[4 * i] = _mm256_unpacklo_epi32(b[4 * i], b[4 * i + 2]);
        a[4 * i + 1] = _mm256_unpackhi_epi32(b[4 * i], b[4 * i + 2]);
        a[4 * i + 2] = _mm256_unpacklo_epi32(b[4 * i + 1], b[4 * i + 3]);
        a[4 * i + 3] = _mm256_unpackhi_epi32(b[4 * i + 1], b[4 * i + 3]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        b[2 * i] = _mm256_unpacklo_epi64(a[i], a[i + 4]);
        b[2 * i + 1] = _mm256_unpackhi_epi64(a[i], a[i + 4]);
    }
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) {
        __m256i zero = _mm256_setzero_si256();
        _mm256_storeu_si256((__m256i *)(to + i * wide), _mm256_unpacklo_epi16(zero, b[i]));
        _mm256_storeu_si256((__m256i *)(to + i * wide + 8), _mm256_unpackhi_epi16(zero, b[i]));
    }
}

TARGET INLINE void transpose_stripe(
        const attention *t, const char *from, const char *next, long first, long tokens, float *to, long wide) {
    long even = t->type == F32 || first + LANES > t->block_tokens ? 0 : t->key_dim / 8 * 8;
    for (long d = 0; d < even; d += 8) {
        for (int line = 0; line < 4; line++) ask(next + (first * t->key_dim + d * LANES) * 2 + line * 64);
        transpose_bf16((const uint16_t *)from + first * t->key_dim + d, t->key_dim, to + d * wide, wide);
    }
    transpose_keys(t, from, first, min(LANES, tokens - first), (span){even, t->key_dim}, to, wide);
}
