/* CPU kernels of the Baton engine. Every result is a fixed sequence of IEEE operations per output: the number of rows,
 * of threads and the width of the vectors never change a bit, and the Java twin (dev.baton.kernel) makes the same. */
#ifndef BATON_H
#define BATON_H
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))
#define INLINE static inline __attribute__((always_inline))
#define PANEL 16

/* Compiled for several instruction sets; the one that this CPU has is chosen when the library loads. */
#if defined(__x86_64__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

enum { BF16 = 0, F16 = 1, F32 = 2, I8 = 3 };

typedef struct pool pool;
typedef void (*task)(void *argument, long index, void *scratch);

/* A team of threads, the caller's included. Scratch is per thread, 64-byte aligned; without memory for it nothing runs, and
 * baton_pool_refused says so. */
void pool_run(pool *p, task t, void *argument, long tasks, long scratch_bytes);
int pool_threads(const pool *p);
/* Memory for what tasks of one call hand to those of the next; null when there is none. Good until asked for again. */
void *pool_shared(pool *p, long bytes);
/* Says that something did not run for want of that much memory. */
void pool_refuse(pool *p, long bytes);

static inline long min(long x, long y) { return x < y ? x : y; }
static inline long ceil_div(long x, long y) { return (x + y - 1) / y; }

/* Where piece index of count pieces of rows begins: as even as the rows allow. */
static inline long piece_start(long rows, long count, long index) {
    return rows / count * index + min(index, rows % count);
}

/* exp, the same bits in every build: Cephes' polynomial, fused; 0 below -87, at most e^88. */
static inline __attribute__((always_inline)) float baton_exp(float x) {
    float c = x > 88.0f ? 88.0f : x;
    c = c < -87.0f ? -87.0f : c;
    float n = (c * 1.44269504088896341f + 12582912.0f) - 12582912.0f;
    float r = __builtin_fmaf(n, -0.693359375f, c);
    r = __builtin_fmaf(n, 2.12194440e-4f, r);
    float y = 1.9875691500e-4f;
    y = __builtin_fmaf(y, r, 1.3981999507e-3f);
    y = __builtin_fmaf(y, r, 8.3334519073e-3f);
    y = __builtin_fmaf(y, r, 4.1665795894e-2f);
    y = __builtin_fmaf(y, r, 1.6666665459e-1f);
    y = __builtin_fmaf(y, r, 5.0000001201e-1f);
    y = __builtin_fmaf(y, r * r, r) + 1.0f;
    union {
        int32_t i;
        float f;
    } power = {((n == n ? (int32_t)n : 0) + 127) << 23}; /* a NaN has no integer */
    float value = y * power.f;
    return x < -87.0f ? 0.0f : value;
}

static inline __attribute__((always_inline)) float baton_tanh(float x) {
    return 1.0f - 2.0f / (baton_exp(2.0f * x) + 1.0f);
}

static inline __attribute__((always_inline)) float bf16_float(uint16_t h) {
    union {
        uint32_t i;
        float f;
    } u = {(uint32_t)h << 16};
    return u.f;
}

/* Round to nearest even; NaN stays a NaN. */
static inline __attribute__((always_inline)) uint16_t float_bf16(float f) {
    union {
        float f;
        uint32_t i;
    } u = {f};
    if ((u.i & 0x7fffffffu) > 0x7f800000u) return (uint16_t)((u.i >> 16) | 0x40);
    return (uint16_t)((u.i + 0x7fffu + ((u.i >> 16) & 1)) >> 16);
}

static inline __attribute__((always_inline)) float half_float(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, bits = h & 0x7fff;
    union {
        uint32_t i;
        float f;
    } u;
    if (bits >= 0x7c00) {
        u.i = 0x7f800000u | ((bits & 0x3ff) << 13);
    } else {
        u.i = bits << 13;
        u.f = u.f * 0x1p112f;
    }
    u.i |= sign;
    return u.f;
}

#endif
