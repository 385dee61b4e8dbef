/* x = cap * tanh(x / cap), in place. */
#include "baton.h"

#define TASK_VALUES 8192 /* fewer are not worth waking another thread for */

typedef struct {
    float *x;
    long width, ld, pieces; /* tasks of a row */
    float cap;
} capping;

CLONES static void cap_values(float *x, long count, float cap) {
    for (long i = 0; i < count; i++) x[i] = cap * baton_tanh(x[i] / cap);
}

static void cap_task(void *argument, long index, void *scratch) {
    (void)scratch;
    const capping *t = argument;
    long from = index % t->pieces * TASK_VALUES, left = t->width - from;
    cap_values(t->x + index / t->pieces * t->ld + from, left < TASK_VALUES ? left : TASK_VALUES, t->cap);
}

EXPORT void baton_softcap(pool *team, float *x, long rows, long width, long ld, float cap) {
    capping t = {x, width, ld, (width + TASK_VALUES - 1) / TASK_VALUES, cap};
    pool_run(team, cap_task, &t, rows * t.pieces, 0);
}
