#include <stdlib.h>

#include "cli/bench_internal.h"
#include "crypto/sealing.h"
#include "data/data.h"

enum { SAMPLE_ROWS = 20000, PIECE = 1024 * 1024 };

/* A chunk of an asset on its way: compressed, padded, sealed, and back. */
struct transfer_work {
    uint8_t key[AEAD_KEY_SIZE], nonce[AEAD_NONCE_SIZE];
    uint8_t *table, *noise, *sealed, *opened, *memory;
    const uint8_t *plain;
    struct arena scratch;
    size_t sealed_len;
};

static enum err bare_seal(void *ctx)
{
    struct transfer_work *w = ctx;
    return aead_seal(w->key, w->nonce, bytes_of(NULL, 0), bytes_of(w->plain, PIECE), w->sealed);
}

static enum err bare_open(void *ctx)
{
    struct transfer_work *w = ctx;
    return aead_open(w->key, w->nonce, bytes_of(NULL, 0),
                     bytes_of(w->sealed, PIECE + AEAD_TAG_SIZE), w->opened);
}

static enum err seal_chunk(void *ctx)
{
    struct transfer_work *w = ctx;
    return sealing_chunk(w->key, 0, bytes_of(NULL, 0), bytes_of(w->plain, PIECE), &w->scratch,
                         w->sealed, &w->sealed_len);
}

static enum err open_chunk(void *ctx)
{
    struct transfer_work *w = ctx;
    size_t len;
    return sealing_open(w->key, 0, bytes_of(NULL, 0), bytes_of(w->sealed, w->sealed_len),
                        &w->scratch, w->opened, PIECE, &len);
}

static enum err transfer_rows(struct bench *b, struct transfer_work *w)
{
    w->plain = w->table;
    TRY(bench_act(b, "AES-256-GCM seal of 1 MiB", NULL, PIECE, bare_seal, w));
    TRY(bench_act(b, "AES-256-GCM open of 1 MiB", NULL, PIECE, bare_open, w));
    TRY(bench_act(b, "seal a chunk of a table", b->row[0].name, PIECE, seal_chunk, w));
    bench_put(b->cli->answer, "sealed_share", (double)w->sealed_len / PIECE);
    TRY(bench_act(b, "open a chunk of a table", b->row[1].name, PIECE, open_chunk, w));
    w->plain = w->noise;
    TRY(bench_act(b, "seal a chunk of noise", b->row[0].name, PIECE, seal_chunk, w));
    TRY(bench_act(b, "open a chunk of noise", b->row[1].name, PIECE, open_chunk, w));
    bench_put(b->cli->answer, "seal_mb_per_s", b->row[2].per_s * PIECE / 1e6);
    bench_put(b->cli->answer, "open_mb_per_s", b->row[3].per_s * PIECE / 1e6);
    bench_put(b->cli->answer, "p50_ms", (double)b->row[2].p50_ns / 1e6);
    bench_put(b->cli->answer, "p99_ms", (double)b->row[2].p99_ns / 1e6);
    return ERR_NONE;
}

enum err bench_transfer(struct bench *b)
{
    struct transfer_work w = { .key = { 1 } };
    size_t room = sealing_size_max(PIECE) + AEAD_TAG_SIZE, scratch = 4 * room, len = 0;
    uint64_t x = 1;
    TRY(data_sample_retail(1, SAMPLE_ROWS, &w.table, &len));
    ASSERT(len >= PIECE);
    w.noise = malloc(PIECE);
    w.sealed = malloc(room);
    w.opened = malloc(room);
    w.memory = malloc(scratch);
    ASSERT(w.noise != NULL && w.sealed != NULL && w.opened != NULL && w.memory != NULL);
    for (size_t i = 0; i < PIECE; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        w.noise[i] = (uint8_t)(x >> 56);
    }
    w.scratch = arena_over(w.memory, scratch);
    b->rows_planned = 6;
    enum err e = transfer_rows(b, &w);
    free(w.table);
    free(w.noise);
    free(w.sealed);
    free(w.opened);
    free(w.memory);
    return e;
}
