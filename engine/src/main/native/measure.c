/* The machine's limits, to hold the engine's figures against: bytes read per second, and fused multiply-adds. */
#include "baton.h"
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,fma")))
#endif

typedef struct {
    const char *bytes;
    long each, tasks;
    float sums[1024];
} measured;

#if defined(__x86_64__)
AVX2 static void read_task(void *argument, long index, void *scratch) {
    (void)scratch;
    measured *m = argument;
    const char *at = m->bytes + index * m->each, *end = at + m->each;
    __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
    for (; at < end; at += 128) {
        _mm_prefetch(at + 2048, _MM_HINT_T0);
        _mm_prefetch(at + 2112, _MM_HINT_T0);
        a = _mm256_add_epi32(a, _mm256_loadu_si256((const __m256i *)at));
        b = _mm256_add_epi32(b, _mm256_loadu_si256((const __m256i *)(at + 32)));
        c = _mm256_add_epi32(c, _mm256_loadu_si256((const __m256i *)(at + 64)));
        d = _mm256_add_epi32(d, _mm256_loadu_si256((const __m256i *)(at + 96)));
    }
    a = _mm256_add_epi32(_mm256_add_epi32(a, b), _mm256_add_epi32(c, d));
    m->sums[index & 1023] = (float)_mm256_extract_epi32(a, 0);
}

AVX2 static void fma_task(void *argument, long index, void *scratch) {
    (void)scratch;
    measured *m = argument;
    __m256 acc[12], x = _mm256_set1_ps(0.999f), y = _mm256_set1_ps(0.001f);
#pragma GCC unroll 12
    for (int i = 0; i < 12; i++) acc[i] = _mm256_set1_ps((float)i);
    for (long n = 0; n < m->each; n++) {
#pragma GCC unroll 12
        for (int i = 0; i < 12; i++) acc[i] = _mm256_fmadd_ps(acc[i], x, y);
    }
#pragma GCC unroll 12
    for (int i = 1; i < 12; i++) acc[0] = _mm256_add_ps(acc[0], acc[i]);
    m->sums[index & 1023] = _mm256_cvtss_f32(acc[0]);
}
#endif

/* Reads memory once in 1 MiB pieces; the result keeps the reads alive. */
EXPORT float baton_measure_read(pool *team, const void *bytes, long size) {
    measured m = {bytes, 1 << 20, size >> 20, {0}};
#if defined(__x86_64__)
    pool_run(team, read_task, &m, m.tasks, 0);
#endif
    return m.sums[0];
}

/* tasks times rounds times 96 fused multiply-adds. */
EXPORT float baton_measure_fma(pool *team, long tasks, long rounds) {
    measured m = {0, rounds, tasks, {0}};
#if defined(__x86_64__)
    pool_run(team, fma_task, &m, tasks, 0);
#endif
    return m.sums[0];
}
