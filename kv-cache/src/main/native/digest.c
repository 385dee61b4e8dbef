#include "digest.h"

/* The sums in one pass over the words, at the speed of memory under either of the JVM's compilers. What is copied goes past the
 * caches: its lines need not be read before they are written, and no core needs them soon. */

#define SHORT 16   /* words of a run that vectors do not shorten */
#define AHEAD 1024 /* bytes, asked for early: a pool is larger than any cache */

typedef sums (*run_form)(const char *, char *, const uint32_t *, const uint32_t *, long);

/* The sums of count words, which are copied on the way if copy is not null. */
INLINE sums scalar_run(const char *source, char *copy, const uint32_t *a, const uint32_t *b, long count) {
    sums of = {0, 0};
    for (long i = 0; i < count; i++) {
        uint32_t w = word(source + 4 * i);
        of.a += (uint64_t)w * a[i];
        of.b += (uint64_t)w * b[i];
        if (copy) memcpy(copy + 4 * i, &w, 4);
    }
    return of;
}

static sums plain_run(const char *source, char *copy, const uint32_t *a, const uint32_t *b, long count) {
    return scalar_run(source, copy, a, b, count);
}

#if defined(__x86_64__)
#define TARGET __attribute__((target("avx2")))
#define RUN avx2_run
#define VECTOR __m256i
#define BYTES 32
#define ZERO _mm256_setzero_si256
#define LOAD _mm256_loadu_si256
#define STREAM _mm256_stream_si256
#define STORE _mm256_storeu_si256
#define ADD _mm256_add_epi64
#define MULTIPLY _mm256_mul_epu32
#define ODD(x) _mm256_srli_epi64(x, 32)
#include "digest_run.h"

#define TARGET __attribute__((target("avx512f")))
#define RUN avx512_run
#define VECTOR __m512i
#define BYTES 64
#define ZERO _mm512_setzero_si512
#define LOAD _mm512_loadu_si512
#define STREAM _mm512_stream_si512
#define STORE _mm512_storeu_si512
#define ADD _mm512_add_epi64
#define MULTIPLY _mm512_mul_epu32
#define ODD(x) _mm512_srli_epi64(x, 32)
#include "digest_run.h"
#endif

static run_form best(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return avx512_run;
    if (__builtin_cpu_supports("avx2")) return avx2_run;
#endif
    return plain_run;
}

/* Sums of a few tokens of a turned slice: too short a run of each word for vectors. */
static sums turned_rows(const shape *of, long words, const char *source, long from, long to) {
    sums all = {0, 0};
    for (long i = 0; i < words; i++) {
        long at = i * of->tokens + from;
        sums one = scalar_run(source + 4 * at, NULL, of->a + at, of->b + at, to - from);
        all.a += one.a;
        all.b += one.b;
    }
    return all;
}

/* Sums of tokens [from, to) of one slice. The tokens beside them are copied too, but not summed. */
static sums slice(run_form run, const shape *of, int kind, const char *source, char *copy, long from, long to) {
    long words = of->words[kind], tokens = of->tokens, runs = 1, each = words * tokens, first = 0, count = each;
    if (from > 0 || to < tokens) {
        int turned = (of->turned >> kind) & 1;
        if (turned && !copy && to - from < SHORT) return turned_rows(of, words, source, from, to);
        runs = turned ? words : 1;
        each = turned ? tokens : words * tokens;
        first = turned ? from : from * words;
        count = turned ? to - from : (to - from) * words;
    }
    sums all = {0, 0};
    for (long i = 0; i < runs; i++) {
        long at = i * each, end = first + count;
        char *there = copy ? copy + 4 * at : NULL;
        if (there && first > 0) memcpy(there, source + 4 * at, (size_t)(4 * first));
        sums one = run(source + 4 * (at + first), there ? there + 4 * first : NULL, of->a + at + first, of->b + at + first, count);
        if (there && end < each) memcpy(there + 4 * end, source + 4 * (at + end), (size_t)(4 * (each - end)));
        all.a += one.a;
        all.b += one.b;
    }
    return all;
}

void digest_rows(const shape *of, const char *source, char *copy, long from, long to, uint64_t *digest) {
    run_form run = best();
    long index = 0;
    for (int kind = 0; kind < 3; kind++) {
        long bytes = 4 * of->words[kind] * of->tokens;
        for (long head = 0; bytes > 0 && head < of->heads; head++, index++) {
            sums one = slice(run, of, kind, source, copy, from, to);
            digest[0] += of->pa[index] * one.a;
            digest[1] += of->pb[index] * one.b;
            source += bytes;
            if (copy) copy += bytes;
        }
    }
#if defined(__x86_64__)
    if (copy) _mm_sfence();
#endif
}

/* The digest of tokens [from, to) of a layer of a block, which is copied whole on the way if copy is not null. */
__attribute__((visibility("default"))) void baton_kv_digest(
        const shape *of, const char *source, char *copy, long from, long to, uint64_t *digest) {
    digest[0] = digest[1] = 0;
    digest_rows(of, source, copy, from, to, digest);
}
