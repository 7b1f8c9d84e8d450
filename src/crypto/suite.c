#include "crypto/suite.h"

/* OpenSSL's own words for SHA-256 since 3.0 are EVP, which allocates a context for each hash; these
 * older ones work in plain memory, so a copy forks the hash, and use the same instructions. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <sodium.h>

#include "crypto/ed25519_verify.h"

_Static_assert(sizeof(SHA256_CTX) <= HASH_STATE_SIZE, "the state fits a hasher");
_Static_assert(SHA256_DIGEST_LENGTH == HASH_SIZE, "SHA-256 gives a hash");
_Static_assert(crypto_sign_SEEDBYTES == SUITE_SECRET_SIZE, "an Ed25519 seed is a secret");
_Static_assert((int)crypto_sign_PUBLICKEYBYTES == ED25519_PUBLIC_SIZE, "RFC 8032 5.1.5");
_Static_assert((int)crypto_sign_BYTES == ED25519_SIGNATURE_SIZE, "RFC 8032 5.1.6");

static void sha256_init(void *state)
{
    int done = SHA256_Init(state);
    ASSERT(done == 1);
}

static void sha256_update(void *state, struct bytes x)
{
    int done = SHA256_Update(state, x.ptr, x.len);
    ASSERT(done == 1);
}

static void sha256_final(void *state, struct hash *out)
{
    int done = SHA256_Final(out->b, state);
    ASSERT(done == 1);
    sodium_memzero(state, sizeof(SHA256_CTX)); /* secrets are hashed too */
}

static void ed25519_public_of(void *ctx, const uint8_t seed[SUITE_SECRET_SIZE], uint8_t *public_key)
{
    (void)ctx;
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    int failed = crypto_sign_seed_keypair(public_key, secret, seed);
    sodium_memzero(secret, sizeof secret);
    ASSERT(failed == 0);
}

static void ed25519_sign(void *ctx, const uint8_t seed[SUITE_SECRET_SIZE], struct bytes msg,
                         uint8_t *signature)
{
    (void)ctx;
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    int failed = crypto_sign_seed_keypair(public_key, secret, seed);
    ASSERT(failed == 0);
    failed = crypto_sign_detached(signature, NULL, msg.ptr, msg.len, secret);
    sodium_memzero(secret, sizeof secret);
    ASSERT(failed == 0);
}

static bool ed25519_check(void *ctx, struct bytes public_key, struct bytes msg,
                          struct bytes signature)
{
    (void)ctx;
    if (public_key.len != ED25519_PUBLIC_SIZE || signature.len != ED25519_SIGNATURE_SIZE) {
        return false;
    }
    return ed25519_verify(public_key.ptr, msg, signature.ptr);
}

/* What has the wrong size is bad by itself and stays out of the batch. */
static bool ed25519_check_batch(void *ctx, const struct suite_item *item, size_t count, bool *good)
{
    (void)ctx;
    bool all = true;
    for (size_t from = 0; from < count; from += ED25519_BATCH_MAX) {
        struct ed25519_item batch[ED25519_BATCH_MAX];
        size_t at[ED25519_BATCH_MAX], n = 0;
        bool verdict[ED25519_BATCH_MAX];
        for (size_t i = from; i < count && i < from + ED25519_BATCH_MAX; i++) {
            good[i] = item[i].public_key.len == ED25519_PUBLIC_SIZE &&
                      item[i].signature.len == ED25519_SIGNATURE_SIZE;
            all = all && good[i];
            if (good[i]) {
                at[n] = i;
                batch[n++] = (struct ed25519_item){ item[i].public_key.ptr, item[i].signature.ptr,
                                                    item[i].msg };
            }
        }
        all = ed25519_verify_batch(batch, n, verdict) && all;
        for (size_t i = 0; i < n; i++) {
            good[at[i]] = verdict[i];
        }
    }
    return all;
}

static const struct suite INTL = {
    .number = SUITE_INTL,
    .public_size = ED25519_PUBLIC_SIZE,
    .signature_size = ED25519_SIGNATURE_SIZE,
    .ctx = NULL,
    .hash_init = sha256_init,
    .hash_update = sha256_update,
    .hash_final = sha256_final,
    .public_of = ed25519_public_of,
    .sign = ed25519_sign,
    .verify = ed25519_check,
    .verify_batch = ed25519_check_batch,
};

const struct suite *suite_intl(void)
{
    return &INTL;
}

const struct suite *suite_by_number(uint32_t number)
{
    return number == SUITE_INTL ? &INTL : number == SUITE_GM ? suite_gm() : NULL;
}

void suite_sign_tagged(const struct suite *s, const uint8_t seed[SUITE_SECRET_SIZE],
                       const char *tag, struct bytes msg, uint8_t *signature)
{
    struct hash h;
    hash_tagged(s, tag, msg, &h);
    s->sign(s->ctx, seed, (struct bytes){ h.b, HASH_SIZE }, signature);
}

bool suite_verify_tagged(const struct suite *s, struct bytes public_key, const char *tag,
                         struct bytes msg, struct bytes signature)
{
    struct hash h;
    hash_tagged(s, tag, msg, &h);
    return s->verify(s->ctx, public_key, (struct bytes){ h.b, HASH_SIZE }, signature);
}

bool suite_verify_batch(const struct suite *s, const struct suite_item *item, size_t count,
                        bool *good)
{
    if (s->verify_batch != NULL) {
        return s->verify_batch(s->ctx, item, count, good);
    }
    bool all = true;
    for (size_t i = 0; i < count; i++) {
        good[i] = s->verify(s->ctx, item[i].public_key, item[i].msg, item[i].signature);
        all = all && good[i];
    }
    return all;
}
