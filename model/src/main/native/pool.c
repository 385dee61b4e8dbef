#define _GNU_SOURCE
#include "baton.h"
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Between steps of a forward pass the next job comes within microseconds: spin that long, then sleep in the kernel. */
#define SPINS 4000

/* Of MXCSR: all but the flags that record what happened; and round to nearest, denormals kept, exceptions masked. */
#define MXCSR_CONTROL 0xffc0u
#define MXCSR_ORDINARY 0x1f80u

typedef struct {
    void *bytes;
    long size;
} scratch;

#define OWN_LINE _Alignas(64)

/* What all threads write stands on cache lines of its own. */
struct pool {
    OWN_LINE atomic_int generation;
    atomic_int sleeping;
    atomic_int closing;
    OWN_LINE _Atomic uint64_t untaken; /* a job's number, then how many of its tasks nobody has taken yet */
    OWN_LINE atomic_int unfinished;    /* tasks of the job */
    OWN_LINE int threads;
    task run;
    void *argument;
    long tasks;
    long refused; /* bytes of scratch that a run did not get, since baton_pool_refused was called; 0 for none */
    pthread_t *ids;
    scratch *scratches;
    scratch shared;
};

typedef struct {
    pool *p;
    int index;
} worker;

static void futex_wait(atomic_int *word, int seen) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void futex_wake(atomic_int *word) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1 << 30, NULL, NULL, 0);
}

static void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* Before the others run, so that there is one place where memory can be short. */
static int reserve(pool *p, int threads, long bytes) {
    for (int i = 0; i < threads; i++) {
        scratch *s = &p->scratches[i];
        if (s->size >= bytes) continue;
        free(s->bytes);
        s->size = (bytes + 63) & ~63L;
        s->bytes = aligned_alloc(64, (size_t)s->size);
        if (!s->bytes) {
            s->size = 0;
            return 0;
        }
    }
    return 1;
}

/* Rounding, denormals and masks are hidden inputs of every sum, which other libraries leave as they like. Sets the ordinary
 * ones; returns what to restore. */
static unsigned ordinary_floats(void) {
#if defined(__x86_64__)
    unsigned before = _mm_getcsr();
    if ((before & MXCSR_CONTROL) != MXCSR_ORDINARY) _mm_setcsr(MXCSR_ORDINARY);
    return before;
#else
    return 0;
#endif
}

static void restore_floats(unsigned before) {
#if defined(__x86_64__)
    if ((before & MXCSR_CONTROL) != MXCSR_ORDINARY) _mm_setcsr(before);
#else
    (void)before;
#endif
}

/* Takes tasks until none is left. Whoever has taken one may read the job: it does not end before that task does. A thread
 * that comes late finds nothing to take, or takes part in the job of the moment, and nobody waits for it. */
static void work(pool *p, int index) {
    uint64_t seen = atomic_load_explicit(&p->untaken, memory_order_acquire);
    while ((uint32_t)seen > 0) {
        if (!atomic_compare_exchange_weak_explicit(&p->untaken, &seen, seen - 1, memory_order_acquire, memory_order_acquire)) continue;
        p->run(p->argument, p->tasks - (uint32_t)seen, p->scratches[index].bytes);
        if (atomic_fetch_sub_explicit(&p->unfinished, 1, memory_order_acq_rel) == 1) futex_wake(&p->unfinished);
        seen = atomic_load_explicit(&p->untaken, memory_order_acquire);
    }
}

static void *loop(void *given) {
    worker w = *(worker *)given;
    free(given);
    pool *p = w.p;
    int seen = 0;
    for (;;) {
        int spins = 0, now;
        while ((now = atomic_load_explicit(&p->generation, memory_order_acquire)) == seen) {
            if (++spins < SPINS) {
                relax();
            } else {
                atomic_fetch_add(&p->sleeping, 1);
                futex_wait(&p->generation, seen);
                atomic_fetch_sub(&p->sleeping, 1);
            }
        }
        seen = now;
        if (atomic_load(&p->closing)) return NULL;
        ordinary_floats();
        work(p, w.index);
    }
}

