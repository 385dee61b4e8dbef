/* out[i] = activation(gate[i]) * up[i]. */
#include "baton.h"

enum { SILU = 0, GELU_TANH = 1 };

typedef struct {
    int kind;
    const float *gate, *up;
    float *out;
    long rows, width, ld, ldo;
} gating;

CLONES static void gate_row(int kind, const float *restrict g, const float *restrict u, float *restrict out, long width) {
    if (kind == SILU) {
        for (long i = 0; i < width; i++) out[i] = g[i] / (1.0f + baton_exp(-g[i])) * u[i];
    } else {
        for (long i = 0; i < width; i++) {
            float x = g[i], inner = 0.7978845608028654f * __builtin_fmaf(0.044715f * x * x, x, x);
            out[i] = 0.5f * x * (1.0f + baton_tanh(inner)) * u[i];
        }
    }
}

static void gate_task(void *argument, long row, void *scratch) {
    (void)scratch;
    const gating *t = argument;
    gate_row(t->kind, t->gate + row * t->ld, t->up + row * t->ld, t->out + row * t->ldo, t->width);
}

EXPORT void baton_activation_and_mul(pool *team, int kind, const float *gate, const float *up, float *out, long rows, long width,
        long ld, long ldo) {
    gating t = {kind, gate, up, out, rows, width, ld, ldo};
    pool_run(team, gate_task, &t, rows, 0);
}
