/* Attention over KV blocks where they lie: writes the new rows, then attends. Here its plain form, and how it is shared out. */
#include "attention.h"

#define TARGET
#define TILE_ROWS 1
#define PAIR_ROWS 1
#define ATTEND attend_plain
#define GATHER gather_plain
#define SPLIT_TILES 4          /* tiles of one task where spans are too few to share out */
#define MOST_PARTS (16L << 20) /* floats: beyond that nothing is shared out */

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
    for (int i = 0; i < LANES; i++) n.lane[i] = ldexpf(1.0f, n.lane[i] == n.lane[i] ? (int)n.lane[i] : 0);
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

#define PIECE LANES
typedef lanes piece;

INLINE piece load_piece(int type, const void *from, long at) {
    lanes r;
    if (type == F32) return load((const float *)from + at);
    for (int i = 0; i < LANES; i++) r.lane[i] = bf16_float(((const uint16_t *)from)[at + i]);
    return r;
}

INLINE piece load_half(int half, const void *from, long at) {
    lanes r;
    for (int i = 0; i < LANES; i++) r.lane[i] = bf16_float(((const uint16_t *)from)[2 * (at + i) + half]);
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

CLONES static void narrow(int type, const float *from, long count, void *to) {
    if (type == F32) {
        memcpy(to, from, (size_t)count * 4);
    } else {
        for (long i = 0; i < count; i++) ((uint16_t *)to)[i] = float_bf16(from[i]);
    }
}

/* Rows of a slice that go to one block. */
typedef struct {
    const int32_t *slice;
    long row, rows;
} fresh_rows;

static long blocks_written(const attention *t, const int32_t *slice) {
    return (slice[2] + slice[1] - 1) / t->block_tokens - slice[2] / t->block_tokens + 1;
}

static fresh_rows fresh(const attention *t, long index) {
    const int32_t *slice = t->slices;
    for (; index >= blocks_written(t, slice); slice += 4) index -= blocks_written(t, slice);
    long tokens = t->block_tokens, block = slice[2] / tokens + index;
    long row = block * tokens > slice[2] ? block * tokens - slice[2] : 0;
    return (fresh_rows){slice, row, min(slice[1], (block + 1) * tokens - slice[2]) - row};
}

static void write_task(void *argument, long index, void *scratch) {
    const attention *t = argument;
    fresh_rows of = fresh(t, index);
    long at = of.slice[2] + of.row, from = of.slice[0] + of.row, token = at % t->block_tokens;
    long size = element_bytes(t), words = t->key_dim * size / 4;
    int block = t->blocks[of.slice[3] + at / t->block_tokens];
    uint32_t *key = scratch;
    for (int h = 0; h < t->kv_heads; h++) {
        uint32_t *keys = (uint32_t *)keys_of(t, block, h) + token;
        char *values = values_of(t, block, h) + token * t->value_dim * size;
        for (long r = 0; r < of.rows; r++) {
            narrow(t->type, t->k + (from + r) * t->ldk + h * t->key_dim, t->key_dim, key);
            for (long w = 0; w < words; w++) keys[w * t->block_tokens + r] = key[w];
            narrow(t->type, t->v + (from + r) * t->ldv + h * t->value_dim, t->value_dim, values + r * t->value_dim * size);
        }
    }
}

static void write_fresh(pool *team, attention *t) {
    long tasks = 0;
    for (int i = 0; i < t->count; i++) tasks += blocks_written(t, t->slices + i * 4);
    pool_run(team, write_task, t, tasks, t->key_dim * 4L);
}

static long chunk_rows(const attention *t) {
    return TASK_QUERIES / largest_team(t);
}

/* One call's tasks. */
typedef struct {
    const attention *t;
    float *parts;    /* steps that are shared out: where parts begin */
    long part_tiles; /* tiles of a part */
    long threads;
} shared;

static long tiles_of(const attention *t, const int32_t *slice) { return slice[2] / t->block_tokens + 1; }

/* Which rows and head a task has; false when there is no such task. */
static int place(const attention *t, long index, attend_work *work) {
    long each = chunk_rows(t);
    for (int i = 0; i < t->count; i++) {
        const int32_t *slice = t->slices + i * 4;
        long chunks = ceil_div(slice[1], each), teams = teams_of(t), tasks = chunks * teams;
        if (index < tasks) {
            long row0 = (chunks - 1 - index / teams) * each; /* the longest first */
            long rows = min(each, slice[1] - row0), first = slice[2] + row0;
            *work = (attend_work){.slice = slice, .row0 = row0, .rows = rows,
                    .tile0 = first_tile(t, first), .tile1 = (first + rows - 1) / t->block_tokens + 1};
            choose_team(t, work, index % teams);
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

/* How many runs of so many tiles, counted from the sequence's start, a step sees. */
static long runs_of(const attention *t, const int32_t *slice, long tiles) {
    return ceil_div(tiles_of(t, slice), tiles) - first_tile(t, slice[2]) / tiles;
}

static long team_floats(const attention *t, const int32_t *slice, long part_tiles) {
    return runs_of(t, slice, part_tiles) * largest_team(t) * part_floats(t);
}

/* A team of a step, all its tiles. */
static attend_work whole_step(const shared *s, const int32_t *slice, long team, float *parts) {
    const attention *t = s->t;
    attend_work work = {.slice = slice, .rows = 1, .tile0 = first_tile(t, slice[2]), .tile1 = tiles_of(t, slice),
            .parts = parts + team * team_floats(t, slice, s->part_tiles), .part_tiles = s->part_tiles, .next_slice = slice};
    choose_team(t, &work, team);
    work.next_head = work.head;
    return work;
}

static long tiles_of_a_task(long part_tiles) { return part_tiles == 1 ? SPLIT_TILES : part_tiles; }

static void split_task(void *argument, long index, void *scratch) {
    const shared *s = argument;
    const attention *t = s->t;
    float *parts = s->parts;
    long run = tiles_of_a_task(s->part_tiles);
    for (int i = 0; i < t->count; i++) {
        const int32_t *slice = t->slices + i * 4;
        long each = runs_of(t, slice, run), tasks = each * teams_of(t);
        if (index < tasks) {
            attend_work work = whole_step(s, slice, index / each, parts);
            long start = (work.tile0 / run + index % each) * run;
            work.tile0 = start > work.tile0 ? start : work.tile0;
            work.tile1 = min(start + run, work.tile1);
            attend(t->level)(t, &work, scratch);
            return;
        }
        index -= tasks;
        parts += teams_of(t) * team_floats(t, slice, s->part_tiles);
    }
}

static void gather_task(void *argument, long index, void *scratch) {
    const shared *s = argument;
    const attention *t = s->t;
    float *parts = s->parts;
    long teams = teams_of(t);
    for (int i = 0; i < index / teams; i++) {
        parts += teams * team_floats(t, t->slices + i * 4, s->part_tiles);
    }
    attend_work work = whole_step(s, t->slices + index / teams * 4, index % teams, parts);
    gather(t->level)(t, &work, scratch);
}

static long split_tasks(const attention *t, long part_tiles) {
    long tasks = 0;
    for (int i = 0; i < t->count; i++) tasks += runs_of(t, t->slices + i * 4, tiles_of_a_task(part_tiles)) * teams_of(t);
    return tasks;
}

/* Steps whose teams are too few to keep all threads equally busy share their spans out, or their tiles where spans are
 * too few as well. True when they did. */
static int split(pool *team, const attention *t) {
    long threads = pool_threads(team), teams = t->count * teams_of(t), enough = 4 * threads, floats = 0;
    if (threads == 1 || teams >= enough) return 0;
    long part_tiles = split_tasks(t, span_tiles(t)) >= enough ? span_tiles(t) : 1, tasks = split_tasks(t, part_tiles);
    for (int i = 0; i < t->count; i++) {
        const int32_t *slice = t->slices + i * 4;
        if (slice[1] != 1) return 0;
        floats += team_floats(t, slice, part_tiles) * teams_of(t);
    }
    if (tasks <= teams || floats > MOST_PARTS) return 0;
    shared s = {t, pool_shared(team, floats * 4), part_tiles, threads};
    if (!s.parts) return 0;
    pool_run(team, split_task, &s, tasks, scratch_floats(t) * 4);
    pool_run(team, gather_task, &s, teams, scratch_floats(t) * 4);
    return 1;
}

/* Writes the new rows' keys and values into their blocks, then attends. */
EXPORT void baton_attention(pool *team, attention *t) {
    write_fresh(team, t);
    if (split(team, t)) return;
    long tasks = 0, each = chunk_rows(t);
    for (int i = 0; i < t->count; i++) tasks += ceil_div(t->slices[i * 4 + 1], each) * teams_of(t);
    shared s = {t, NULL, 0, pool_threads(team)};
    pool_run(team, attend_task, &s, tasks, scratch_floats(t) * 4);
}