void pool_run(pool *p, task t, void *argument, long tasks, long scratch_bytes) {
    int alone = p->threads == 1 || tasks <= 1;
    if (!reserve(p, alone ? 1 : p->threads, scratch_bytes)) {
        p->refused = scratch_bytes;
        return;
    }
    unsigned floats = ordinary_floats();
    if (alone) {
        for (long i = 0; i < tasks; i++) t(argument, i, p->scratches[0].bytes);
        restore_floats(floats);
        return;
    }
    p->run = t;
    p->argument = argument;
    p->tasks = tasks;
    uint64_t job = (atomic_load_explicit(&p->untaken, memory_order_relaxed) >> 32) + 1;
    atomic_store_explicit(&p->unfinished, (int)tasks, memory_order_relaxed);
    atomic_store_explicit(&p->untaken, job << 32 | (uint64_t)tasks, memory_order_release);
    atomic_fetch_add(&p->generation, 1);
    if (atomic_load(&p->sleeping) > 0) futex_wake(&p->generation);
    work(p, 0);
    int spins = 0, left;
    while ((left = atomic_load_explicit(&p->unfinished, memory_order_acquire)) > 0) {
        if (++spins < SPINS) relax();
        else futex_wait(&p->unfinished, left);
    }
    restore_floats(floats);
}

int pool_threads(const pool *p) { return p->threads; }

void *pool_shared(pool *p, long bytes) {
    if (p->shared.size < bytes) {
        free(p->shared.bytes);
        long size = (bytes + bytes / 2 + 63) & ~63L; /* contexts grow: not anew for every block */
        p->shared.bytes = aligned_alloc(64, (size_t)size);
        p->shared.size = p->shared.bytes ? size : 0;
    }
    return p->shared.bytes;
}

void pool_refuse(pool *p, long bytes) { p->refused = bytes; }

/* Bytes of scratch for which there was no memory, so that something did not run since the last call; 0 for none. */
EXPORT long baton_pool_refused(pool *p) {
    long bytes = p->refused;
    p->refused = 0;
    return bytes;
}

EXPORT void baton_pool_close(pool *p) {
    atomic_store(&p->closing, 1);
    atomic_fetch_add(&p->generation, 1);
    futex_wake(&p->generation);
    for (int i = 1; i < p->threads; i++) {
        if (p->ids[i]) pthread_join(p->ids[i], NULL);
    }
    for (int i = 0; i < p->threads; i++) free(p->scratches[i].bytes);
    free(p->shared.bytes);
    free(p->scratches);
    free(p->ids);
    free(p);
}

/* Null when a thread cannot be started, or there is no memory. */
EXPORT pool *baton_pool_open(int threads) {
    pool *p = aligned_alloc(64, sizeof *p);
    if (!p) return NULL;
    memset(p, 0, sizeof *p);
    p->threads = threads;
    p->ids = calloc((size_t)threads, sizeof *p->ids);
    p->scratches = calloc((size_t)threads, sizeof *p->scratches);
    if (!p->ids || !p->scratches) {
        free(p->ids);
        free(p->scratches);
        free(p);
        return NULL;
    }
    for (int i = 1; i < threads; i++) {
        worker *w = malloc(sizeof *w);
        if (w) *w = (worker){p, i};
        if (!w || pthread_create(&p->ids[i], NULL, loop, w)) {
            p->ids[i] = 0;
            free(w);
            baton_pool_close(p);
            return NULL;
        }
    }
    return p;
}

/* Zeroed memory on huge pages where the kernel has them; null when there is none. */
EXPORT void *baton_allocate(long bytes) {
    long huge = 2L << 20, size = (bytes + huge - 1) & ~(huge - 1);
    if (bytes < huge) size = (bytes + 4095) & ~4095L;
    char *raw = mmap(NULL, (size_t)(size + huge), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (raw == MAP_FAILED) return NULL;
    char *start = (char *)(((uintptr_t)raw + (uintptr_t)huge - 1) & ~((uintptr_t)huge - 1));
    if (start > raw) munmap(raw, (size_t)(start - raw));
    if (start + size < raw + size + huge) munmap(start + size, (size_t)(raw + size + huge - (start + size)));
    if (bytes >= huge) madvise(start, (size_t)size, MADV_HUGEPAGE);
    return start;
}

EXPORT void baton_release(void *start, long bytes) {
    long huge = 2L << 20, size = bytes < huge ? (bytes + 4095) & ~4095L : (bytes + huge - 1) & ~(huge - 1);
    munmap(start, (size_t)size);
}
