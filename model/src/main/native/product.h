/* What the forms of the product share. */
#ifndef BATON_PRODUCT_H
#define BATON_PRODUCT_H
#include "baton.h"
#include <string.h>

/* Up to here weights go straight from memory into the product; more rows share widened panels. */
#define DIRECT_ROWS 24

typedef struct {
    int type;
    const char *w;
    const float *scale;
    long n, k;
    const float *a;
    long lda, m;
    const float *bias;
    float *out;
    long ldo;
    long group; /* panels of one task */
    long pass;  /* k that a blocked task takes at a time */
    const float *copies; /* blocked: [pass][row][stride of the form], the activations */
} product;

/* How one instruction set does it; tasks take a product and an index. */
typedef struct {
    task direct, blocked;
    long direct_step;   /* panels that direct takes at a time */
    long tile_rows;     /* rows that the registers of a blocked task hold */
    long block_tiles;   /* tiles of rows of one blocked task at most */
    long blocked_group; /* panels of one blocked task at most */
    long pass;          /* k that a blocked task takes at a time at most */
    long stride;        /* floats between the copies of rows: more than a pass, so that rows do not meet in one set of the cache */
    long (*scratch_floats)(long group);
} product_form;

extern const product_form product_avx2, product_avx512;

static inline long element(int type) { return type == F32 ? 4 : type == I8 ? 1 : 2; }
/* Where column j of a panel stands among its 16 elements. */
static inline int place(int type, int j) { return type != BF16 ? j : j < 8 ? 2 * j : 2 * (j - 8) + 1; }

/* Rows are shared out by whole tiles, as evenly as that allows. */
static inline long product_blocks(const product *p, long tile_rows, long block_tiles) {
    return ceil_div(ceil_div(p->m, tile_rows), block_tiles);
}

static inline long product_block_start(const product *p, long tile_rows, long blocks, long block) {
    return min(p->m, piece_start(ceil_div(p->m, tile_rows), blocks, block) * tile_rows);
}

/* Scales, adds the bias and writes one row of a panel. */
void product_finish(const product *p, long row, long panel, const float *acc);

#endif
