/* Attention over KV blocks where they lie: writes the new rows, then attends. */
#include "attention.h"

typedef void (*attend_form)(const attention *, const int32_t *, int, long, long, float *);

INLINE void narrow(int type, const float *from, long count, char *to) {
    if (type == F32) {
        memcpy(to, from, (size_t)count * 4);
    } else {
        for (long i = 0; i < count; i++) ((uint16_t *)to)[i] = float_bf16(from[i]);
    }
}

static void write_row(const attention *t, const int32_t *slice, long row) {
    long at = slice[2] + row, r = slice[0] + row;
    int block = t->blocks[slice[3] + at / t->block_tokens];
    for (int h = 0; h < t->kv_heads; h++) {
        narrow(t->type, t->k + r * t->ldk + h * t->key_dim, t->key_dim, cell(t, block, 0, h, (int)(at % t->block_tokens)));
        narrow(t->type, t->v + r * t->ldv + h * t->value_dim, t->value_dim,
                cell(t, block, 1, h, (int)(at % t->block_tokens)));
    }
}

/* One query against tokens [low, high) of a tile. */
INLINE void meet(const attention *t, const room *r, long query, long low, long high) {
    long wk = padded(t->key_dim), wv = padded(t->value_dim), end = padded(high);
    const float *q = r->query + query * wk;
    float *score = r->score, *sum = r->sum + query * wv;
    float top = r->top[query];
    for (long i = low; i < high; i++) {
        float s = dot(q, r->keys + i * wk, wk);
        if (t->softcap > 0) s = t->softcap * baton_tanh(s / t->softcap);
        score[i] = s;
        top = s > top ? s : top;
    }
    for (long i = 0; i < low; i++) score[i] = -INFINITY;
    for (long i = high; i < end; i++) score[i] = -INFINITY;
    float lane[LANES] = {0};
    for (long i = 0; i < end; i += LANES) {
        for (int j = 0; j < LANES; j++) {
            float p = baton_exp(score[i + j] - top);
            score[i + j] = p;
            lane[j] = lane[j] + p;
        }
    }
    float keep = baton_exp(r->top[query] - top);
    r->total[query] = __builtin_fmaf(r->total[query], keep, tree(lane));
    r->top[query] = top;
    for (long d = 0; d < wv; d += LANES) {
        float acc[LANES];
        for (int j = 0; j < LANES; j++) acc[j] = sum[d + j] * keep;
        for (long i = low; i < high; i++) {
            const float *value = r->values + i * wv + d;
            for (int j = 0; j < LANES; j++) acc[j] = __builtin_fmaf(score[i], value[j], acc[j]);
        }
        for (int j = 0; j < LANES; j++) sum[d + j] = acc[j];
    }
}

INLINE void meet_all(const attention *t, const room *r, long query, long count, long low, long high) {
    for (long i = 0; i < count; i++) meet(t, r, query + i, low, high);
}

ATTEND(static, attend_plain, widen_rows, meet_all)

static attend_form attend(int level) {
#if defined(__x86_64__)
    if (level >= 1) return level >= 2 ? attend_avx512 : attend_avx2;
#else
    (void)level;
#endif
    return attend_plain;
}

static long chunk_rows(const attention *t) {
    long rows = TASK_QUERIES / (t->heads / t->kv_heads);
    return rows < 1 ? 1 : rows;
}

static void write_task(void *argument, long index, void *scratch) {
    (void)scratch;
    const attention *t = argument;
    const int32_t *slice = t->slices + index * 4;
    for (long row = 0; row < slice[1]; row++) write_row(t, slice, row);
}

static void attend_task(void *argument, long index, void *scratch) {
    const attention *t = argument;
    long each = chunk_rows(t);
    for (int i = 0; i < t->count; i++) {
        const int32_t *slice = t->slices + i * 4;
        long chunks = (slice[1] + each - 1) / each, tasks = chunks * t->kv_heads;
        if (index < tasks) {
            long row0 = (chunks - 1 - index / t->kv_heads) * each; /* the longest first */
            int head = (int)(index % t->kv_heads);
            long rows = small(each, slice[1] - row0);
            attend(t->level)(t, slice, head, row0, rows, scratch);
            return;
        }
        index -= tasks;
    }
}

/* Writes the new rows' keys and values into their blocks, then attends. Heads per KV head are 64 at most. */
EXPORT void baton_attention(pool *team, attention *t) {
    pool_run(team, write_task, t, t->count, 0);
    long tasks = 0, each = chunk_rows(t);
    for (int i = 0; i < t->count; i++) tasks += (t->slices[i * 4 + 1] + each - 1) / each * t->kv_heads;
    pool_run(team, attend_task, t, tasks, scratch_floats(t) * 4);
}
