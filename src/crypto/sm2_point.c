#include "crypto/sm2_field_internal.h"

#include <string.h>

/* 1 and the curve's b, as field elements. */
static const struct sm2_number ONE = { { 0x0000000000000001, 0x00000000ffffffff, 0x0000000000000000,
                                         0x0000000100000000 } };
static const struct sm2_number B = { { 0x90d230632bc0dd42, 0x71cf379ae9b537ab, 0x527981505ea51c3c,
                                       0x240fe188ba20e2c8 } };

static void square(struct sm2_number *out, const struct sm2_number *a)
{
    sm2_field_mul(out, a, a);
}

static void twice(struct sm2_number *out, const struct sm2_number *a)
{
    sm2_field_add(out, a, a);
}

bool sm2_point_read(struct sm2_affine *out, const uint8_t in[SM2_PUBLIC_SIZE])
{
    struct sm2_number x, y, left, right, x3;
    sm2_number_read(&x, in + 1);
    sm2_number_read(&y, in + 1 + SM2_NUMBER_SIZE);
    if (in[0] != 4 || !sm2_number_below(&x, &SM2_P) || !sm2_number_below(&y, &SM2_P)) {
        return false;
    }
    sm2_field_enter(&x, &x);
    sm2_field_enter(&y, &y);
    square(&left, &y);
    square(&right, &x); /* (x² - 3) x + b */
    twice(&x3, &ONE);
    sm2_field_add(&x3, &x3, &ONE);
    sm2_field_sub(&right, &right, &x3);
    sm2_field_mul(&right, &right, &x);
    sm2_field_add(&right, &right, &B);
    if (!sm2_field_equal(&left, &right)) {
        return false;
    }
    *out = (struct sm2_affine){ x, y };
    return true;
}

/* dbl-2001-b of the Explicit-Formulas Database: a = -3. Infinity stays, as does nothing else: the
 * group's order is odd. */
static void point_double(struct sm2_point *out, const struct sm2_point *p)
{
    struct sm2_number delta, gamma, beta, alpha, t, u;
    square(&delta, &p->z);
    square(&gamma, &p->y);
    sm2_field_mul(&beta, &p->x, &gamma);
    sm2_field_sub(&t, &p->x, &delta);
    sm2_field_add(&u, &p->x, &delta);
    sm2_field_mul(&t, &t, &u);
    twice(&alpha, &t);
    sm2_field_add(&alpha, &alpha, &t);
    sm2_field_add(&t, &p->y, &p->z);
    square(&t, &t);
    sm2_field_sub(&t, &t, &gamma);
    sm2_field_sub(&out->z, &t, &delta);
    twice(&beta, &beta);
    twice(&beta, &beta); /* 4 beta */
    square(&t, &alpha);
    twice(&u, &beta);
    sm2_field_sub(&out->x, &t, &u);
    sm2_field_sub(&t, &beta, &out->x);
    sm2_field_mul(&t, &alpha, &t);
    square(&gamma, &gamma);
    twice(&gamma, &gamma);
    twice(&gamma, &gamma);
    twice(&gamma, &gamma);
    sm2_field_sub(&out->y, &t, &gamma);
}

/* What an addition of p and q comes down to: q = (x2, y2, z2), u1 = x1 z2², s1 = y1 z2³. */
static void add_from(struct sm2_point *out, const struct sm2_point *p, const struct sm2_number *u1,
                     const struct sm2_number *s1, const struct sm2_number *u2,
                     const struct sm2_number *s2, const struct sm2_number *zz)
{
    struct sm2_number h, r, hh, hhh, v, t;
    sm2_field_sub(&h, u2, u1);
    sm2_field_sub(&r, s2, s1);
    if (sm2_number_is_zero(&h)) {
        if (sm2_number_is_zero(&r)) {
            point_double(out, p); /* both are one point */
        } else {
            *out = (struct sm2_point){ ONE, ONE, { { 0 } } }; /* each the other's opposite */
        }
        return;
    }
    square(&hh, &h);
    sm2_field_mul(&hhh, &h, &hh);
    sm2_field_mul(&v, u1, &hh);
    sm2_field_mul(&out->z, zz, &h);
    square(&t, &r);
    sm2_field_sub(&t, &t, &hhh);
    sm2_field_sub(&t, &t, &v);
    sm2_field_sub(&out->x, &t, &v);
    sm2_field_sub(&t, &v, &out->x);
    sm2_field_mul(&t, &r, &t);
    sm2_field_mul(&hhh, s1, &hhh);
    sm2_field_sub(&out->y, &t, &hhh);
}

static void negate(struct sm2_number *y, bool minus)
{
    static const struct sm2_number zero = { { 0 } };
    if (minus) {
        sm2_field_sub(y, &zero, y);
    }
}

