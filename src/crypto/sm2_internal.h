/* sm2_internal — the field of sm2p256v1, its scalars and points, for sm2_verify and sm2_sign.
 *
 * A number is four limbs of 64 bits, lowest first. A field element stands for a · 2^-256 modulo p
 * (Montgomery) and is always below p, so that equal elements have equal limbs. Page: docs/crypto.md
 */
#ifndef CARNET_CRYPTO_SM2_INTERNAL_H
#define CARNET_CRYPTO_SM2_INTERNAL_H

#include "crypto/sm2.h"

enum { SM2_LIMBS = 4, SM2_NUMBER_SIZE = 32, SM2_DIGITS = 257 };
/* Signed odd digits, no two of them nearer than the window is wide: 5 bits for a key (8 odd
 * multiples), 7 for the base point (32). */
enum { SM2_WINDOW = 5, SM2_MULTIPLES = 8, SM2_BASE_WINDOW = 7, SM2_BASE_MULTIPLES = 32 };

struct sm2_number {
    uint64_t limb[SM2_LIMBS];
};
struct sm2_affine {
    struct sm2_number x, y;
};
/* Jacobian coordinates: x = X/Z², y = Y/Z³; Z = 0 is the point at infinity. */
struct sm2_point {
    struct sm2_number x, y, z;
};

extern const struct sm2_number SM2_N;
/* [2i + 1]G. */
extern const struct sm2_affine SM2_BASE[SM2_BASE_MULTIPLES];

void sm2_number_read(struct sm2_number *out, const uint8_t in[SM2_NUMBER_SIZE]);
bool sm2_number_is_zero(const struct sm2_number *a);
bool sm2_number_below(const struct sm2_number *a, const struct sm2_number *b);
/* Modulo n, for both below n. */
void sm2_scalar_add(struct sm2_number *out, const struct sm2_number *a, const struct sm2_number *b);
void sm2_scalar_sub(struct sm2_number *out, const struct sm2_number *a, const struct sm2_number *b);

/* A number below p, as a field element. */
void sm2_field_enter(struct sm2_number *out, const struct sm2_number *a);
bool sm2_field_equal(const struct sm2_number *a, const struct sm2_number *b);

/* False unless `in` is 04 ‖ x ‖ y, both below p, of a point of the curve. */
bool sm2_point_read(struct sm2_affine *out, const uint8_t in[SM2_PUBLIC_SIZE]);
/* [base]G + [key]P, for scalars below n. */
void sm2_point_sum(struct sm2_point *out, const struct sm2_number *base,
                   const struct sm2_number *key, const struct sm2_affine *p);

/* Whether the point's x, a number below p, is c modulo n, for c below n: n < p < 2n, so it is c or
 * c + n. Infinity has no x. */
bool sm2_point_has_x(const struct sm2_point *p, const struct sm2_number *c);

/* e = SM3(Z ‖ msg), Z being of the identity, the curve and the key: GB/T 32918.2 5.5, 6.1. */
void sm2_digest(const uint8_t public_key[SM2_PUBLIC_SIZE], struct bytes msg, struct hash *e);
/* With private key and nonce given, both in their range; for known answers too. False: this nonce
 * gives no signature. */
bool sm2_sign_with(const uint8_t private_key[SM2_NUMBER_SIZE], const uint8_t nonce[SM2_NUMBER_SIZE],
                   const struct hash *e, uint8_t signature[SM2_SIGNATURE_SIZE]);
void sm2_public_from(const uint8_t private_key[SM2_NUMBER_SIZE],
                     uint8_t public_key[SM2_PUBLIC_SIZE]);

#endif
