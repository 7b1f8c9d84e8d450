#include "crypto/sm2_field_internal.h"

#include <string.h>

#include "crypto/hash.h"
#include "crypto/openssl.h"
#include "crypto/secret.h"
#include "crypto/suite.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

/* The numbers of one act, freed together; what is freed has been wiped. With the generator alone
 * OpenSSL walks a ladder of fixed length (ec_mult.c), and its arithmetic of Montgomery form takes
 * as long for each value. A library that has no memory left for them is a mistake of ours. */
struct act {
    BN_CTX *ctx;
    EC_GROUP *group;
    EC_POINT *point;
    BN_MONT_CTX *mont;
    const BIGNUM *n;
    BIGNUM *x, *y, *secret, *nonce;
};

static void must(bool done)
{
    ASSERT(done);
}

static void act_begin(struct act *a)
{
    *a = (struct act){ .ctx = BN_CTX_secure_new(),
                       .group = EC_GROUP_new_by_curve_name(NID_sm2),
                       .mont = BN_MONT_CTX_new(),
                       .x = BN_new(),
                       .y = BN_new(),
                       .secret = BN_secure_new(),
                       .nonce = BN_secure_new() };
    const void *const made[] = { a->ctx, a->group, a->mont, a->x, a->y, a->secret, a->nonce };
    for (size_t i = 0; i < COUNT(made); i++) {
        must(made[i] != NULL);
    }
    a->point = EC_POINT_new(a->group);
    a->n = EC_GROUP_get0_order(a->group);
    must(a->point != NULL);
    must(BN_MONT_CTX_set(a->mont, a->n, a->ctx) == 1);
    BN_set_flags(a->secret, BN_FLG_CONSTTIME);
    BN_set_flags(a->nonce, BN_FLG_CONSTTIME);
}

static void act_end(struct act *a)
{
    BN_clear_free(a->x);
    BN_clear_free(a->y);
    BN_clear_free(a->secret);
    BN_clear_free(a->nonce);
    EC_POINT_clear_free(a->point);
    EC_GROUP_free(a->group);
    BN_MONT_CTX_free(a->mont);
    BN_CTX_free(a->ctx);
}

/* 32 bytes, most significant first. */
static void put_number(const BIGNUM *x, uint8_t out[SM2_NUMBER_SIZE])
{
    must(BN_bn2binpad(x, out, SM2_NUMBER_SIZE) == SM2_NUMBER_SIZE);
}

/* x and y of [k]G. */
static void multiply(struct act *a, const BIGNUM *k)
{
    must(EC_POINT_mul(a->group, a->point, k, NULL, NULL, a->ctx) == 1);
    must(EC_POINT_get_affine_coordinates(a->group, a->point, a->x, a->y, a->ctx) == 1);
}

void sm2_public_from(const uint8_t private_key[SM2_NUMBER_SIZE],
                     uint8_t public_key[SM2_PUBLIC_SIZE])
{
    struct act a;
    act_begin(&a);
    must(BN_bin2bn(private_key, SM2_NUMBER_SIZE, a.secret) != NULL);
    multiply(&a, a.secret);
    public_key[0] = 4;
    put_number(a.x, public_key + 1);
    put_number(a.y, public_key + 1 + SM2_NUMBER_SIZE);
    act_end(&a);
}

/* secret = (1 + secret)^-1 (nonce + r) - r, which is (1 + d)^-1 (k - r d) with one product less.
 * The inverse is a power, by Fermat. False: nonce + r or the outcome is zero. */
static bool finish(struct act *a, const BIGNUM *r)
{
    must(BN_mod_add_quick(a->nonce, a->nonce, r, a->n) == 1);
    must(BN_copy(a->y, a->n) != NULL);
    must(BN_sub_word(a->y, 2) == 1);
    must(BN_mod_add_quick(a->secret, a->secret, BN_value_one(), a->n) == 1);
    if (BN_is_zero(a->nonce)) {
        return false;
    }
    must(BN_mod_exp_mont_consttime(a->secret, a->secret, a->y, a->n, a->ctx, a->mont) == 1);
    must(BN_to_montgomery(a->secret, a->secret, a->mont, a->ctx) == 1);
    must(BN_mod_mul_montgomery(a->secret, a->secret, a->nonce, a->mont, a->ctx) == 1);
    must(BN_mod_sub_quick(a->secret, a->secret, r, a->n) == 1);
    return !BN_is_zero(a->secret);
}

