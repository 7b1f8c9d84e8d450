#include <stdlib.h>
#include <string.h>

#include "cli/bench_internal.h"
#include "cli/net_internal.h"
#include "crypto/peer.h"
#include "crypto/suite.h"

enum { LONG = 64 * 1024, SHORT = 64 };

struct crypto_work {
    const struct suite *suite;
    struct peer *peer;
    uint8_t seed[32], key[AEAD_KEY_SIZE], nonce[AEAD_NONCE_SIZE];
    uint8_t public_key[SUITE_KEY_SIZE_MAX], signature[SUITE_SIGNATURE_SIZE_MAX];
    uint8_t plain[LONG], sealed[LONG + AEAD_TAG_SIZE];
    size_t hashed;
};

static struct bytes message(const struct crypto_work *w)
{
    return bytes_of(w->plain, HASH_SIZE); /* what is signed is a hash */
}

static enum err our_sign(void *ctx)
{
    struct crypto_work *w = ctx;
    w->suite->sign(w->suite->ctx, w->seed, message(w), w->signature);
    return ERR_NONE;
}

static enum err our_verify(void *ctx)
{
    struct crypto_work *w = ctx;
    bool good = w->suite->verify(w->suite->ctx, bytes_of(w->public_key, w->suite->public_size),
                                 message(w), bytes_of(w->signature, w->suite->signature_size));
    return good ? ERR_NONE : ERR_SIGNATURE;
}

static enum err our_hash(void *ctx)
{
    struct crypto_work *w = ctx;
    struct hash h;
    hash_plain(w->suite, bytes_of(w->plain, w->hashed), &h);
    return ERR_NONE;
}

static enum err our_aead(void *ctx)
{
    struct crypto_work *w = ctx;
    return aead_seal(w->key, w->nonce, bytes_of(NULL, 0), bytes_of(w->plain, LONG), w->sealed);
}

static enum err their_sign(void *ctx)
{
    struct crypto_work *w = ctx;
    return peer_sign(w->peer, message(w), w->signature);
}

static enum err their_verify(void *ctx)
{
    struct crypto_work *w = ctx;
    return peer_verify(w->peer, message(w), w->signature);
}

static enum err their_hash(void *ctx)
{
    struct crypto_work *w = ctx;
    struct hash h;
    return peer_sha256(w->peer, bytes_of(w->plain, w->hashed), &h);
}

static enum err their_aead(void *ctx)
{
    struct crypto_work *w = ctx;
    return peer_aead_seal(w->peer, w->nonce, bytes_of(w->plain, LONG), w->sealed);
}

/* One operation of ours, then the same of each library, in one run of the program. */
static const struct {
    const char *name;
    enum err (*ours)(void *ctx), (*theirs)(void *ctx);
    size_t hashed;
    uint64_t bytes;
} OPERATIONS[] = {
    { "Ed25519 sign", our_sign, their_sign, 0, 0 },
    { "Ed25519 verify", our_verify, their_verify, 0, 0 },
    { "SHA-256 of 64 B", our_hash, their_hash, SHORT, SHORT },
    { "SHA-256 of 64 KiB", our_hash, their_hash, LONG, LONG },
    { "AES-256-GCM of 64 KiB", our_aead, their_aead, 0, LONG },
};

static enum err operation(struct bench *b, struct crypto_work *w, size_t i)
{
    char ours[64], theirs[64];
    uint32_t first = b->row_count, best = first;
    w->hashed = OPERATIONS[i].hashed;
    for (int l = 0; l < PEER_END; l++) {
        enum err e = peer_open((enum peer_library)l, w->seed, w->key, &w->peer);
        if (e == ERR_UNSUPPORTED) {
            continue; /* a machine without AES instructions has one row less */
        }
        TRY(e);
        snprintf(theirs, sizeof theirs, "%s, %s", OPERATIONS[i].name,
                 peer_name((enum peer_library)l));
        e = bench_act(b, theirs, NULL, OPERATIONS[i].bytes, OPERATIONS[i].theirs, w);
        peer_close(w->peer);
        TRY(e);
    }
    for (uint32_t k = first; k < b->row_count; k++) {
        best = b->row[k].cpu_us < b->row[best].cpu_us ? k : best;
    }
    snprintf(theirs, sizeof theirs, "%s", b->row[best].name); /* the faster one */
    snprintf(ours, sizeof ours, "%s, ours", OPERATIONS[i].name);
    return bench_act(b, ours, theirs, OPERATIONS[i].bytes, OPERATIONS[i].ours, w);
}

