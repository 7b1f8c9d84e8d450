/* ed25519_internal — the field of 2^255 - 19 and the scalars modulo L, for ed25519_verify only.
 *
 * A field element is five limbs of 51 bits. fe_from_bytes, fe_sub, fe_mul and fe_square give limbs
 * below 2^51 + 2^14 and take limbs below 2^53; fe_add does not carry, so up to three of those
 * results may be added up before one of the others. Variable-time: no secret enters. Page:
 * docs/crypto.md */
#ifndef CARNET_CRYPTO_ED25519_INTERNAL_H
#define CARNET_CRYPTO_ED25519_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

enum { FE_LIMBS = 5, SCALAR_SIZE = 32, SCALAR_WIDE_SIZE = 64 };

struct fe {
    uint64_t limb[FE_LIMBS];
};

/* The 255 low bits as a little-endian number, taken modulo p: y >= p is no error (ZIP 215). */
void fe_from_bytes(struct fe *out, const uint8_t in[32]);
/* The one representative below p. */
void fe_to_bytes(uint8_t out[32], const struct fe *a);
void fe_add(struct fe *out, const struct fe *a, const struct fe *b);
void fe_sub(struct fe *out, const struct fe *a, const struct fe *b);
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

#endif
