/* What suite gm costs: the same operations as those of suite intl, beside no library, for OpenSSL's
 * draw a nonce and build a key each time. */
#include "cli/bench_internal.h"
#include "crypto/suite.h"

enum { LONG = 64 * 1024, SHORT = 64 };

struct gm_work {
    uint8_t seed[SUITE_SECRET_SIZE], public_key[SUITE_KEY_SIZE_MAX];
    uint8_t signature[SUITE_SIGNATURE_SIZE_MAX], plain[LONG];
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

static enum err hash_short(void *ctx)
{
    struct gm_work *w = ctx;
    struct hash h;
    hash_plain(suite_gm(), bytes_of(w->plain, SHORT), &h);
    return ERR_NONE;
}

static enum err hash_long(void *ctx)
{
    struct gm_work *w = ctx;
    struct hash h;
    hash_plain(suite_gm(), bytes_of(w->plain, LONG), &h);
    return ERR_NONE;
}

static struct gm_work work_new(void)
{
    struct gm_work w = { .seed = { 0x42 } };
    suite_gm()->public_of(NULL, w.seed, w.public_key);
    suite_gm()->sign(NULL, w.seed, message(&w), w.signature);
    return w;
}

enum err bench_gm_verify(struct bench *b)
{
    struct gm_work w = work_new();
    return bench_act(b, "SM2 verify, ours", NULL, 0, verify, &w);
}

enum err bench_gm(struct bench *b)
{
    struct gm_work w = work_new();
    TRY(bench_act(b, "SM2 sign, ours", NULL, 0, sign, &w));
    TRY(bench_act(b, "SM2 verify, ours", NULL, 0, verify, &w));
    TRY(bench_act(b, "SM3 of 64 B, ours", NULL, SHORT, hash_short, &w));
    return bench_act(b, "SM3 of 64 KiB, ours", NULL, LONG, hash_long, &w);
}
