#include "block.h"

/* The digests of a block in all layers.
 *
 * Of one token: its words lie apart, turned keys a cache line each, so that their way from
 * memory is what costs: those of the layer after the next are asked for while one is summed. */

#define MOST 512 /* words of a token in a slice that are summed here */

/* Weights of the token's words in a slice of each kind, side by side. */
typedef struct {
    uint32_t a[3][MOST], b[3][MOST];
} weights;

static void gather(const shape *of, long row, weights *to) {
    for (int kind = 0; kind < 3; kind++) {
        int turned = (of->turned >> kind) & 1;
        for (long i = 0; i < of->words[kind]; i++) {
            long at = turned ? i * of->tokens + row : row * of->words[kind] + i;
            to->a[kind][i] = of->a[at];
            to->b[kind][i] = of->b[at];
        }
    }
}

INLINE void ask(const shape *of, const char *layer, long row) {
    for (int kind = 0; kind < 3; kind++) {
        long words = of->words[kind], bytes = 4 * words * of->tokens;
        int turned = (of->turned >> kind) & 1;
        for (long head = 0; bytes > 0 && head < of->heads; head++, layer += bytes) {
            if (turned) {
                for (long i = 0; i < words; i++) __builtin_prefetch(layer + 4 * (i * of->tokens + row));
            } else {
                for (long at = 0; at < 4 * words; at += 64) __builtin_prefetch(layer + 4 * words * row + at);
            }
        }
    }
}

INLINE sums strided(const char *at, long stride, const uint32_t *a, const uint32_t *b, long words) {
    sums of = {0, 0};
    for (long i = 0; i < words; i++) {
        uint64_t w = word(at + stride * i);
        of.a += w * a[i];
        of.b += w * b[i];
    }
    return of;
}

static void add(const shape *of, const weights *with, const char *layer, long row, uint64_t *digest) {
    long index = 0;
    for (int kind = 0; kind < 3; kind++) {
        long words = of->words[kind], bytes = 4 * words * of->tokens;
        int turned = (of->turned >> kind) & 1;
        for (long head = 0; bytes > 0 && head < of->heads; head++, index++, layer += bytes) {
            sums one = turned ? strided(layer + 4 * row, 4 * of->tokens, with->a[kind], with->b[kind], words)
                              : strided(layer + 4 * words * row, 4, with->a[kind], with->b[kind], words);
            digest[0] += of->pa[index] * one.a;
            digest[1] += of->pb[index] * one.b;
        }
    }
}

static void digest_row(const layer_place *layers, long count, const char *kv, long block, long row, uint64_t *digests) {
    enum { EARLY = 2 };
    weights with;
    const shape *gathered = 0;
    for (long layer = 0; layer < count; layer++) {
        const layer_place *at = layers + layer, *next = layers + layer + EARLY;
        if (layer + EARLY < count) ask(next->of, kv + next->first + block * next->bytes, row);
        const char *bytes = kv + at->first + block * at->bytes;
        if (at->of->words[0] > MOST || at->of->words[1] > MOST || at->of->words[2] > MOST) {
            digest_rows(at->of, bytes, 0, row, row + 1, digests + 2 * layer);
            continue;
        }
        if (at->of != gathered) gather(gathered = at->of, row, &with);
        add(at->of, &with, bytes, row, digests + 2 * layer);
    }
}

void digest_block(const layer_place *layers, long count, const char *kv, long block, long from, long to, uint64_t *digests) {
    if (to - from == 1) {
        digest_row(layers, count, kv, block, from, digests);
        return;
    }
    for (long layer = 0; layer < count; layer++) {
        const layer_place *at = layers + layer;
        digest_rows(at->of, kv + at->first + block * at->bytes, 0, from, to, digests + 2 * layer);
    }
}

/* The digests of tokens [from, to) of a block, layer by layer. */
__attribute__((visibility("default"))) void baton_kv_digests(
        const layer_place *layers, int64_t count, const char *kv, int64_t block, int64_t from, int64_t to, uint64_t *digests) {
    memset(digests, 0, 16 * (size_t)count);
    digest_block(layers, count, kv, block, from, to, digests);
}
