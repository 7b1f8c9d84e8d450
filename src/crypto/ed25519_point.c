#include "crypto/ed25519_point_internal.h"

#include <string.h>

/* d = -121665/121666, twice d, and a square root of -1 (RFC 8032 5.1); ed25519_test checks them. */
static const struct fe D = { { 0x34dca135978a3, 0x1a8283b156ebd, 0x5e7a26001c029, 0x739c663a03cbb,
                               0x52036cee2b6ff } };
static const struct fe D2 = { { 0x69b9426b2f159, 0x35050762add7a, 0x3cf44c0038052, 0x6738cc7407977,
                                0x2406d9dc56dff } };
static const struct fe SQRT_M1 = { { 0x61b274a0ea0b0, 0x0d5a5fc8f189d, 0x7ef5e9cbd0c60,
                                     0x78595a6804c9e, 0x2b8324804fc1d } };
static const struct fe ONE = { { 1, 0, 0, 0, 0 } };
static const struct fe ZERO = { { 0, 0, 0, 0, 0 } };

bool point_decode(struct point *out, const uint8_t in[32])
{
    struct fe y, y2, u, v, v3, v7, x, check, minus_u;
    fe_from_bytes(&y, in);
    fe_square(&y2, &y);
    fe_sub(&u, &y2, &ONE);
    fe_mul(&v, &D, &y2);
    fe_add(&v, &v, &ONE);

    /* x = u v^3 (u v^7)^((p - 5) / 8) is a root of u/v, or a root of it times sqrt(-1), or there is
     * none. */
    fe_square(&v3, &v);
    fe_mul(&v3, &v3, &v);
    fe_square(&v7, &v3);
    fe_mul(&v7, &v7, &v);
    fe_mul(&x, &u, &v7);
    fe_pow_p58(&x, &x);
    fe_mul(&x, &x, &v3);
    fe_mul(&x, &x, &u);

    fe_square(&check, &x);
    fe_mul(&check, &check, &v);
    if (!fe_equal(&check, &u)) {
        fe_add(&minus_u, &check, &u); /* zero when check is -u */
        if (!fe_is_zero(&minus_u)) {
            return false;
        }
        fe_mul(&x, &x, &SQRT_M1);
    }
    if (fe_is_odd(&x) != (in[31] >> 7 != 0)) {
        fe_negate(&x, &x);
    }
    out->x = x;
    out->y = y;
    out->z = ONE;
    fe_mul(&out->t, &x, &y);
    return true;
}

/* What both formulas end with, before their last multiplications: X = EF, Y = GH, Z = FG, T = EH.
 * A doubling does not need the T of what it doubles, so T is made only where an addition follows.
 * Sizes in units of fe: of an addition E 5, H 2, F 6 or 3, G 3 or 6; of a doubling E 6, F 7, G 5, H
 * 2. */
struct completed {
    struct fe e, f, g, h;
};

static void without_t(struct point *out, const struct completed *c)
{
    fe_mul(&out->x, &c->e, &c->f);
    fe_mul(&out->y, &c->g, &c->h);
    fe_mul(&out->z, &c->f, &c->g);
}

static void with_t(struct point *out, const struct completed *c)
{
    without_t(out, c);
    fe_mul(&out->t, &c->e, &c->h);
}

static void point_double(struct completed *out, const struct point *p)
{
    struct fe a, b, c;
    fe_square(&a, &p->x);
    fe_square(&b, &p->y);
    fe_square(&c, &p->z);
    fe_add(&c, &c, &c);
    fe_add(&out->h, &a, &b);
    fe_add(&out->e, &p->x, &p->y);
    fe_square(&out->e, &out->e);
    fe_sub(&out->e, &out->h, &out->e);
    fe_sub(&out->g, &a, &b);
    fe_add(&out->f, &c, &out->g);
}

/* p + q, or p - q, which swaps y + x with y - x and changes the sign of t. d is 2 Z1 Z2. */
static void add_parts(struct completed *out, const struct point *p, const struct fe *y_plus_x,
                      const struct fe *y_minus_x, const struct fe *t2d, const struct fe *d,
                      bool minus)
{
    struct fe a, b, c;
    fe_sub(&a, &p->y, &p->x);
    fe_mul(&a, &a, minus ? y_plus_x : y_minus_x);
    fe_add(&b, &p->y, &p->x);
    fe_mul(&b, &b, minus ? y_minus_x : y_plus_x);
    fe_mul(&c, &p->t, t2d);
    fe_sub(&out->e, &b, &a);
    fe_add(&out->h, &b, &a);
    fe_sub(minus ? &out->g : &out->f, d, &c);
    fe_add(minus ? &out->f : &out->g, d, &c);
}

static void point_add(struct completed *out, const struct point *p, const struct summand *q,
                      bool minus)
{
    struct fe d;
    fe_mul(&d, &p->z, &q->z2);
    add_parts(out, p, &q->y_plus_x, &q->y_minus_x, &q->t2d, &d, minus);
}

static void point_add_base(struct completed *out, const struct point *p,
                           const struct base_summand *q, bool minus)
{
    struct fe d;
    fe_add(&d, &p->z, &p->z);
    add_parts(out, p, &q->y_plus_x, &q->y_minus_x, &q->t2d, &d, minus);
}

