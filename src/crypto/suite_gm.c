#include "crypto/sm2.h"
#include "crypto/sm3.h"
#include "crypto/suite.h"

_Static_assert(sizeof(struct sm3) <= HASH_STATE_SIZE, "the state fits a hasher");
_Static_assert((int)SM2_SEED_SIZE == SUITE_SECRET_SIZE, "a seed is a secret");
_Static_assert((int)SM2_PUBLIC_SIZE <= SUITE_KEY_SIZE_MAX, "a key has room");
_Static_assert((int)SM2_SIGNATURE_SIZE <= SUITE_SIGNATURE_SIZE_MAX, "a signature has room");

static void hash_init(void *state)
{
    sm3_init(state);
}

static void hash_update(void *state, struct bytes x)
{
    sm3_update(state, x);
}

static void hash_final(void *state, struct hash *out)
{
    sm3_final(state, out);
}

static void public_of(void *ctx, const uint8_t seed[SUITE_SECRET_SIZE], uint8_t *public_key)
{
    (void)ctx;
    sm2_public_of(seed, public_key);
}

static void sign(void *ctx, const uint8_t seed[SUITE_SECRET_SIZE], struct bytes msg,
                 uint8_t *signature)
{
    (void)ctx;
    sm2_sign(seed, msg, signature);
}

static bool verify(void *ctx, struct bytes public_key, struct bytes msg, struct bytes signature)
{
    (void)ctx;
    return public_key.len == SM2_PUBLIC_SIZE && signature.len == SM2_SIGNATURE_SIZE &&
           sm2_verify(public_key.ptr, msg, signature.ptr);
}

/* A signature tells r and not the point behind it, so a batch saves nothing: one by one. */
static const struct suite GM = {
    .number = SUITE_GM,
    .public_size = SM2_PUBLIC_SIZE,
    .signature_size = SM2_SIGNATURE_SIZE,
    .ctx = NULL,
    .hash_init = hash_init,
    .hash_update = hash_update,
    .hash_final = hash_final,
    .public_of = public_of,
    .sign = sign,
    .verify = verify,
    .verify_batch = NULL,
};

const struct suite *suite_gm(void)
{
    return &GM;
}