/* p + q, or p - q. */
static void point_add(struct sm2_point *out, const struct sm2_point *p, const struct sm2_point *q,
                      bool minus)
{
    struct sm2_number u1, s1, u2, s2, zz, t;
    if (sm2_number_is_zero(&p->z) || sm2_number_is_zero(&q->z)) {
        bool first = sm2_number_is_zero(&p->z);
        *out = first ? *q : *p;
        negate(&out->y, first && minus);
        return;
    }
    square(&t, &q->z);
    sm2_field_mul(&u1, &p->x, &t);
    sm2_field_mul(&t, &t, &q->z);
    sm2_field_mul(&s1, &p->y, &t);
    square(&t, &p->z);
    sm2_field_mul(&u2, &q->x, &t);
    sm2_field_mul(&t, &t, &p->z);
    sm2_field_mul(&s2, &q->y, &t);
    negate(&s2, minus);
    sm2_field_mul(&zz, &p->z, &q->z);
    add_from(out, p, &u1, &s1, &u2, &s2, &zz);
}

static void point_add_affine(struct sm2_point *out, const struct sm2_point *p,
                             const struct sm2_affine *q, bool minus)
{
    struct sm2_number u2, s2, t;
    if (sm2_number_is_zero(&p->z)) {
        *out = (struct sm2_point){ q->x, q->y, ONE };
        negate(&out->y, minus);
        return;
    }
    square(&t, &p->z);
    sm2_field_mul(&u2, &q->x, &t);
    sm2_field_mul(&t, &t, &p->z);
    sm2_field_mul(&s2, &q->y, &t);
    negate(&s2, minus);
    struct sm2_point same = *p;
    add_from(out, &same, &same.x, &same.y, &u2, &s2, &same.z);
}

/* Digits of a scalar, lowest first: each zero or odd and below 2^(window - 1) in size. A carry out
 * of the top bit takes the last place. */
static void digits_of(int8_t digit[SM2_DIGITS], const struct sm2_number *k, unsigned window)
{
    memset(digit, 0, SM2_DIGITS);
    uint64_t carry = 0;
    for (unsigned i = 0; i < 256;) {
        uint64_t bit = k->limb[i / 64] >> (i % 64) & 1;
        if (bit == carry) {
            i++;
            continue;
        }
        uint64_t bits = k->limb[i / 64] >> (i % 64);
        if (i % 64 != 0 && i / 64 + 1 < SM2_LIMBS) {
            bits |= k->limb[i / 64 + 1] << (64 - i % 64);
        }
        int word = (int)((bits & (((uint64_t)1 << window) - 1)) + carry);
        carry = (uint64_t)(word >> (window - 1) & 1);
        digit[i] = (int8_t)(word - (int)(carry << window));
        i += window;
    }
    digit[SM2_DIGITS - 1] = (int8_t)carry;
}

/* p, 3p, 5p, ... 15p. */
static void odd_multiples(struct sm2_point out[SM2_MULTIPLES], const struct sm2_affine *p)
{
    struct sm2_point two;
    out[0] = (struct sm2_point){ p->x, p->y, ONE };
    point_double(&two, &out[0]);
    for (unsigned i = 1; i < SM2_MULTIPLES; i++) {
        point_add(&out[i], &out[i - 1], &two, false);
    }
}

/* Which multiple a digit asks for: of 2i + 1 the i-th. */
static unsigned multiple_of(int8_t digit)
{
    return (unsigned)(digit < 0 ? -digit : digit) / 2;
}

void sm2_point_sum(struct sm2_point *out, const struct sm2_number *base,
                   const struct sm2_number *key, const struct sm2_affine *p)
{
    int8_t of_base[SM2_DIGITS], of_key[SM2_DIGITS];
    struct sm2_point multiple[SM2_MULTIPLES], sum = { ONE, ONE, { { 0 } } };
    digits_of(of_base, base, SM2_BASE_WINDOW);
    digits_of(of_key, key, SM2_WINDOW);
    odd_multiples(multiple, p);
    for (unsigned i = SM2_DIGITS; i-- > 0;) {
        point_double(&sum, &sum);
        if (of_key[i] != 0) {
            point_add(&sum, &sum, &multiple[multiple_of(of_key[i])], of_key[i] < 0);
        }
        if (of_base[i] != 0) {
            point_add_affine(&sum, &sum, &SM2_BASE[multiple_of(of_base[i])], of_base[i] < 0);
        }
    }
    *out = sum;
}

/* x = X/Z² is asked as X = c Z², which needs no inverse. */
bool sm2_point_has_x(const struct sm2_point *p, const struct sm2_number *c)
{
    struct sm2_number zz, x = *c, want;
    if (sm2_number_is_zero(&p->z)) {
        return false;
    }
    sm2_field_mul(&zz, &p->z, &p->z);
    sm2_field_enter(&want, &x);
    sm2_field_mul(&want, &want, &zz);
    if (sm2_field_equal(&want, &p->x)) {
        return true;
    }
    if (sm2_number_add(&x, c, &SM2_N) != 0 || !sm2_number_below(&x, &SM2_P)) {
        return false;
    }
    sm2_field_enter(&want, &x);
    sm2_field_mul(&want, &want, &zz);
    return sm2_field_equal(&want, &p->x);
}
