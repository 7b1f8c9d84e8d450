#include "crypto/ed25519_internal.h"

#include <string.h>

__extension__ typedef unsigned __int128 wide;

#define MASK51 (((uint64_t)1 << 51) - 1)

static const struct fe FE_ZERO = { { 0, 0, 0, 0, 0 } };

void fe_from_bytes(struct fe *out, const uint8_t in[32])
{
    uint64_t a = load64(in), b = load64(in + 8), c = load64(in + 16), d = load64(in + 24);
    out->limb[0] = a & MASK51;
    out->limb[1] = (a >> 51 | b << 13) & MASK51;
    out->limb[2] = (b >> 38 | c << 26) & MASK51;
    out->limb[3] = (c >> 25 | d << 39) & MASK51;
    out->limb[4] = (d >> 12) & MASK51;
}

/* One pass of carries; 2^255 = 19 modulo p brings the last one around. Limbs below 2^59 in, below
 * 2^51 + 2^13 out. */
static void fe_carry(struct fe *a)
{
    uint64_t carry = 0;
    for (unsigned i = 0; i < FE_LIMBS; i++) {
        a->limb[i] += carry;
        carry = a->limb[i] >> 51;
        a->limb[i] &= MASK51;
    }
    a->limb[0] += 19 * carry;
}

void fe_negate(struct fe *out, const struct fe *a)
{
    fe_sub(out, &FE_ZERO, a);
    fe_carry(out);
}

void fe_to_bytes(uint8_t out[32], const struct fe *a)
{
    struct fe t = *a;
    fe_carry(&t);
    fe_carry(&t);
    /* t is now below 2^255 + 19 < 2p: t + 19 reaches 2^255 exactly when t >= p. */
    uint64_t carry = 19;
    for (unsigned i = 0; i < FE_LIMBS; i++) {
        carry = (t.limb[i] + carry) >> 51;
    }
    t.limb[0] += 19 * carry;
    carry = 0;
    for (unsigned i = 0; i < FE_LIMBS; i++) {
        t.limb[i] += carry;
        carry = t.limb[i] >> 51;
        t.limb[i] &= MASK51;
    }
    store64(out, t.limb[0] | t.limb[1] << 51);
    store64(out + 8, t.limb[1] >> 13 | t.limb[2] << 38);
    store64(out + 16, t.limb[2] >> 26 | t.limb[3] << 25);
    store64(out + 24, t.limb[3] >> 39 | t.limb[4] << 12);
}

/* Columns below 77 * 2^108 < 2^115 make carries below 2^64. The last column has no factor 19: its
 * carry is below 2^61, 19 times that and a limb fit 128 bits, and the carry into limb 1 is small.
 */
static inline void fe_from_columns(struct fe *out, wide c0, wide c1, wide c2, wide c3, wide c4)
{
    c1 += (uint64_t)(c0 >> 51);
    c2 += (uint64_t)(c1 >> 51);
    c3 += (uint64_t)(c2 >> 51);
    c4 += (uint64_t)(c3 >> 51);
    wide low = (wide)(uint64_t)(c4 >> 51) * 19 + ((uint64_t)c0 & MASK51);
    out->limb[0] = (uint64_t)low & MASK51;
    out->limb[1] = ((uint64_t)c1 & MASK51) + (uint64_t)(low >> 51);
    out->limb[2] = (uint64_t)c2 & MASK51;
    out->limb[3] = (uint64_t)c3 & MASK51;
    out->limb[4] = (uint64_t)c4 & MASK51;
}

void fe_mul(struct fe *out, const struct fe *x, const struct fe *y)
{
    const uint64_t a0 = x->limb[0], a1 = x->limb[1], a2 = x->limb[2], a3 = x->limb[3],
                   a4 = x->limb[4], b0 = y->limb[0], b1 = y->limb[1], b2 = y->limb[2],
                   b3 = y->limb[3], b4 = y->limb[4], b1_19 = 19 * b1, b2_19 = 19 * b2,
                   b3_19 = 19 * b3, b4_19 = 19 * b4;
    fe_from_columns(
        out,
        (wide)a0 * b0 + (wide)a1 * b4_19 + (wide)a2 * b3_19 + (wide)a3 * b2_19 + (wide)a4 * b1_19,
        (wide)a0 * b1 + (wide)a1 * b0 + (wide)a2 * b4_19 + (wide)a3 * b3_19 + (wide)a4 * b2_19,
        (wide)a0 * b2 + (wide)a1 * b1 + (wide)a2 * b0 + (wide)a3 * b4_19 + (wide)a4 * b3_19,
        (wide)a0 * b3 + (wide)a1 * b2 + (wide)a2 * b1 + (wide)a3 * b0 + (wide)a4 * b4_19,
        (wide)a0 * b4 + (wide)a1 * b3 + (wide)a2 * b2 + (wide)a3 * b1 + (wide)a4 * b0);
}

static inline void square(struct fe *out, const struct fe *x)
{
    const uint64_t a0 = x->limb[0], a1 = x->limb[1], a2 = x->limb[2], a3 = x->limb[3],
                   a4 = x->limb[4], twice0 = 2 * a0, twice1 = 2 * a1, a3_19 = 19 * a3,
                   a4_19 = 19 * a4;
    fe_from_columns(out, (wide)a0 * a0 + (wide)twice1 * a4_19 + (wide)(2 * a2) * a3_19,
                    (wide)twice0 * a1 + (wide)(2 * a2) * a4_19 + (wide)a3 * a3_19,
                    (wide)twice0 * a2 + (wide)a1 * a1 + (wide)(2 * a3) * a4_19,
                    (wide)twice0 * a3 + (wide)twice1 * a2 + (wide)a4 * a4_19,
                    (wide)twice0 * a4 + (wide)twice1 * a3 + (wide)a2 * a2);
}

void fe_square(struct fe *out, const struct fe *x)
{
    square(out, x);
}

/* out = a^(2^n) * b. */
static void fe_square_n_mul(struct fe *out, const struct fe *a, unsigned n, const struct fe *b)
{
    struct fe t = *a;
    for (unsigned i = 0; i < n; i++) {
        square(&t, &t);
    }
    fe_mul(out, &t, b);
}

/* Names say how many one-bits the exponent has: a_n is a^(2^n - 1). */
void fe_pow_p58(struct fe *out, const struct fe *a)
{
    struct fe a2, a4, a5, a10, a20, a40, a50, a100, a200, a250;
    fe_square_n_mul(&a2, a, 1, a);
    fe_square_n_mul(&a4, &a2, 2, &a2);
    fe_square_n_mul(&a5, &a4, 1, a);
    fe_square_n_mul(&a10, &a5, 5, &a5);
    fe_square_n_mul(&a20, &a10, 10, &a10);
    fe_square_n_mul(&a40, &a20, 20, &a20);
    fe_square_n_mul(&a50, &a40, 10, &a10);
    fe_square_n_mul(&a100, &a50, 50, &a50);
    fe_square_n_mul(&a200, &a100, 100, &a100);
    fe_square_n_mul(&a250, &a200, 50, &a50);
    fe_square_n_mul(out, &a250, 2, a);
}

bool fe_equal(const struct fe *a, const struct fe *b)
{
    uint8_t x[32], y[32];
    fe_to_bytes(x, a);
    fe_to_bytes(y, b);
    return memcmp(x, y, sizeof x) == 0;
}

bool fe_is_zero(const struct fe *a)
{
    return fe_equal(a, &FE_ZERO);
}

bool fe_is_odd(const struct fe *a)
{
    uint8_t x[32];
    fe_to_bytes(x, a);
    return (x[0] & 1) != 0;
}
