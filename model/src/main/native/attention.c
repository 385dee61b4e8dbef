/* Attention over KV blocks where they lie: writes the new rows, then attends. Here its plain form, and how it is shared out. */
#include "attention.h"

#define TARGET
#define TILE_ROWS 1
#define PAIR_ROWS 1
#define ATTEND attend_plain
#define GATHER gather_plain
#define SPLIT_TILES 4            /* tiles of one task when a row's tiles are shared out */
#define MOST_PARTS (16L << 20)   /* floats: beyond that they are not */

typedef struct {
    float lane[LANES];
} lanes;

#define EACH(name, value) \
    INLINE lanes name(lanes a, lanes b) { \
        lanes r; \
        for (int i = 0; i < LANES; i++) { \
            float x = a.lane[i], y = b.lane[i]; \
            r.lane[i] = value; \
        } \
        return r; \
    }
EACH(add, x + y)
EACH(sub, x - y)
EACH(mul, x *y)
EACH(quotient, x / y)
EACH(larger, x > y ? x : y)
EACH(smaller, x < y ? x : y)

INLINE lanes load(const float *p) {
    lanes r;
    memcpy(r.lane, p, sizeof r.lane);
    return r;
}

INLINE void store(float *p, lanes x) { memcpy(p, x.lane, sizeof x.lane); }

INLINE lanes spread(float x) {
    lanes r;
    for (int i = 0; i < LANES; i++) r.lane[i] = x;
    return r;
}

INLINE lanes fma16(lanes a, lanes b, lanes c) {
    for (int i = 0; i < LANES; i++) c.lane[i] = __builtin_fmaf(a.lane[i], b.lane[i], c.lane[i]);
    return c;
}

INLINE lanes power_of_two(lanes n) {
    for (int i = 0; i < LANES; i++) n.lane[i] = ldexpf(1.0f, (int)n.lane[i]);
    return n;
}

INLINE lanes zero_below(lanes x, float below, lanes y) {
    for (int i = 0; i < LANES; i++) y.lane[i] = x.lane[i] < below ? 0.0f : y.lane[i];
    return y;
}

INLINE float largest(lanes x) {
    float most = x.lane[0];
    for (int i = 1; i < LANES; i++) most = x.lane[i] > most ? x.lane[i] : most;
    return most;
}

INLINE float total(lanes x) { return tree(x.lane); }

INLINE void transpose_stripe(
        const attention *t, const char *from, const char *next, long first, long tokens, float *to, long wide) {
    (void)next;
    transpose_keys(t, from, first, min(LANES, tokens - first), (span){0, t->key_dim}, to, wide);
}

#define PIECE LANES
typedef lanes piece;

INLINE piece load_piece(int type, const void *from, long at) {
    lanes r;
    for (int i = 0; i < LANES; i++) r.lane[i] = element_of(type, from, at + i);
    return r;
}

INLINE void store_piece(float *p, piece x) { store(p, x); }
INLINE piece spread_piece(float x) { return spread(x); }
INLINE piece fma_piece(piece a, piece b, piece c) { return fma16(a, b, c); }

static void ATTEND(const attention *t, const attend_work *work, float *scratch);
static void GATHER(const attention *t, const attend_work *work, float *scratch);
#include "attention_body.h"

static attend_form attend(int level) {
#if defined(__x86_64__)
    if (level >= 1) return level >= 2 ? attend_avx512 : attend_avx2;
#else
    (void)level;
#endif
    return attend_plain;
}

static gather_form gather(int level) {
#if defined(__x86_64__)
    if (level >= 1) return level >= 2 ? gather_avx512 : gather_avx2;
#else
    (void)level;
#endif
    return gather_plain;
}

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

static void write_task(void *argument, long index, void *scratch) {
    (void)scratch;
    const attention *t = argument;
    const int32_t *slice = t->slices + index * 4;
    for (long row = 0; row < slice[1]; row++) write_row(t, slice, row);
}

static long chunk_rows(const attention *t) {
    long rows = TASK_QUERIES / (t->heads / t->kv_heads);
    return rows < 1 ? 1 : rows;
}

/* One call's tasks. */
typedef struct {
    const attention *t;
    float *parts; /* steps whose tiles are shared out: whose part begins where */
    long threads;
} shared;

