/* ed25519_internal — the field of 2^255 - 19 and the scalars modulo L, for ed25519_verify only.
 *
 * A field element is five limbs of 51 bits. fe_from_bytes, fe_mul and fe_square give limbs below
 * u = 2^51 + 2^13 and take limbs below 2^54; fe_add and fe_sub do not carry, so each user counts in
 * units of u: a sum is as large as both, a difference 4 units larger than what it is taken from,
 * what is taken away is at most 3 units, and 7 may still be multiplied. Variable-time: no secret
 * enters. Page: docs/crypto.md */
#ifndef CARNET_CRYPTO_ED25519_INTERNAL_H
#define CARNET_CRYPTO_ED25519_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

enum { FE_LIMBS = 5, SCALAR_SIZE = 32, SCALAR_WIDE_SIZE = 64 };

struct fe {
    uint64_t limb[FE_LIMBS];
};

static inline uint64_t load64(const uint8_t *in)
{
    uint64_t x = 0;
    for (unsigned i = 0; i < 8; i++) {
        x |= (uint64_t)in[i] << (8 * i);
    }
    return x;
}

static inline void store64(uint8_t *out, uint64_t x)
{
    for (unsigned i = 0; i < 8; i++) {
        out[i] = (uint8_t)(x >> (8 * i));
    }
}

static inline void fe_add(struct fe *out, const struct fe *a, const struct fe *b)
{
    for (unsigned i = 0; i < FE_LIMBS; i++) {
        out->limb[i] = a->limb[i] + b->limb[i];
    }
}

/* 4p is added first: its limbs are above 3 units, so that no difference is negative. */
static inline void fe_sub(struct fe *out, const struct fe *a, const struct fe *b)
{
    const uint64_t mask = ((uint64_t)1 << 51) - 1;
    out->limb[0] = a->limb[0] + 4 * (mask - 18) - b->limb[0];
    for (unsigned i = 1; i < FE_LIMBS; i++) {
        out->limb[i] = a->limb[i] + 4 * mask - b->limb[i];
    }
}

/* The 255 low bits as a little-endian number, taken modulo p: y >= p is no error (ZIP 215). */
void fe_from_bytes(struct fe *out, const uint8_t in[32]);
/* The one representative below p. */
void fe_to_bytes(uint8_t out[32], const struct fe *a);
/* -a, carried. */
void fe_negate(struct fe *out, const struct fe *a);
void fe_mul(struct fe *out, const struct fe *a, const struct fe *b);
void fe_square(struct fe *out, const struct fe *a);
/* a^((p - 5) / 8) = a^(2^252 - 3), from which RFC 8032 5.1.3 takes square roots. */
void fe_pow_p58(struct fe *out, const struct fe *a);
bool fe_equal(const struct fe *a, const struct fe *b);
bool fe_is_zero(const struct fe *a);
bool fe_is_odd(const struct fe *a);

/* RFC 8032 5.1.7 step 1: a little-endian number below L. */
bool scalar_is_canonical(const uint8_t s[SCALAR_SIZE]);
/* A 512-bit little-endian number modulo L. */
void scalar_reduce(uint8_t out[SCALAR_SIZE], const uint8_t wide[SCALAR_WIDE_SIZE]);
/* out = (a * b + c) modulo L, for c below L; out may be any of them. */
void scalar_mul_add(uint8_t out[SCALAR_SIZE], const uint8_t a[SCALAR_SIZE],
                    const uint8_t b[SCALAR_SIZE], const uint8_t c[SCALAR_SIZE]);

/* k * factor = rest, or -rest where `minus` says so, modulo L, with 0 < factor < 2^126 and 0 <=
 * rest < 2^127, for k below L. */
struct scalar_halves {
    uint8_t factor[SCALAR_SIZE], rest[SCALAR_SIZE];
    bool minus;
};
void scalar_halve(struct scalar_halves *out, const uint8_t k[SCALAR_SIZE]);

#endif