static void summand_of(struct summand *out, const struct point *p)
{
    fe_add(&out->y_plus_x, &p->y, &p->x);
    fe_sub(&out->y_minus_x, &p->y, &p->x);
    fe_add(&out->z2, &p->z, &p->z);
    fe_mul(&out->t2d, &p->t, &D2);
}

/* q, 3q, 5q, ... 15q. */
static void odd_multiples(struct summand out[POINT_MULTIPLES], const struct point *q)
{
    struct point p, twice;
    struct summand step;
    struct completed c;
    point_double(&c, q);
    with_t(&twice, &c);
    summand_of(&step, &twice);
    summand_of(&out[0], q);
    for (unsigned i = 1; i < POINT_MULTIPLES; i++) {
        point_add(&c, i == 1 ? q : &p, &step, false);
        with_t(&p, &c);
        summand_of(&out[i], &p);
    }
}

static unsigned bits_at(const uint64_t s[5], unsigned i, unsigned count)
{
    uint64_t x = s[i / 64] >> (i % 64);
    if (i % 64 + count > 64) {
        x |= s[i / 64 + 1] << (64 - i % 64);
    }
    return (unsigned)x & ((1U << count) - 1);
}

/* The scalar, below 2^255, as a sum of digit[i] * 2^i: each digit 0, or odd and below 2^(window -
 * 1) in size, no two of them nearer than the window. */
static void recode(int8_t digit[SCALAR_DIGITS], const uint8_t scalar[SCALAR_SIZE], unsigned window)
{
    uint64_t s[5] = { load64(scalar), load64(scalar + 8), load64(scalar + 16), load64(scalar + 24),
                      0 };
    memset(digit, 0, SCALAR_DIGITS);
    unsigned carry = 0;
    for (unsigned i = 0; i < SCALAR_DIGITS - 1;) {
        if (bits_at(s, i, 1) == carry) {
            i++;
            continue;
        }
        unsigned value = carry + bits_at(s, i, window);
        carry = value >> (window - 1);
        digit[i] = (int8_t)((int)value - (int)(carry << window));
        i += window;
    }
}

void term_init(struct term *t, const struct point *p, const uint8_t s[SCALAR_SIZE], bool minus)
{
    odd_multiples(t->multiple, p);
    recode(t->digit, s, POINT_WINDOW);
    for (unsigned i = 0; minus && i < SCALAR_DIGITS; i++) {
        t->digit[i] = (int8_t)-t->digit[i];
    }
}

static unsigned length_of(const int8_t digit[SCALAR_DIGITS])
{
    unsigned n = SCALAR_DIGITS;
    while (n > 0 && digit[n - 1] == 0) {
        n--;
    }
    return n;
}

/* The two digits of [base]B in each step: of its low 128 bits, and of those above, whose table
 * holds the multiples of [2^128]B. */
struct base_digits {
    int8_t digit[2][SCALAR_DIGITS];
};

static unsigned base_init(struct base_digits *b, const uint8_t scalar[SCALAR_SIZE])
{
    unsigned length = 0;
    for (unsigned half = 0; half < 2; half++) {
        uint8_t part[SCALAR_SIZE] = { 0 };
        memcpy(part, scalar + half * SCALAR_SIZE / 2, SCALAR_SIZE / 2);
        recode(b->digit[half], part, BASE_WINDOW);
        unsigned n = length_of(b->digit[half]);
        length = n > length ? n : length;
    }
    return length;
}

static void add_digit(struct completed *c, struct point *p, const struct term *t, int digit)
{
    with_t(p, c);
    point_add(c, p, &t->multiple[(digit < 0 ? -digit : digit) / 2], digit < 0);
}

static void add_base_digits(struct completed *c, struct point *p, const struct base_digits *b,
                            unsigned i)
{
    for (unsigned half = 0; half < 2; half++) {
        const int digit = (int)b->digit[half][i]; /* -127 to 127, odd or 0 */
        if (digit != 0) {
            with_t(p, c);
            point_add_base(c, p, &ED25519_BASE[half][(digit < 0 ? -digit : digit) / 2], digit < 0);
        }
    }
}

/* Straus: all walks share their doublings. The last three doublings are the cofactor's: what is
 * left of small order becomes (0, 1). */
bool sum_is_small(const struct term *term, size_t count, const uint8_t base[SCALAR_SIZE])
{
    struct base_digits b = { 0 };
    unsigned length = base_init(&b, base);
    for (size_t k = 0; k < count; k++) {
        unsigned n = length_of(term[k].digit);
        length = n > length ? n : length;
    }
    struct point p = { .x = ZERO, .y = ONE, .z = ONE, .t = ZERO };
    struct completed c;
    for (unsigned i = length; i-- > 0;) {
        point_double(&c, &p);
        for (size_t k = 0; k < count; k++) {
            if (term[k].digit[i] != 0) {
                add_digit(&c, &p, &term[k], term[k].digit[i]);
            }
        }
        add_base_digits(&c, &p, &b, i);
        without_t(&p, &c);
    }
    for (unsigned i = 0; i < 3; i++) {
        point_double(&c, &p);
        without_t(&p, &c);
    }
    return fe_is_zero(&p.x) && fe_equal(&p.y, &p.z);
}