bool sm2_sign_with(const uint8_t private_key[SM2_NUMBER_SIZE], const uint8_t nonce[SM2_NUMBER_SIZE],
                   const struct hash *e, uint8_t signature[SM2_SIGNATURE_SIZE])
{
    struct act a;
    act_begin(&a);
    BIGNUM *r = BN_bin2bn(e->b, HASH_SIZE, NULL);
    must(r != NULL);
    must(BN_bin2bn(private_key, SM2_NUMBER_SIZE, a.secret) != NULL);
    must(BN_bin2bn(nonce, SM2_NUMBER_SIZE, a.nonce) != NULL);
    multiply(&a, a.nonce);
    must(BN_mod_add(r, r, a.x, a.n, a.ctx) == 1);
    bool good = !BN_is_zero(r) && finish(&a, r);
    if (good) {
        put_number(r, signature);
        put_number(a.secret, signature + SM2_NUMBER_SIZE);
    }
    BN_free(r);
    act_end(&a);
    return good;
}

/* One in 2^32 candidates is out of range; what has been passed over says nothing of what has not.
 */
enum { CANDIDATES_MAX = 256 };

/* The first candidate from `*count` on that is 1 … n - 1, or 1 … n - 2 when it is a private key. */
static void draw(const char *tag, struct bytes from, bool private_key, unsigned *count,
                 uint8_t out[SM2_NUMBER_SIZE])
{
    static const struct sm2_number one = { { 1 } };
    struct sm2_number top = SM2_N, number;
    struct hash h;
    bool good = false;
    if (private_key) {
        (void)sm2_number_sub(&top, &SM2_N, &one);
    }
    while (!good) {
        ASSERT(*count < CANDIDATES_MAX);
        uint8_t counter = (uint8_t)(*count)++;
        hash_tagged2(suite_gm(), tag, from, bytes_of(&counter, 1), &h);
        sm2_number_read(&number, h.b);
        good = !sm2_number_is_zero(&number) && sm2_number_below(&number, &top);
    }
    memcpy(out, h.b, SM2_NUMBER_SIZE);
    secret_wipe(&h, sizeof h);
    secret_wipe(&number, sizeof number);
}

static void private_of(const uint8_t seed[SM2_SEED_SIZE], uint8_t out[SM2_NUMBER_SIZE])
{
    unsigned count = 0;
    draw("carnet/sm2-key/v1", bytes_of(seed, SM2_SEED_SIZE), true, &count, out);
}

void sm2_public_of(const uint8_t seed[SM2_SEED_SIZE], uint8_t public_key[SM2_PUBLIC_SIZE])
{
    uint8_t private_key[SM2_NUMBER_SIZE];
    private_of(seed, private_key);
    sm2_public_from(private_key, public_key);
    secret_wipe(private_key, sizeof private_key);
}

void sm2_sign(const uint8_t seed[SM2_SEED_SIZE], struct bytes msg,
              uint8_t signature[SM2_SIGNATURE_SIZE])
{
    uint8_t private_key[SM2_NUMBER_SIZE], nonce[SM2_NUMBER_SIZE], from[SM2_SEED_SIZE + HASH_SIZE];
    uint8_t public_key[SM2_PUBLIC_SIZE];
    struct hash e;
    unsigned count = 0;
    private_of(seed, private_key);
    sm2_public_from(private_key, public_key);
    sm2_digest(public_key, msg, &e);
    memcpy(from, seed, SM2_SEED_SIZE);
    memcpy(from + SM2_SEED_SIZE, e.b, HASH_SIZE);
    do {
        draw("carnet/sm2-nonce/v1", bytes_of(from, sizeof from), false, &count, nonce);
    } while (!sm2_sign_with(private_key, nonce, &e, signature));
    secret_wipe(private_key, sizeof private_key);
    secret_wipe(nonce, sizeof nonce);
    secret_wipe(from, sizeof from);
}
