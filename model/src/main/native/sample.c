/* Passes over one row of logits, for the sampler. Weights add up as whole numbers of 2^-40, exactly, so that neither the
 * order of the additions nor the width of the vectors can change a sum. Rows are looked at in blocks of 64 tokens; of a
 * block whose highest logit is below the cut nothing counts, and it is not read. */
#include "baton.h"
#include <string.h>

#define BLOCK 64

typedef union {
    float f;
    int32_t i;
} word;

INLINE long least(long a, long b) { return a < b ? a : b; }

/* An integer whose order is that of the floats; its own inverse. */
INLINE int32_t rank(int32_t bits) { return bits ^ ((bits >> 31) & 0x7fffffff); }

INLINE float highest(const float *x, long count) {
    int32_t most = INT32_MIN, largest = 0;
    for (long j = 0; j < count; j++) {
        word w = {x[j]};
        int32_t r = rank(w.i), size = w.i & 0x7fffffff;
        most = r > most ? r : most;
        largest = size > largest ? size : largest;
    }
    word result = {.i = largest > 0x7f800000 ? 0x7fc00000 : rank(most)};
    return result.f;
}

/* The weight or 0, without a branch. */
INLINE float kept(float weight, int counts) {
    word w = {weight};
    w.i &= -counts;
    return w.f;
}

/* The highest logit of each block; NaN when one is NaN. */
EXPORT CLONES void baton_peaks(const float *row, int n, float *peaks) {
    int i = 0;
    for (; i + BLOCK <= n; i += BLOCK) *peaks++ = highest(row + i, BLOCK);
    if (i < n) *peaks = highest(row + i, n - i);
}

/* baton_exp's bits for x in [-87, 0], and anything elsewhere. */
INLINE float falling_exp(float x) {
    word power = {x * 1.44269504088896341f + 12582912.0f};
    float n = power.f - 12582912.0f;
    float r = __builtin_fmaf(n, -0.693359375f, x);
    r = __builtin_fmaf(n, 2.12194440e-4f, r);
    float y = 1.9875691500e-4f;
    y = __builtin_fmaf(y, r, 1.3981999507e-3f);
    y = __builtin_fmaf(y, r, 8.3334519073e-3f);
    y = __builtin_fmaf(y, r, 4.1665795894e-2f);
    y = __builtin_fmaf(y, r, 1.6666665459e-1f);
    y = __builtin_fmaf(y, r, 5.0000001201e-1f);
    y = __builtin_fmaf(y, r * r, r) + 1.0f;
    power.i = (int32_t)(((uint32_t)power.i + 127) << 23);
    return y * power.f;
}

/* The nearest whole number of 2^-40, of a weight up to 1. */
INLINE int64_t whole(float weight) {
    union {
        double d;
        int64_t i;
    } u = {(double)weight + 0x1p12};
    return u.i - 0x40b0000000000000L;
}

INLINE int64_t softmax_weights(const float *x, long count, float best, float factor, float cut, float *weights) {
    int64_t sum = 0;
    for (long j = 0; j < count; j++) weights[j] = kept(falling_exp((x[j] - best) * factor), x[j] >= cut);
    for (long j = 0; j < count; j++) sum += whole(weights[j]);
    return sum;
}

/* e^((logit - best) * factor) of the logits from the cut on, and each block's sum; weights of other blocks are left.
 * From the cut on no exponent is below -87. */
EXPORT CLONES void baton_softmax_weights(const float *row, const float *peaks, int n, float best, float factor, float cut,
        float *weights, int64_t *sums) {
    for (int i = 0; i < n; i += BLOCK, peaks++, sums++) {
        if (!(*peaks >= cut)) *sums = 0;
        else if (i + BLOCK <= n) *sums = softmax_weights(row + i, BLOCK, best, factor, cut, weights + i);
        else *sums = softmax_weights(row + i, n - i, best, factor, cut, weights + i);
    }
}

INLINE int64_t sum_from(const float *x, const float *weights, long count, float cut) {
    int64_t sum = 0;
    for (long j = 0; j < count; j++) sum += whole(kept(weights[j], x[j] >= cut));
    return sum;
}

/* Each block's sum over the logits from the cut on. */
EXPORT CLONES void baton_sum(
        const float *row, const float *peaks, const float *weights, int n, float cut, int64_t *sums) {
    for (int i = 0; i < n; i += BLOCK, peaks++, sums++) {
        if (!(*peaks >= cut)) *sums = 0;
        else if (i + BLOCK <= n) *sums = sum_from(row + i, weights + i, BLOCK, cut);
        else *sums = sum_from(row + i, weights + i, n - i, cut);
    }
}

INLINE int32_t slot(float x, float high, float scale, float top) {
    float at = (high - x) * scale;
    at = at < top ? at : top;
    return (int32_t)(at > 0.0f ? at : 0.0f);
}

INLINE void spread(const float *x, const float *weights, long count, const float *band, int slots, int64_t *masses) {
    float low = band[0], high = band[1], scale = band[2], top = (float)(slots - 1);
    int32_t at[BLOCK];
    int64_t mass[BLOCK];
    for (long j = 0; j < count; j++) at[j] = slot(x[j], high, scale, top);
    for (long j = 0; j < count; j++) mass[j] = whole(kept(weights[j], (x[j] >= low) & (x[j] <= high)));
    for (long j = 0; j < count; j++) masses[at[j]] += mass[j];
}

/* The weights of the logits in [low, high], by slots: the distance below high times the scale. */
EXPORT CLONES void baton_spread(const float *row, const float *peaks, const float *weights, int n, float low,
        float high, float scale, int slots, int64_t *masses) {
    float band[3] = {low, high, scale};
    memset(masses, 0, (size_t)slots * sizeof *masses);
    for (int i = 0; i < n; i += BLOCK, peaks++) {
        if (!(*peaks >= low)) continue;
        if (i + BLOCK <= n) spread(row + i, weights + i, BLOCK, band, slots, masses);
        else spread(row + i, weights + i, n - i, band, slots, masses);
    }
}

/* Writes the ids of the logits in [low, high] that lie in one slot, in order, and says how many they are. */
EXPORT CLONES int baton_members(const float *row, const float *peaks, int n, float low, float high, float scale,
        int slots, int wanted, int32_t *ids) {
    float top = (float)(slots - 1);
    int32_t in[BLOCK];
    int found = 0;
    for (int i = 0; i < n; i += BLOCK, peaks++) {
        if (!(*peaks >= low)) continue;
        long count = least(BLOCK, n - i);
        int32_t any = 0;
        for (long j = 0; j < count; j++) {
            float x = row[i + j];
            in[j] = (x >= low) & (x <= high) & (slot(x, high, scale, top) == wanted);
            any |= in[j];
        }
        for (long j = 0; any && j < count; j++) {
            ids[found] = i + (int)j;
            found += in[j];
        }
    }
    return found;
}
