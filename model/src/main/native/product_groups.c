/* out[m][n] = bias[n] + chain over groups of 32 k, in order, of fma(scale[n][g] * step[m][g], dot, .) and then of
 * fma(offset[n][g], step[m][g] * sum[m][g], .), from a zero start. dot is the sum over the group of weights (integers of
 * four or eight bits) times activations, which are rounded here to 127ths of the greatest magnitude of their row's group;
 * sum is the sum of those. Sums of integers are exact, so only the order of groups counts, and it is fixed. A weight is
 * scale * integer + offset: the offset is -8 scale, the minimum, or -zero * scale, exact in f32; weights of eight bits have none. */
#include "product_groups.h"
#include "rounding.h"

typedef struct {
    float scale, offset;
} line;

static float f16_at(const uint8_t *at, long index) {
    uint16_t h;
    memcpy(&h, at + index * 2, 2);
    return half_float(h);
}

static line line_of(int form, const uint8_t *head, const uint8_t *group, int j) {
    float scale = f16_at(head, j);
    switch (form) {
        case Q4_0: return (line){scale, scale * -8.0f};
        case Q4_1: return (line){scale, f16_at(head, PANEL + j)};
        case Q4_K: return (line){scale * (float)group[j], f16_at(head, PANEL + j) * -(float)group[PANEL + j]};
        case Q4_ZERO: return (line){scale, scale * -(float)group[j]};
        default: return (line){scale, 0.0f};
    }
}

/* Value i of a group's column. */
static int value_of(int form, const uint8_t *group, int j, int i) {
    const uint8_t *half = group + factor_bytes(form) + j / HALF * (value_bytes(form) / 2) + j % HALF * 4 + i % 4;
    if (form == Q8_0) return ((const int8_t *)half)[i / 4 * IN_GROUP];
    int both = half[i / 4 % 4 * IN_GROUP];
    return i < IN_GROUP / 2 ? both & 15 : both >> 4;
}

static void plain_panel(const group_product *p, long row, long panel) {
    const uint8_t *w = p->w + panel * panel_bytes(p->form, p->groups);
    const int8_t *x = p->values + row * p->k;
    float sum[PANEL];
    for (int j = 0; j < PANEL; j++) {
        sum[j] = 0.0f;
        for (long g = 0; g < p->groups; g++) {
            const uint8_t *group = group_of(p->form, w, g);
            rounded_group rounded = p->rounded[row * p->groups + g];
            line of = line_of(p->form, head_of(p->form, w, g), group, j);
            int32_t dot = 0;
            for (int i = 0; i < IN_GROUP; i++) dot += value_of(p->form, group, j, i) * x[g * IN_GROUP + i];
            sum[j] = __builtin_fmaf(of.scale * rounded.scale, (float)dot, sum[j]);
            if (p->form != Q8_0) sum[j] = __builtin_fmaf(of.offset, rounded.sum, sum[j]);
        }
    }
    group_finish(p, row, panel, sum);
}

static void plain_task(void *argument, long index, void *scratch) {
    (void)scratch;
    const group_product *p = argument;
    long end = min(ceil_div(p->n, PANEL), (index + 1) * p->panels);
    for (long panel = index * p->panels; panel < end; panel++) {
        for (long row = 0; row < p->m; row++) plain_panel(p, row, panel);
    }
}

static ROUND_GROUPS(round_groups_plain, )

static void round_task(void *argument, long index, void *scratch) {
    (void)scratch;
    const group_product *p = argument;
    int8_t *values = (int8_t *)p->values + index * p->k;
    rounded_group *rounded = (rounded_group *)p->rounded + index * p->groups;
#if defined(__x86_64__)
    if (p->level > 0) {
        round_groups_avx2(p->a + index * p->lda, p->groups, values, rounded);
        return;
    }
#endif
    round_groups_plain(p->a + index * p->lda, p->groups, values, rounded);
}

/* Below this many activations the others would come later than they help. */
#define ROUND_ALONE (1 << 15)
#define BLOCK_ROWS 128

/* k is a multiple of 32, with Q4_K of 256. level: 0 plain C, more AVX2. */
EXPORT void baton_product_groups(pool *team, int level, int form, const void *w, long n, long k, const float *a, long lda,
        long m, const float *bias, float *out, long ldo) {
    long groups = k / IN_GROUP, panels = ceil_div(n, PANEL), threads = pool_threads(team);
    long bytes = m * groups * (long)sizeof(rounded_group) + m * k;
    rounded_group *rounded = pool_shared(team, bytes);
    if (!rounded) {
        pool_refuse(team, bytes);
        return;
    }
    group_product p = {form, w, n, k, groups, a, lda, m, bias, out, ldo, (int8_t *)(rounded + m * groups), rounded, 0, 1, level};
    if (m * k < ROUND_ALONE) {
        for (long row = 0; row < m; row++) round_task(&p, row, NULL);
    } else {
        pool_run(team, round_task, &p, m, 0);
    }
    p.panels = threads == 1 ? panels : ceil_div(panels, threads * (m > DIRECT_GROUP_ROWS ? 6 : 4));
#if defined(__x86_64__)
    if (level > 0) {
        p.blocks = ceil_div(m, BLOCK_ROWS);
        pool_run(team, group_task_avx2, &p, ceil_div(panels, p.panels) * p.blocks, group_scratch_avx2(ceil_div(m, p.blocks)));
        return;
    }
#endif
    pool_run(team, plain_task, &p, ceil_div(panels, p.panels), 0);
}
