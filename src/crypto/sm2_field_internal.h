/* sm2_field_internal — the field's sums and products, in line where points are added: a call costs
 * half of what a sum does. Each takes as long for any value: no branch, no table. */
#ifndef CARNET_CRYPTO_SM2_FIELD_INTERNAL_H
#define CARNET_CRYPTO_SM2_FIELD_INTERNAL_H

#include "crypto/sm2_number_internal.h"

static const struct sm2_number SM2_P = { { 0xffffffffffffffff, 0xffffffff00000000,
                                           0xffffffffffffffff, 0xfffffffeffffffff } };

/* Of field elements. */
static inline void sm2_field_add(struct sm2_number *out, const struct sm2_number *a,
                                 const struct sm2_number *b)
{
    sm2_add_modulo(out, a, b, &SM2_P);
}

static inline void sm2_field_sub(struct sm2_number *out, const struct sm2_number *a,
                                 const struct sm2_number *b)
{
    sm2_sub_modulo(out, a, b, &SM2_P);
}

/* t = (t + a · b + m · p) / 2^64 with the m that makes the lowest limb vanish: p = -1 modulo 2^64,
 * so it is that limb itself, and leaves m as the carry of the lowest place. */
static inline void sm2_row(uint64_t t[SM2_LIMBS + 1], const struct sm2_number *a, uint64_t b)
{
    uint64_t carry = 0, m = sm2_add_product(&carry, t[0], a->limb[0], b);
    t[1] = sm2_add_product(&carry, t[1], a->limb[1], b);
    t[2] = sm2_add_product(&carry, t[2], a->limb[2], b);
    t[3] = sm2_add_product(&carry, t[3], a->limb[3], b);
    uint64_t over = 0, top = sm2_add_carry(&over, t[4], carry);
    carry = m;
    t[0] = sm2_add_product(&carry, t[1], m, SM2_P.limb[1]);
    t[1] = sm2_add_product(&carry, t[2], m, SM2_P.limb[2]);
    t[2] = sm2_add_product(&carry, t[3], m, SM2_P.limb[3]);
    uint64_t last = 0;
    t[3] = sm2_add_carry(&last, top, carry);
    t[4] = over + last;
}

/* Montgomery, one limb of `b` at a time. */
static inline void sm2_field_mul(struct sm2_number *out, const struct sm2_number *a,
                                 const struct sm2_number *b)
{
    uint64_t t[SM2_LIMBS + 1] = { 0 };
    sm2_row(t, a, b->limb[0]);
    sm2_row(t, a, b->limb[1]);
    sm2_row(t, a, b->limb[2]);
    sm2_row(t, a, b->limb[3]);
    struct sm2_number sum = { { t[0], t[1], t[2], t[3] } };
    sm2_reduce_once(out, t[4], &sum, &SM2_P);
}

#endif
