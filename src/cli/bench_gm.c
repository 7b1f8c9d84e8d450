/* What suite gm costs: the same operations as those of suite intl, each beside OpenSSL's. */
#include "cli/bench_internal.h"
#include "crypto/peer_gm.h"
#include "crypto/suite.h"

enum { LONG = 64 * 1024, SHORT = 64 };

/* Two keys: ours is made from the seed, OpenSSL's has the seed for its private key. */
struct gm_work {
    uint8_t seed[SUITE_SECRET_SIZE], public_key[SUITE_KEY_SIZE_MAX];
    uint8_t signature[SUITE_SIGNATURE_SIZE_MAX], theirs[SM2_SIGNATURE_SIZE], plain[LONG];
    struct peer_gm *peer;
    size_t hashed;
};

static struct bytes message(const struct gm_work *w)
{
    return bytes_of(w->plain, HASH_SIZE); /* what is signed is a hash */
}

static enum err sign(void *ctx)
{
    struct gm_work *w = ctx;
    suite_gm()->sign(NULL, w->seed, message(w), w->signature);
    return ERR_NONE;
}

static enum err verify(void *ctx)
{
    struct gm_work *w = ctx;
    const struct suite *s = suite_gm();
    bool good = s->verify(NULL, bytes_of(w->public_key, s->public_size), message(w),
                          bytes_of(w->signature, s->signature_size));
    return good ? ERR_NONE : ERR_SIGNATURE;
}

static enum err hash(void *ctx)
{
    struct gm_work *w = ctx;
    struct hash h;
    hash_plain(suite_gm(), bytes_of(w->plain, w->hashed), &h);
    return ERR_NONE;
}

static enum err their_sign(void *ctx)
{
    struct gm_work *w = ctx;
    return peer_gm_sign(w->peer, message(w), w->theirs);
}

static enum err their_verify(void *ctx)
{
    struct gm_work *w = ctx;
    return peer_gm_verify(w->peer, message(w), w->theirs);
}

static enum err their_hash(void *ctx)
{
    struct gm_work *w = ctx;
    struct hash h;
    return peer_gm_sm3(w->peer, bytes_of(w->plain, w->hashed), &h);
}

/* OpenSSL's, then ours, which is compared with it. */
enum { SIGN, VERIFY, OPERATION_END = 4 };
static const struct {
    const char *ours, *theirs;
    enum err (*our_act)(void *ctx), (*their_act)(void *ctx);
    size_t hashed;
} OPERATIONS[] = {
    [SIGN] = { "SM2 sign, ours", "SM2 sign, OpenSSL", sign, their_sign, 0 },
    [VERIFY] = { "SM2 verify, ours", "SM2 verify, OpenSSL", verify, their_verify, 0 },
    { "SM3 of 64 B, ours", "SM3 of 64 B, OpenSSL", hash, their_hash, SHORT },
    { "SM3 of 64 KiB, ours", "SM3 of 64 KiB, OpenSSL", hash, their_hash, LONG },
};
_Static_assert(COUNT(OPERATIONS) == OPERATION_END, "each has a row");
_Static_assert(2 * OPERATION_END == BENCH_GM_ROWS, "what bench_crypto plans for");

static enum err operations(struct bench *b, size_t from, size_t to)
{
    struct gm_work w = { .seed = { 0x42 } };
    TRY(peer_gm_open(w.seed, NULL, &w.peer));
    suite_gm()->public_of(NULL, w.seed, w.public_key);
    suite_gm()->sign(NULL, w.seed, message(&w), w.signature);
    enum err e = peer_gm_sign(w.peer, message(&w), w.theirs);
    for (size_t i = from; e == ERR_NONE && i <= to; i++) {
        w.hashed = OPERATIONS[i].hashed;
        e = bench_act(b, OPERATIONS[i].theirs, NULL, w.hashed, OPERATIONS[i].their_act, &w);
        if (e == ERR_NONE) {
            e = bench_act(b, OPERATIONS[i].ours, OPERATIONS[i].theirs, w.hashed,
                          OPERATIONS[i].our_act, &w);
        }
    }
    peer_gm_close(w.peer);
    return e;
}

enum err bench_gm_verify(struct bench *b)
{
    return operations(b, VERIFY, VERIFY);
}

enum err bench_gm(struct bench *b)
{
    return operations(b, 0, OPERATION_END - 1);
}
