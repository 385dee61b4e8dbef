#include "block.h"

/* The records of a step's open blocks, in one call. FileLedger.java does the same store by store: there stands why, in
 * LedgerFormat.java what lies where. */

/* A pool's block table; offsets in bytes from its start. */
typedef struct {
    int64_t changes, entry, entry_bytes; /* entry: of block 0 */
    int64_t record, record_bytes;        /* record: of copy 0, in an entry */
    int64_t layers, tokens;              /* tokens: of a block */
    const layer_place *places;           /* null: digests stay zero */
} table_form;

/* An open block; its tokens follow, rows of them, 32 bits each. */
typedef struct {
    int64_t block, rows, chained;
    uint64_t parent[2];
    int32_t tokens[];
} open_block;

/* The words of a record: digests of all layers, then tokens, two a word. */
typedef struct {
    uint64_t version, rows, parent[2], checksum, words[];
} record_form;

#define HAS_PARENT (1ull << 32)
#define FENCE() __atomic_thread_fence(__ATOMIC_SEQ_CST)

static void publish(uint64_t *at, uint64_t word) {
    __atomic_store_n(at, word, __ATOMIC_RELEASE);
}

static void put(uint64_t *at, uint64_t word) {
    __atomic_store_n(at, word, __ATOMIC_RELAXED);
}

static uint64_t mixed(uint64_t word) {
    uint64_t odd = word * 0x9E3779B97F4A7C15ull;
    return (odd ^ (odd >> 32)) * 0xD6E8FEB86659FD93ull;
}

static uint64_t two_tokens(const open_block *open, long i) {
    uint64_t low = i < open->rows ? (uint32_t)open->tokens[i] : 0, high = i + 1 < open->rows ? (uint32_t)open->tokens[i + 1] : 0;
    return low | high << 32;
}

/* Rows of the record that are the first of these, -1 when it speaks of others or there is none. */
static long continued(const table_form *form, const record_form *record, const open_block *open) {
    long rows = (int32_t)record->rows;
    if (record->version == 0 || rows < 1 || rows > form->tokens || rows > open->rows) return -1;
    if ((record->rows & HAS_PARENT) != (open->chained ? HAS_PARENT : 0)) return -1;
    if (record->parent[0] != open->parent[0] || record->parent[1] != open->parent[1]) return -1;
    const uint64_t *tokens = record->words + 2 * form->layers;
    for (long i = 0; i < rows; i++)
        if ((int32_t)(tokens[i / 2] >> (32 * (i % 2))) != open->tokens[i]) return -1;
    return rows;
}

static void record(const table_form *form, char *table, const char *kv, const open_block *open, uint64_t *digests) {
    char *entry = table + form->entry + open->block * form->entry_bytes;
    record_form *copies[2] = {(void *)(entry + form->record), (void *)(entry + form->record + form->record_bytes)};
    uint64_t zero = copies[0]->version, one = copies[1]->version, version = (zero > one ? zero : one) + 1;
    const record_form *newest = copies[zero < one];
    record_form *idle = copies[zero > one];
    uint64_t *sequence = (void *)entry, *changes = (void *)(table + form->changes);
    long known = continued(form, newest, open);
    if (known == open->rows) return;
    for (long i = 0; i < 2 * form->layers; i++) digests[i] = known < 0 ? 0 : newest->words[i];
    if (form->places) digest_block(form->places, form->layers, kv, open->block, known < 0 ? 0 : known, open->rows, digests);
    if (known < 0) {
        put(sequence, *sequence | 1);
        FENCE();
    }
    put(&idle->version, 0);
    FENCE();
    uint64_t sum = mixed(mixed((uint64_t)open->block + 1) ^ version);
    uint64_t head[3] = {(uint64_t)open->rows | (open->chained ? HAS_PARENT : 0), open->parent[0], open->parent[1]};
    for (int i = 0; i < 3; i++) {
        put(&idle->rows + i, head[i]);
        sum = mixed(sum ^ head[i]);
    }
    uint64_t *words = idle->words;
    for (long i = 0; i < 2 * form->layers; i++) {
        put(words++, digests[i]);
        sum = mixed(sum ^ digests[i]);
    }
    for (long i = 0; i < form->tokens; i += 2) {
        uint64_t tokens = two_tokens(open, i);
        put(words++, tokens);
        sum = mixed(sum ^ tokens);
    }
    put(&idle->checksum, sum);
    publish(&idle->version, version);
    if (known < 0) {
        publish(sequence, (*sequence | 1) + 1);
        publish(changes, *changes + 1);
    }
}

/* Records count open blocks, one every bytes. Digests is room for those of one block. */
__attribute__((visibility("default"))) void baton_kv_record(
        const table_form *form, char *table, const char *kv, const char *open, int64_t count, int64_t bytes, uint64_t *digests) {
    for (int64_t i = 0; i < count; i++) record(form, table, kv, (const open_block *)(open + i * bytes), digests);
}
