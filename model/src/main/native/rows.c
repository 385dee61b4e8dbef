/* What stands between the products, row by row: root mean square norms and rotation. Squares add up in 16 lanes, then as a
 * fixed tree, so that the width of the vectors changes no bit. */
#include "baton.h"
#include <math.h>

#define LANES 16
#define TASK_VALUES 8192 /* fewer are not worth waking another thread for */

typedef struct {
    float *x;           /* [rows][width]; y is added to it */
    const float *y;     /* null: nothing is added */
    const float *after; /* null: y is added as it is, else normed with these weights */
    const float *weight;
    float *out;
    long rows, width;
    float epsilon;
    long each;
} add_rms_norm;

typedef struct {
    float *heads;           /* [rows][count][dim], ld apart */
    const float *cos, *sin; /* [rows][half] */
    const float *query, *key; /* null: heads are not normed */
    long rows, ld, queries, count, dim, half;
    float epsilon;
    long each;
} apply_rope;

static inline __attribute__((always_inline)) float inverse_root(const float *v, long width, float epsilon) {
    float lane[LANES] = {0}, r8[8], r4[4];
    long d = 0;
    for (; d + LANES <= width; d += LANES) {
        for (int j = 0; j < LANES; j++) lane[j] = __builtin_fmaf(v[d + j], v[d + j], lane[j]);
    }
    for (int j = 0; d + j < width; j++) lane[j] = __builtin_fmaf(v[d + j], v[d + j], lane[j]);
    for (int i = 0; i < 8; i++) r8[i] = lane[i] + lane[i + 8];
    for (int i = 0; i < 4; i++) r4[i] = r8[i] + r8[i + 4];
    float sum = (r4[0] + r4[2]) + (r4[1] + r4[3]);
    return 1.0f / sqrtf(sum / (float)width + epsilon);
}

CLONES static void norm_rows(const add_rms_norm *t, long from, long to) {
    for (long row = from; row < to; row++) {
        float *x = t->x + row * t->width, *out = t->out + row * t->width;
        const float *y = t->y ? t->y + row * t->width : 0;
        if (y && t->after) {
            float r = inverse_root(y, t->width, t->epsilon);
            for (long d = 0; d < t->width; d++) x[d] = x[d] + (y[d] * r) * t->after[d];
        } else if (y) {
            for (long d = 0; d < t->width; d++) x[d] = x[d] + y[d];
        }
        float r = inverse_root(x, t->width, t->epsilon);
        for (long d = 0; d < t->width; d++) out[d] = (x[d] * r) * t->weight[d];
    }
}

CLONES static void rope_rows(const apply_rope *t, long from, long to) {
    for (long row = from; row < to; row++) {
        const float *c = t->cos + row * t->half, *s = t->sin + row * t->half;
        for (long h = 0; h < t->count; h++) {
            float *a = t->heads + row * t->ld + h * t->dim, *b = a + t->half;
            if (t->query) {
                const float *weight = h < t->queries ? t->query : t->key;
                float r = inverse_root(a, t->dim, t->epsilon);
                for (long d = 0; d < t->dim; d++) a[d] = (a[d] * r) * weight[d];
            }
            for (long d = 0; d < t->half; d++) {
                float first = a[d] * c[d] - b[d] * s[d], second = b[d] * c[d] + a[d] * s[d];
                a[d] = first;
                b[d] = second;
            }
        }
    }
}


static void norm_task(void *argument, long index, void *scratch) {
    (void)scratch;
    const add_rms_norm *t = argument;
    norm_rows(t, index * t->each, min(t->rows, (index + 1) * t->each));
}

static void rope_task(void *argument, long index, void *scratch) {
    (void)scratch;
    const apply_rope *t = argument;
    rope_rows(t, index * t->each, min(t->rows, (index + 1) * t->each));
}

static long rows_of_a_task(long width) { return width < TASK_VALUES ? TASK_VALUES / width : 1; }

EXPORT void baton_add_rms_norm(pool *team, float *x, const float *y, const float *after, const float *weight, float *out, long rows,
        long width, float epsilon) {
    add_rms_norm t = {x, y, after, weight, out, rows, width, epsilon, rows_of_a_task(width)};
    pool_run(team, norm_task, &t, (rows + t.each - 1) / t.each, 0);
}

/* queries heads, then count - queries key heads, are rotated; half pairs of each. */
EXPORT void baton_apply_rope(pool *team, float *heads, const float *cos, const float *sin, const float *query, const float *key,
        long rows, long ld, long queries, long count, long dim, long half, float epsilon) {
    apply_rope t = {heads, cos, sin, query, key, rows, ld, queries, count, dim, half, epsilon, rows_of_a_task(count * dim)};
    pool_run(team, rope_task, &t, (rows + t.each - 1) / t.each, 0);
}
