#include "crypto/ed25519_verify.h"

/* Plain memory and no allocation, as suite.c does for SHA-256. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <string.h>

#include "crypto/ed25519_point_internal.h"

/* k = SHA-512(R ‖ A ‖ M) modulo L, over R and A as received, whether canonical or not. */
static void challenge(uint8_t k[SCALAR_SIZE], const uint8_t *r, const uint8_t *a, struct bytes msg)
{
    SHA512_CTX state;
    uint8_t wide[SCALAR_WIDE_SIZE];
    _Static_assert(sizeof wide == SHA512_DIGEST_LENGTH, "SHA-512 gives what is reduced");
    bool done = SHA512_Init(&state) == 1 && SHA512_Update(&state, r, 32) == 1 &&
                SHA512_Update(&state, a, ED25519_PUBLIC_SIZE) == 1 &&
                SHA512_Update(&state, msg.ptr, msg.len) == 1 && SHA512_Final(wide, &state) == 1;
    ASSERT(done);
    scalar_reduce(k, wide);
}

/* Of the equation [8]([s]B - [k]A - R) = 0 each side may be taken f times, for any f that L does
 * not divide: what [8] leaves has order L or 1, so nothing is lost and nothing is gained. The f of
 * scalar_halve makes both f and f * k half as long, and with them the walk: [8]([f s]B - [f k]A -
 * [f]R) = 0. Cofactorless rules do not allow this; ZIP 215 does. */
bool ed25519_verify(const uint8_t public_key[ED25519_PUBLIC_SIZE], struct bytes msg,
                    const uint8_t signature[ED25519_SIGNATURE_SIZE])
{
    const uint8_t *s = signature + 32;
    static const uint8_t zero[SCALAR_SIZE];
    struct point a, r;
    if (!scalar_is_canonical(s) || !point_decode(&a, public_key) || !point_decode(&r, signature)) {
        return false;
    }
    uint8_t k[SCALAR_SIZE], base[SCALAR_SIZE];
    struct scalar_halves half;
    struct term term[2];
    challenge(k, signature, public_key, msg);
    scalar_halve(&half, k);
    scalar_mul_add(base, s, half.factor, zero);
    term_init(&term[0], &a, half.rest, !half.minus);
    term_init(&term[1], &r, half.factor, true);
    return sum_is_small(term, 2, base);
}

enum { COEFFICIENT_SIZE = 16 };

/* What the coefficients of a batch are drawn from: all of it, so that they are fixed only after it
 * is. k stands for the message, being its hash. */
static void batch_seed(uint8_t seed[64], const struct ed25519_item *item, size_t count,
                       const uint8_t (*k)[SCALAR_SIZE])
{
    SHA512_CTX state;
    bool done = SHA512_Init(&state) == 1;
    for (size_t i = 0; i < count; i++) {
        done = done && SHA512_Update(&state, item[i].signature, ED25519_SIGNATURE_SIZE) == 1 &&
               SHA512_Update(&state, item[i].public_key, ED25519_PUBLIC_SIZE) == 1 &&
               SHA512_Update(&state, k[i], SCALAR_SIZE) == 1;
    }
    done = done && SHA512_Final(seed, &state) == 1;
    ASSERT(done);
}

/* 128 bits each: four a hash. */
static void coefficient_of(uint8_t z[SCALAR_SIZE], const uint8_t seed[64], size_t i)
{
    enum { IN_ONE = 64 / COEFFICIENT_SIZE };
    uint8_t in[65], out[64];
    memcpy(in, seed, 64);
    in[64] = (uint8_t)(i / IN_ONE);
    SHA512(in, sizeof in, out);
    memset(z, 0, SCALAR_SIZE);
    memcpy(z, out + i % IN_ONE * COEFFICIENT_SIZE, COEFFICIENT_SIZE);
}

/* [8]([sum of z s]B - sum of [z k]A - sum of [z]R) = 0. Were one of the equations false, the z that
 * hide it would be one in 2^128 (its prime-order part is not zero, and multiplies z), and who looks
 * for such a batch must change it, which draws all z anew. False when anything is doubtful. */
static bool batch_is_good(const struct ed25519_item *item, size_t count)
{
    struct term term[2 * ED25519_BATCH_MAX];
    uint8_t k[ED25519_BATCH_MAX][SCALAR_SIZE], base[SCALAR_SIZE] = { 0 }, seed[64];
    static const uint8_t zero[SCALAR_SIZE];
    ASSERT(count <= ED25519_BATCH_MAX);
    for (size_t i = 0; i < count; i++) {
        challenge(k[i], item[i].signature, item[i].public_key, item[i].msg);
    }
    batch_seed(seed, item, count, k);
    for (size_t i = 0; i < count; i++) {
        uint8_t z[SCALAR_SIZE], zk[SCALAR_SIZE];
        const uint8_t *s = item[i].signature + 32;
        struct point a, r;
        if (!scalar_is_canonical(s) || !point_decode(&a, item[i].public_key) ||
            !point_decode(&r, item[i].signature)) {
            return false;
        }
        coefficient_of(z, seed, i);
        scalar_mul_add(base, z, s, base);
        scalar_mul_add(zk, z, k[i], zero);
        term_init(&term[2 * i], &a, zk, true);
        term_init(&term[2 * i + 1], &r, z, true);
    }
    return sum_is_small(term, 2 * count, base);
}

bool ed25519_verify_batch(const struct ed25519_item *item, size_t count, bool *good)
{
    enum { BATCH_MIN = 4 }; /* below, halved scalars are faster than a shared walk of whole ones */
    bool all = true;
    for (size_t from = 0; from < count; from += ED25519_BATCH_MAX) {
        size_t n = count - from < ED25519_BATCH_MAX ? count - from : ED25519_BATCH_MAX;
        bool together = n >= BATCH_MIN && batch_is_good(item + from, n);
        for (size_t i = from; i < from + n; i++) {
            good[i] =
                together || ed25519_verify(item[i].public_key, item[i].msg, item[i].signature);
            all = all && good[i];
        }
    }
    return all;
}