enum { BATCH = 64 };

/* As a block's body comes: as many keys as signatures. Percentiles are of whole batches. */
static enum err batch_verify(struct bench *b, struct crypto_work *w)
{
    static const char *const name = "Ed25519 verify, ours, of a batch of 64";
    uint8_t key[BATCH][SUITE_KEY_SIZE_MAX], signature[BATCH][SUITE_SIGNATURE_SIZE_MAX];
    struct suite_item item[BATCH];
    struct bench_meter m = { .sample_ns = b->sample_ns };
    bool good[BATCH];
    for (size_t i = 0; i < BATCH; i++) {
        uint8_t seed[SUITE_SECRET_SIZE] = { (uint8_t)i };
        w->suite->public_of(w->suite->ctx, seed, key[i]);
        w->suite->sign(w->suite->ctx, seed, message(w), signature[i]);
        item[i] = (struct suite_item){ bytes_of(key[i], w->suite->public_size), message(w),
                                       bytes_of(signature[i], w->suite->signature_size) };
    }
    uint64_t until = bench_now_ns() + (uint64_t)(b->seconds * 1e9 / b->rows_planned);
    do {
        bench_begin(&m);
        bool all = suite_verify_batch(w->suite, item, BATCH, good);
        bench_end(&m, BATCH);
        if (!all) {
            return ERR_SIGNATURE;
        }
    } while (bench_now_ns() < until);
    bench_compare(b, bench_row_of(b, name, &m, 0), "Ed25519 verify, libsodium");
    return ERR_NONE;
}

static struct crypto_work *work_new(void)
{
    struct crypto_work *w = calloc(1, sizeof *w);
    ASSERT(w != NULL);
    w->suite = suite_intl();
    memset(w->seed, 0x42, sizeof w->seed);
    memset(w->key, 0x43, sizeof w->key);
    w->suite->public_of(w->suite->ctx, w->seed, w->public_key);
    return w;
}

enum err bench_verify(struct bench *b)
{
    enum { VERIFY = 1 }; /* its row of OPERATIONS */
    const struct suite *suite;
    TRY(net_suite(b->cli, &suite));
    if (suite->number == SUITE_GM) {
        return bench_gm_verify(b);
    }
    struct crypto_work *w = work_new();
    enum err e = our_sign(w);
    e = e != ERR_NONE ? e : operation(b, w, VERIFY);
    e = e != ERR_NONE ? e : batch_verify(b, w);
    free(w);
    return e;
}

enum err bench_crypto(struct bench *b)
{
    struct crypto_work *w = work_new();
    b->rows_planned = 3 * COUNT(OPERATIONS) + 1 + BENCH_GM_ROWS;
    enum err e = our_sign(w);
    for (size_t i = 0; e == ERR_NONE && i < COUNT(OPERATIONS); i++) {
        e = operation(b, w, i);
    }
    e = e == ERR_NONE ? batch_verify(b, w) : e;
    e = e == ERR_NONE ? bench_gm(b) : e;
    for (uint32_t i = 0; e == ERR_NONE && i < b->row_count; i++) {
        if (strcmp(b->row[i].name, "Ed25519 verify, ours") == 0) {
            bench_put(b->cli->answer, "verify_per_s", b->row[i].per_s);
        }
    }
    free(w);
    return e;
}
