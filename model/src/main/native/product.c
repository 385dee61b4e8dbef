/* out[m][n] = bias[n] + sum over k, in order, of fma(a[m][k], w[n][k]), from a zero start; int8 weights are scaled per n
 * before the bias. Weights lie in panels of 16 columns, [n/16][k][16]; 16-bit brain floats interleave column i with
 * column i + 8, so that a shift and a mask widen them. Columns run across the vector, never k. */
#include "product.h"

static inline __attribute__((always_inline)) float weight(int type, const char *row, int j) {
    switch (type) {
        case BF16: return bf16_float(((const uint16_t *)row)[place(BF16, j)]);
        case F16: return half_float(((const uint16_t *)row)[j]);
        case I8: return (float)((const int8_t *)row)[j];
        default: return ((const float *)row)[j];
    }
}

void product_finish(const product *p, long row, long panel, const float *acc) {
    long columns = p->n - panel * PANEL < PANEL ? p->n - panel * PANEL : PANEL;
    float *out = p->out + row * p->ldo + panel * PANEL;
    for (long j = 0; j < columns; j++) {
        float v = acc[j];
        if (p->scale) v = v * p->scale[panel * PANEL + j];
        if (p->bias) v = v + p->bias[panel * PANEL + j];
        out[j] = v;
    }
}

static void plain_task(void *argument, long index, void *scratch) {
    (void)scratch;
    const product *p = argument;
    long size = element(p->type), panels = ceil_div(p->n, PANEL), end = (index + 1) * p->group;
    for (long panel = index * p->group; panel < panels && panel < end; panel++) {
        const char *w = p->w + panel * p->k * PANEL * size;
        for (long row = 0; row < p->m; row++) {
            const float *a = p->a + row * p->lda;
            float acc[PANEL] = {0};
            for (long k = 0; k < p->k; k++) {
                for (int j = 0; j < PANEL; j++) {
                    acc[j] = __builtin_fmaf(a[k], weight(p->type, w + k * PANEL * size, j), acc[j]);
                }
            }
            product_finish(p, row, panel, acc);
        }
    }
}

/* 0 plain C, 1 AVX2, 2 AVX-512. */
EXPORT int baton_level(void) {
#if defined(__x86_64__)
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    int avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    return avx2 ? avx512 ? 2 : 1 : 0;
#else
    return 0;
#endif
}

static const product_form *form_of(int level) {
#if defined(__x86_64__)
    return level >= 2 ? &product_avx512 : level == 1 ? &product_avx2 : NULL;
#else
    (void)level;
    return NULL;
#endif
}

/* Rows of one task that copies. */
#define COPY_ROWS 16

typedef struct {
    const product *p;
    long stride;
    float *to;
} copying;

/* Activations once for all panels, cut into passes and off the strides at which rows meet in one set of the cache. */
static void copy_task(void *argument, long index, void *scratch) {
    (void)scratch;
    const copying *c = argument;
    const product *p = c->p;
    long end = min(p->m, (index + 1) * COPY_ROWS);
    for (long row = index * COPY_ROWS; row < end; row++) {
        for (long k0 = 0, pass = 0; k0 < p->k; k0 += p->pass, pass++) {
            memcpy(c->to + (pass * p->m + row) * c->stride, p->a + row * p->lda + k0, (size_t)min(p->pass, p->k - k0) * 4);
        }
    }
}

static void blocked(pool *team, const product_form *form, product *p) {
    long panels = ceil_div(p->n, PANEL), threads = pool_threads(team);
    long passes = ceil_div(p->k, form->pass), blocks = product_blocks(p, form->tile_rows, form->block_tiles);
    p->pass = ceil_div(p->k, passes);
    copying c = {p, form->stride, pool_shared(team, passes * p->m * form->stride * 4)};
    p->copies = c.to;
    if (!c.to) {
        pool_refuse(team, passes * p->m * form->stride * 4);
        return;
    }
    pool_run(team, copy_task, &c, ceil_div(p->m, COPY_ROWS), 0);
    p->group = min(ceil_div(panels * blocks, threads * 6), form->blocked_group);
    p->group = ceil_div(p->group, 2) * 2;
    pool_run(team, form->blocked, p, ceil_div(panels, p->group) * blocks, form->scratch_floats(p->group) * 4);
}

EXPORT void baton_product(pool *team, int level, int type, const void *w, const float *scale, long n, long k,
        const float *a, long lda, long m, const float *bias, float *out, long ldo) {
    product p = {type, w, scale, n, k, a, lda, m, bias, out, ldo, 0, 0, NULL};
    long panels = ceil_div(n, PANEL), threads = pool_threads(team);
    const product_form *form = form_of(level);
    if (form && m > DIRECT_ROWS) {
        blocked(team, form, &p);
    } else if (form) {
        p.group = threads == 1 ? panels : ceil_div(panels, threads * 4);
        p.group = ceil_div(p.group, form->direct_step) * form->direct_step;
        pool_run(team, form->direct, &p, ceil_div(panels, p.group), 0);
    } else {
        p.group = ceil_div(panels, threads * 4);
        pool_run(team, plain_task, &p, ceil_div(panels, p.group), 0);
    }
}

/* Rows [from, to) of a row-major [n][k] matrix into their panels. from is a multiple of 16. */
EXPORT void baton_pack(int type, const void *source, long from, long to, long k, void *packed) {
    long size = element(type);
    for (long n = from; n < to; n++) {
        const char *row = (const char *)source + (n - from) * k * size;
        char *panel = (char *)packed + n / PANEL * k * PANEL * size;
        long j = n % PANEL, at = place(type, (int)j);
        switch (size) {
            case 1:
                for (long i = 0; i < k; i++) panel[i * PANEL + at] = row[i];
                break;
            case 2:
                for (long i = 0; i < k; i++) ((uint16_t *)panel)[i * PANEL + at] = ((const uint16_t *)row)[i];
                break;
            default:
                for (long i = 0; i < k; i++) ((float *)panel)[i * PANEL + at] = ((const float *)row)[i];
        }
    }
}
