/* The machine's limits, to hold the engine's figures against: bytes read per second, fused multiply-adds, and products
 * of bytes. Each takes the widest instructions that this CPU has, whatever the kernels themselves use. */
#include "baton.h"
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,fma")))
#define AVX512 __attribute__((target("avx512f")))
#define VNNI __attribute__((target("avx512f,avx512vnni")))
#endif

/* Several streams at once keep more lines on their way than one. */
#define PIECE (1L << 20)
#define STREAMS 8
#define STREAM (PIECE / STREAMS)
#define TURN 512
#define AHEAD 4096

typedef struct {
    const char *bytes;
    long each, tasks;
    float sums[1024];
} measured;

#if defined(__x86_64__)
typedef long long wide __attribute__((vector_size(64), aligned(64), may_alias));

INLINE float read_piece(const char *from) {
    wide sums[TURN / 64] = {0};
    for (long at = 0; at < STREAM; at += TURN) {
        for (int s = 0; s < STREAMS; s++) {
            const char *line = from + s * STREAM + at;
            for (int i = 0; i < TURN / 64; i++) _mm_prefetch(line + AHEAD + 64 * i, _MM_HINT_T0);
            for (int i = 0; i < TURN / 64; i++) sums[i] += *(const wide *)(line + 64 * i);
        }
    }
    for (int i = 1; i < TURN / 64; i++) sums[0] += sums[i];
    return (float)(sums[0][0] + sums[0][7]);
}

AVX2 static void read_task(void *argument, long index, void *scratch) {
    (void)scratch;
    measured *m = argument;
    m->sums[index & 1023] = read_piece(m->bytes + index * PIECE);
}

AVX512 static void read_task_512(void *argument, long index, void *scratch) {
    (void)scratch;
    measured *m = argument;
    m->sums[index & 1023] = read_piece(m->bytes + index * PIECE);
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

/* Twice as wide, so half the turns. */
AVX512 static void fma_task_512(void *argument, long index, void *scratch) {
    (void)scratch;
    measured *m = argument;
    __m512 acc[12], x = _mm512_set1_ps(0.999f), y = _mm512_set1_ps(0.001f);
#pragma GCC unroll 12
    for (int i = 0; i < 12; i++) acc[i] = _mm512_set1_ps((float)i);
    for (long n = 0; n < m->each / 2; n++) {
#pragma GCC unroll 12
        for (int i = 0; i < 12; i++) acc[i] = _mm512_fmadd_ps(acc[i], x, y);
    }
#pragma GCC unroll 12
    for (int i = 1; i < 12; i++) acc[0] = _mm512_add_ps(acc[0], acc[i]);
    m->sums[index & 1023] = _mm512_cvtss_f32(acc[0]);
}

VNNI static void dot_task(void *argument, long index, void *scratch) {
    (void)scratch;
    measured *m = argument;
    __m512i acc[12], x = _mm512_set1_epi8(3), y = _mm512_set1_epi8(-2);
#pragma GCC unroll 12
    for (int i = 0; i < 12; i++) acc[i] = _mm512_set1_epi32(i);
    for (long n = 0; n < m->each; n++) {
#pragma GCC unroll 12
        for (int i = 0; i < 12; i++) acc[i] = _mm512_dpbusd_epi32(acc[i], x, y);
    }
#pragma GCC unroll 12
    for (int i = 1; i < 12; i++) acc[0] = _mm512_add_epi32(acc[0], acc[i]);
    m->sums[index & 1023] = (float)_mm512_cvtsi512_si32(acc[0]);
}
#endif

/* Reads memory once in 1 MiB pieces; the result keeps the reads alive. The memory is aligned to 64 bytes. */
EXPORT float baton_measure_read(pool *team, const void *bytes, long size) {
    measured m = {bytes, 0, size / PIECE, {0}};
#if defined(__x86_64__)
    pool_run(team, __builtin_cpu_supports("avx512f") ? read_task_512 : read_task, &m, m.tasks, 0);
#endif
    return m.sums[0];
}

/* tasks times rounds times 96 fused multiply-adds; rounds is even. */
EXPORT float baton_measure_fma(pool *team, long tasks, long rounds) {
    measured m = {0, rounds, tasks, {0}};
#if defined(__x86_64__)
    pool_run(team, __builtin_cpu_supports("avx512f") ? fma_task_512 : fma_task, &m, tasks, 0);
#endif
    return m.sums[0];
}

/* tasks times rounds times 768 multiply-adds of bytes. 0 where the CPU has no instruction for that (VNNI), else not 0. */
EXPORT int baton_measure_dot(pool *team, long tasks, long rounds) {
    measured m = {0, rounds, tasks, {0}};
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512vnni")) {
        pool_run(team, dot_task, &m, tasks, 0);
        return m.sums[0] == 0 ? 1 : 2;
    }
#endif
    return (int)m.sums[0];
}
