/* How numbers are rounded to int8: in 127ths of the greatest magnitude of those that share a scale. */
#ifndef BATON_ROUNDING_H
#define BATON_ROUNDING_H
#include "baton.h"

INLINE uint32_t magnitude(float f) {
    union {
        float f;
        uint32_t i;
    } u = {f};
    return u.i & 0x7fffffffu;
}

/* The step between two int8 values for that greatest magnitude, and its inverse. Numbers of next to nothing become zeros,
 * with an infinity or a NaN among them all become NaN. */
INLINE float step_of(uint32_t top, float *inverse) {
    union {
        uint32_t i;
        float f;
    } u = {top};
    *inverse = 0.0f;
    if (top >= 0x7f800000u) return __builtin_nanf("");
    if (u.f < 1e-30f) return 0.0f;
    *inverse = 127.0f / u.f;
    return u.f / 127.0f;
}

/* To the nearest, ties to even. */
INLINE int32_t nearest(float v) { return (int32_t)((v + 12582912.0f) - 12582912.0f); }

#endif
