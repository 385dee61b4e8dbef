/* What the forms of the product of grouped weights share: the layout, and the rounded activations. */
#ifndef BATON_PRODUCT_GROUPS_H
#define BATON_PRODUCT_GROUPS_H
#include "baton.h"
#include <string.h>

/* A panel of 16 columns is a row of superblocks; a superblock is a head and some groups of 32 values of k.
 *   head: 16 scales in f16, then 16 minima in f16 (Q4_1, Q4_K)
 *   group: 16 bytes of scales and 16 of minima (Q4_K) or 16 of zeros (Q4_ZERO), then the values. Of four bits: half h of the
 *   columns, v = 0..3, column, i = 0..3, a byte with k = 4 v + i below and k = 16 + 4 v + i above. Of eight bits: half,
 *   v = 0..7, column, i, a signed byte with k = 4 v + i.
 * OPEN is what the others are unpacked into for many rows: unsigned bytes as those of eight bits, after 16 scales and 16
 * offsets in f32. The order is WeightType's. */
enum { Q4_0 = 5, Q4_1 = 6, Q4_K = 7, Q4_ZERO = 8, Q8_0 = 9, OPEN = 10 };

#define IN_GROUP 32
#define HALF (PANEL / 2)

INLINE long head_bytes(int form) { return form == OPEN ? 128 : form == Q4_1 || form == Q4_K ? 64 : 32; }
INLINE long superblock(int form) { return form == Q4_K ? 8 : 1; }
INLINE long factor_bytes(int form) { return form == Q4_K ? 32 : form == Q4_ZERO ? 16 : 0; }
INLINE long value_bytes(int form) { return form == OPEN || form == Q8_0 ? 512 : 256; }
INLINE long group_bytes(int form) { return factor_bytes(form) + value_bytes(form); }
INLINE long superblock_bytes(int form) { return head_bytes(form) + superblock(form) * group_bytes(form); }
INLINE long panel_bytes(int form, long groups) { return groups / superblock(form) * superblock_bytes(form); }

/* The head over a group, and the group. */
INLINE const uint8_t *head_of(int form, const uint8_t *w, long g) { return w + g / superblock(form) * superblock_bytes(form); }
INLINE const uint8_t *group_of(int form, const uint8_t *w, long g) {
    return head_of(form, w, g) + head_bytes(form) + g % superblock(form) * group_bytes(form);
}

/* A group of activations: its step, and the step times the sum of its int8 values. */
typedef struct {
    float scale, sum;
} rounded_group;

typedef struct {
    int form;
    const uint8_t *w;
    long n, k, groups;
    const float *a;
    long lda, m;
    const float *bias;
    float *out;
    long ldo;
    const int8_t *values;          /* [m][k] */
    const rounded_group *rounded;  /* [m][groups] */
    long panels;                   /* of one task */
    long blocks;                   /* of rows */
    int level;
} group_product;

/* Adds the bias and writes one row of a panel. */
static inline void group_finish(const group_product *p, long row, long panel, const float *sum) {
    long columns = min(PANEL, p->n - panel * PANEL);
    float *out = p->out + row * p->ldo + panel * PANEL;
    for (long j = 0; j < columns; j++) out[j] = p->bias ? sum[j] + p->bias[panel * PANEL + j] : sum[j];
}

/* Rounds groups [from, to) of one row. */
#define ROUND_GROUPS(name, target) \
    target void name(const float *a, long groups, int8_t *values, rounded_group *rounded) { \
        for (long g = 0; g < groups; g++) { \
            const float *x = a + g * IN_GROUP; \
            int8_t *q = values + g * IN_GROUP; \
            uint32_t top = 0; \
            for (int i = 0; i < IN_GROUP; i++) { \
                uint32_t v = magnitude(x[i]); \
                top = v > top ? v : top; \
            } \
            float inverse, scale = step_of(top, &inverse); \
            if (inverse == 0.0f) { \
                memset(q, 0, IN_GROUP); \
                rounded[g] = (rounded_group){scale, scale}; \
                continue; \
            } \
            int32_t sum = 0; \
            for (int i = 0; i < IN_GROUP; i++) { \
                int32_t v = nearest(x[i] * inverse); \
                q[i] = (int8_t)v; \
                sum += v; \
            } \
            rounded[g] = (rounded_group){scale, scale * (float)sum}; \
        } \
    }

#if defined(__x86_64__)
void round_groups_avx2(const float *a, long groups, int8_t *values, rounded_group *rounded);
void group_task_avx2(void *argument, long index, void *scratch);
long group_scratch_avx2(long rows);
#endif

/* Rows that share a panel from memory; more of them share it unpacked. */
#define DIRECT_GROUP_ROWS 24

#endif