/* Which rows and head a task has; false when there is no such task. */
static int place(const attention *t, long index, attend_work *work) {
    long each = chunk_rows(t);
    for (int i = 0; i < t->count; i++) {
        const int32_t *slice = t->slices + i * 4;
        long chunks = ceil_div(slice[1], each), tasks = chunks * t->kv_heads;
        if (index < tasks) {
            long row0 = (chunks - 1 - index / t->kv_heads) * each; /* the longest first */
            *work = (attend_work){.slice = slice, .head = (int)(index % t->kv_heads), .row0 = row0,
                    .rows = min(each, slice[1] - row0)};
            return 1;
        }
        index -= tasks;
    }
    return 0;
}

static void attend_task(void *argument, long index, void *scratch) {
    const shared *s = argument;
    attend_work work, later;
    if (!place(s->t, index, &work)) return;
    if (!place(s->t, index + s->threads, &later)) later = work;
    work.next_slice = later.slice;
    work.next_head = later.head;
    attend(s->t->level)(s->t, &work, scratch);
}

static long tiles_of(const attention *t, const int32_t *slice) { return slice[2] / t->block_tokens + 1; }

static long head_floats(const attention *t, const int32_t *slice) {
    return tiles_of(t, slice) * (t->heads / t->kv_heads) * part_floats(t);
}

static long tile_tasks(const attention *t, const int32_t *slice) {
    return ceil_div(tiles_of(t, slice) - first_tile(t, slice[2]), SPLIT_TILES);
}

static void split_task(void *argument, long index, void *scratch) {
    const shared *s = argument;
    const attention *t = s->t;
    float *parts = s->parts;
    for (int i = 0; i < t->count; i++) {
        const int32_t *slice = t->slices + i * 4;
        long each = tile_tasks(t, slice), tasks = each * t->kv_heads;
        if (index < tasks) {
            long head = index / each, tile0 = first_tile(t, slice[2]) + index % each * SPLIT_TILES;
            attend_work work = {slice, (int)head, 0, 1, tile0, min(tile0 + SPLIT_TILES, tiles_of(t, slice)),
                    parts + head * head_floats(t, slice), slice, (int)head};
            attend(t->level)(t, &work, scratch);
            return;
        }
        index -= tasks;
        parts += t->kv_heads * head_floats(t, slice);
    }
}

static void gather_task(void *argument, long index, void *scratch) {
    const shared *s = argument;
    const attention *t = s->t;
    float *parts = s->parts;
    for (int i = 0; i < index / t->kv_heads; i++) parts += t->kv_heads * head_floats(t, t->slices + i * 4);
    const int32_t *slice = t->slices + index / t->kv_heads * 4;
    long head = index % t->kv_heads;
    attend_work work = {slice, (int)head, 0, 1, 0, 0, parts + head * head_floats(t, slice), slice, (int)head};
    gather(t->level)(t, &work, scratch);
}

/* Steps whose KV heads are too few to keep all threads equally busy share their tiles out. True when they did. */
static int split(pool *team, const attention *t) {
    long threads = pool_threads(team), tasks = 0, floats = 0;
    if (threads == 1 || (long)t->count * t->kv_heads >= 4 * threads) return 0;
    for (int i = 0; i < t->count; i++) {
        const int32_t *slice = t->slices + i * 4;
        if (slice[1] != 1) return 0;
        tasks += tile_tasks(t, slice) * t->kv_heads;
        floats += head_floats(t, slice) * t->kv_heads;
    }
    if (tasks <= (long)t->count * t->kv_heads || floats > MOST_PARTS) return 0;
    shared s = {t, pool_shared(team, floats * 4), threads};
    if (!s.parts) return 0;
    pool_run(team, split_task, &s, tasks, scratch_floats(t) * 4);
    pool_run(team, gather_task, &s, (long)t->count * t->kv_heads, scratch_floats(t) * 4);
    return 1;
}

/* Writes the new rows' keys and values into their blocks, then attends. Heads per KV head are 64 at most. */
EXPORT void baton_attention(pool *team, attention *t) {
    pool_run(team, write_task, t, t->count, 0);
    if (split(team, t)) return;
    long tasks = 0, each = chunk_rows(t);
    for (int i = 0; i < t->count; i++) tasks += ceil_div(t->slices[i * 4 + 1], each) * t->kv_heads;
    shared s = {t, NULL, pool_threads(team)};
    pool_run(team, attend_task, &s, tasks, scratch_floats(t) * 4);
}
