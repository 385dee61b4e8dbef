#include <stdint.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Of KvDigester.java: the same two sums. */

#define INLINE static inline __attribute__((always_inline))

/* One layer of one block: slices of keys, of values and of scales, one a head each, of tokens times so many words. */
typedef struct {
    int64_t heads, tokens, words[3];
    int64_t turned; /* which slices hold [word][token], a bit a kind; the others hold [token][word] */
    const uint32_t *a, *b;   /* weights of a slice's words */
    const uint64_t *pa, *pb; /* weights of the slices, in their order */
} shape;

/* Sums of words times their weights. */
typedef struct {
    uint64_t a, b;
} sums;

INLINE uint32_t word(const char *at) {
    uint32_t w;
    memcpy(&w, at, 4);
    return w;
}

/* Adds the digest of tokens [from, to) of a layer of a block, which is copied whole on the way if copy is not null. */
void digest_rows(const shape *of, const char *source, char *copy, long from, long to, uint64_t *digest);
