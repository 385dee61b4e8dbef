#include "digest.h"

/* Where a layer of the pool lies: of its block 0 from the KV's first byte, each of so many bytes. */
typedef struct {
    int64_t first, bytes;
    const shape *of;
} layer_place;

/* Adds the digests of tokens [from, to) of a block to those of its layers. */
void digest_block(const layer_place *layers, long count, const char *kv, long block, long from, long to, uint64_t *digests);
