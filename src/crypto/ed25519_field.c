#include "crypto/ed25519_internal.h"

#include <string.h>

__extension__ typedef unsigned __int128 wide;

#define MASK51 (((uint64_t)1 << 51) - 1)

static const struct fe FE_ZERO = { { 0, 0, 0, 0, 0 } };

static uint64_t load64(const uint8_t *in)
{
    uint64_t x = 0;
    for (unsigned i = 0; i < 8; i++) {
        x |= (uint64_t)in[i] << (8 * i);
    }
    return x;
}

static void store64(uint8_t *out, uint64_t x)
{
    for (unsigned i = 0; i < 8; i++) {
        out[i] = (uint8_t)(x >> (8 * i));
    }
}

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

void fe_add(struct fe *out, const struct fe *a, const struct fe *b)
{
    for (unsigned i = 0; i < FE_LIMBS; i++) {
        out->limb[i] = a->limb[i] + b->limb[i];
    }
}

/* 8p is added first: its limbs are above 2^53, so that no difference is negative. */
void fe_sub(struct fe *out, const struct fe *a, const struct fe *b)
{
    for (unsigned i = 0; i < FE_LIMBS; i++) {
        uint64_t p8 = 8 * (i == 0 ? MASK51 - 18 : MASK51);
        out->limb[i] = a->limb[i] + p8 - b->limb[i];
    }
    fe_carry(out);
}

/* Limbs below 2^53 make columns below 77 * 2^106 < 2^113, so a carry is below 2^62. The last column
 * has no factor 19: its carry is below 2^58, and 19 times that adds less than 2^12 to limb 1. */
static void fe_from_columns(struct fe *out, const wide column[FE_LIMBS])
{
    wide carry = 0;
    for (unsigned i = 0; i < FE_LIMBS; i++) {
        carry += column[i];
        out->limb[i] = (uint64_t)carry & MASK51;
        carry >>= 51;
    }
    carry = carry * 19 + out->limb[0];
    out->limb[0] = (uint64_t)carry & MASK51;
    out->limb[1] += (uint64_t)(carry >> 51);
}

void fe_mul(struct fe *out, const struct fe *x, const struct fe *y)
{
    const uint64_t *a = x->limb, *b = y->limb;
    uint64_t b1 = 19 * b[1], b2 = 19 * b[2], b3 = 19 * b[3], b4 = 19 * b[4];
    wide column[FE_LIMBS] = {
        (wide)a[0] * b[0] + (wide)a[1] * b4 + (wide)a[2] * b3 + (wide)a[3] * b2 + (wide)a[4] * b1,
        (wide)a[0] * b[1] + (wide)a[1] * b[0] + (wide)a[2] * b4 + (wide)a[3] * b3 + (wide)a[4] * b2,
        (wide)a[0] * b[2] + (wide)a[1] * b[1] + (wide)a[2] * b[0] + (wide)a[3] * b4 +
            (wide)a[4] * b3,
        (wide)a[0] * b[3] + (wide)a[1] * b[2] + (wide)a[2] * b[1] + (wide)a[3] * b[0] +
            (wide)a[4] * b4,
        (wide)a[0] * b[4] + (wide)a[1] * b[3] + (wide)a[2] * b[2] + (wide)a[3] * b[1] +
            (wide)a[4] * b[0],
    };
    fe_from_columns(out, column);
}

void fe_square(struct fe *out, const struct fe *x)
{
    const uint64_t *a = x->limb;
    uint64_t a0 = 2 * a[0], a1 = 2 * a[1], a3 = 19 * a[3], a4 = 19 * a[4];
    wide column[FE_LIMBS] = {
        (wide)a[0] * a[0] + (wide)a1 * a4 + (wide)(2 * a[2]) * a3,
        (wide)a0 * a[1] + (wide)(2 * a[2]) * a4 + (wide)a[3] * a3,
        (wide)a0 * a[2] + (wide)a[1] * a[1] + (wide)(2 * a[3]) * a4,
        (wide)a0 * a[3] + (wide)a1 * a[2] + (wide)a[4] * a4,
        (wide)a0 * a[4] + (wide)a1 * a[3] + (wide)a[2] * a[2],
    };
    fe_from_columns(out, column);
}

/* out = a^(2^n) * b. */
static void fe_square_n_mul(struct fe *out, const struct fe *a, unsigned n, const struct fe *b)
{
    struct fe t = *a;
    for (unsigned i = 0; i < n; i++) {
        fe_square(&t, &t);
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

/* L = 2^252 + C, little-endian limbs. */
static const uint64_t L[4] = { 0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 0x1000000000000000 };

bool scalar_is_canonical(const uint8_t s[SCALAR_SIZE])
{
    for (unsigned i = 4; i-- > 0;) {
        uint64_t limb = load64(s + 8 * i);
        if (limb != L[i]) {
            return limb < L[i];
        }
    }
    return false;
}

/* r = (r * 2^32 + digit) mod L, for r < L. Let x = r * 2^32 + digit and q = x >> 252, so q < 2^33.
 * Then x - qL = (x mod 2^252) - qC, and qC < 2^158 < L: one addition of L mends a negative. */
static void scalar_push(uint64_t r[4], uint32_t digit)
{
    uint64_t q = r[3] >> 28;
    uint64_t t[4] = { r[0] << 32 | digit, r[1] << 32 | r[0] >> 32, r[2] << 32 | r[1] >> 32,
                      (r[3] << 32 | r[2] >> 32) & (((uint64_t)1 << 60) - 1) };
    wide product = 0;
    uint64_t borrow = 0;
    for (unsigned i = 0; i < 4; i++) {
        product += i < 2 ? (wide)q * L[i] : 0;
        wide take = (wide)(uint64_t)product + borrow;
        borrow = t[i] < take;
        r[i] = t[i] - (uint64_t)take;
        product >>= 64;
    }
    uint64_t carry = 0;
    for (unsigned i = 0; i < 4 && borrow != 0; i++) {
        wide sum = (wide)r[i] + L[i] + carry;
        r[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
}

void scalar_reduce(uint8_t out[SCALAR_SIZE], const uint8_t in[SCALAR_WIDE_SIZE])
{
    uint64_t r[4] = { 0 };
    for (unsigned i = 8; i-- > 0;) {
        uint64_t limb = load64(in + 8 * i);
        scalar_push(r, (uint32_t)(limb >> 32));
        scalar_push(r, (uint32_t)limb);
    }
    for (unsigned i = 0; i < 4; i++) {
        store64(out + 8 * i, r[i]);
    }
}
