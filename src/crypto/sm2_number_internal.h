/* sm2_number_internal — sums and differences of four limbs, with and without a modulus, in line.
 * Each takes as long for any value: no branch, no table. */
#ifndef CARNET_CRYPTO_SM2_NUMBER_INTERNAL_H
#define CARNET_CRYPTO_SM2_NUMBER_INTERNAL_H

#include "crypto/sm2_internal.h"

__extension__ typedef unsigned __int128 sm2_wide;

/* t + a · b, low half, the high half left as carry. */
static inline uint64_t sm2_add_product(uint64_t *carry, uint64_t t, uint64_t a, uint64_t b)
{
    sm2_wide x = (sm2_wide)a * b + t + *carry;
    *carry = (uint64_t)(x >> 64);
    return (uint64_t)x;
}

static inline uint64_t sm2_add_carry(uint64_t *carry, uint64_t a, uint64_t b)
{
    sm2_wide x = (sm2_wide)a + b + *carry;
    *carry = (uint64_t)(x >> 64);
    return (uint64_t)x;
}

static inline uint64_t sm2_sub_borrow(uint64_t *borrow, uint64_t a, uint64_t b)
{
    sm2_wide x = (sm2_wide)a - b - *borrow;
    *borrow = (uint64_t)(x >> 64) & 1;
    return (uint64_t)x;
}

/* out = a + b, giving the carry; out = a - b, giving the borrow. */
static inline uint64_t sm2_number_add(struct sm2_number *out, const struct sm2_number *a,
                                      const struct sm2_number *b)
{
    uint64_t carry = 0;
    out->limb[0] = sm2_add_carry(&carry, a->limb[0], b->limb[0]);
    out->limb[1] = sm2_add_carry(&carry, a->limb[1], b->limb[1]);
    out->limb[2] = sm2_add_carry(&carry, a->limb[2], b->limb[2]);
    out->limb[3] = sm2_add_carry(&carry, a->limb[3], b->limb[3]);
    return carry;
}

static inline uint64_t sm2_number_sub(struct sm2_number *out, const struct sm2_number *a,
                                      const struct sm2_number *b)
{
    uint64_t borrow = 0;
    out->limb[0] = sm2_sub_borrow(&borrow, a->limb[0], b->limb[0]);
    out->limb[1] = sm2_sub_borrow(&borrow, a->limb[1], b->limb[1]);
    out->limb[2] = sm2_sub_borrow(&borrow, a->limb[2], b->limb[2]);
    out->limb[3] = sm2_sub_borrow(&borrow, a->limb[3], b->limb[3]);
    return borrow;
}

/* out = a + m, or a where `mask` is zero; else it is all ones. */
static inline void sm2_add_masked(struct sm2_number *out, const struct sm2_number *a,
                                  const struct sm2_number *m, uint64_t mask)
{
    struct sm2_number x = { { m->limb[0] & mask, m->limb[1] & mask, m->limb[2] & mask,
                              m->limb[3] & mask } };
    (void)sm2_number_add(out, a, &x);
}

/* What is below 2m, its carry beside it, below m. */
static inline void sm2_reduce_once(struct sm2_number *out, uint64_t carry,
                                   const struct sm2_number *a, const struct sm2_number *m)
{
    struct sm2_number less;
    uint64_t borrow = sm2_number_sub(&less, a, m);
    sm2_add_masked(out, &less, m, carry - borrow); /* a carry comes with a borrow */
}

static inline void sm2_add_modulo(struct sm2_number *out, const struct sm2_number *a,
                                  const struct sm2_number *b, const struct sm2_number *m)
{
    struct sm2_number sum;
    uint64_t carry = sm2_number_add(&sum, a, b);
    sm2_reduce_once(out, carry, &sum, m);
}

static inline void sm2_sub_modulo(struct sm2_number *out, const struct sm2_number *a,
                                  const struct sm2_number *b, const struct sm2_number *m)
{
    struct sm2_number rest;
    uint64_t borrow = sm2_number_sub(&rest, a, b);
    sm2_add_masked(out, &rest, m, 0 - borrow);
}

#endif
