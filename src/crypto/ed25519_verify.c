#include "crypto/ed25519_verify.h"

#include <sodium.h>
#include <string.h>

#include "crypto/ed25519_internal.h"

/* Extended homogeneous coordinates of RFC 8032 5.1.4: x = X/Z, y = Y/Z, xy = T/Z. */
struct point {
    struct fe x, y, z, t;
};

/* A summand, with what point_add needs of it computed once. */
struct summand {
    struct fe y_plus_x, y_minus_x, z2, t2d;
};

/* Sliding windows of five bits: signed odd digits of at most 15, hence eight odd multiples. */
enum { WINDOW = 5, MULTIPLES = 8, DIGITS = 257 };

/* d = -121665/121666, twice d, and a square root of -1 (RFC 8032 5.1); ed25519_test checks them. */
static const struct fe D = { { 0x34dca135978a3, 0x1a8283b156ebd, 0x5e7a26001c029, 0x739c663a03cbb,
                               0x52036cee2b6ff } };
static const struct fe D2 = { { 0x69b9426b2f159, 0x35050762add7a, 0x3cf44c0038052, 0x6738cc7407977,
                                0x2406d9dc56dff } };
static const struct fe SQRT_M1 = { { 0x61b274a0ea0b0, 0x0d5a5fc8f189d, 0x7ef5e9cbd0c60,
                                     0x78595a6804c9e, 0x2b8324804fc1d } };
static const struct fe ONE = { { 1, 0, 0, 0, 0 } };
static const struct fe ZERO = { { 0, 0, 0, 0, 0 } };

/* The base point: y = 4/5, x even (RFC 8032 5.1). */
static const struct point BASE = {
    .x = { { 0x62d608f25d51a, 0x412a4b4f6592a, 0x75b7171a4b31d, 0x1ff60527118fe,
             0x216936d3cd6e5 } },
    .y = { { 0x6666666666658, 0x4cccccccccccc, 0x1999999999999, 0x3333333333333,
             0x6666666666666 } },
    .z = { { 1, 0, 0, 0, 0 } },
    .t = { { 0x68ab3a5b7dda3, 0x00eea2a5eadbb, 0x2af8df483c27e, 0x332b375274732,
             0x67875f0fd78b7 } },
};

/* RFC 8032 5.1.3 with the two checks left out that ZIP 215 leaves out: y may be p or more, and x =
 * 0 may come with sign bit 1. False when y is on no point of the curve. */
static bool point_decode(struct point *out, const uint8_t in[32])
{
    struct fe y, y2, u, v, v2, v3, v7, x, check, minus_u;
    fe_from_bytes(&y, in);
    fe_square(&y2, &y);
    fe_sub(&u, &y2, &ONE);
    fe_mul(&v, &D, &y2);
    fe_add(&v, &v, &ONE);

    /* x = u v^3 (u v^7)^((p - 5) / 8) is a root of u/v, or a root of it times sqrt(-1), or there is
     * none. */
    fe_square(&v2, &v);
    fe_mul(&v3, &v2, &v);
    fe_square(&v7, &v3);
    fe_mul(&v7, &v7, &v);
    fe_mul(&x, &u, &v7);
    fe_pow_p58(&x, &x);
    fe_mul(&x, &x, &v3);
    fe_mul(&x, &x, &u);

    fe_square(&check, &x);
    fe_mul(&check, &check, &v);
    if (!fe_equal(&check, &u)) {
        fe_sub(&minus_u, &ZERO, &u);
        if (!fe_equal(&check, &minus_u)) {
            return false;
        }
        fe_mul(&x, &x, &SQRT_M1);
    }
    if (fe_is_odd(&x) != (in[31] >> 7 != 0)) {
        fe_sub(&x, &ZERO, &x);
    }
    out->x = x;
    out->y = y;
    out->z = ONE;
    fe_mul(&out->t, &x, &y);
    return true;
}

static void summand_of(struct summand *out, const struct point *p)
{
    fe_add(&out->y_plus_x, &p->y, &p->x);
    fe_sub(&out->y_minus_x, &p->y, &p->x);
    fe_add(&out->z2, &p->z, &p->z);
    fe_mul(&out->t2d, &p->t, &D2);
}

/* RFC 8032 5.1.4, complete on this curve: p + q, or p - q (which swaps y + x with y - x and changes
 * the sign of t). */
static void point_add(struct point *p, const struct summand *q, bool minus)
{
    struct fe a, b, c, d, e, f, g, h;
    fe_sub(&a, &p->y, &p->x);
    fe_mul(&a, &a, minus ? &q->y_plus_x : &q->y_minus_x);
    fe_add(&b, &p->y, &p->x);
    fe_mul(&b, &b, minus ? &q->y_minus_x : &q->y_plus_x);
    fe_mul(&c, &p->t, &q->t2d);
    fe_mul(&d, &p->z, &q->z2);
    fe_sub(&e, &b, &a);
    fe_add(&h, &b, &a);
    fe_sub(minus ? &g : &f, &d, &c);
    fe_add(minus ? &f : &g, &d, &c);
    fe_mul(&p->x, &e, &f);
    fe_mul(&p->y, &g, &h);
    fe_mul(&p->t, &e, &h);
    fe_mul(&p->z, &f, &g);
}

/* RFC 8032 5.1.4, dedicated doubling. */
static void point_double(struct point *p)
{
    struct fe a, b, c, e, f, g, h;
    fe_square(&a, &p->x);
    fe_square(&b, &p->y);
    fe_square(&c, &p->z);
    fe_add(&c, &c, &c);
    fe_add(&h, &a, &b);
    fe_add(&e, &p->x, &p->y);
    fe_square(&e, &e);
    fe_sub(&e, &h, &e);
    fe_sub(&g, &a, &b);
    fe_add(&f, &c, &g);
    fe_mul(&p->x, &e, &f);
    fe_mul(&p->y, &g, &h);
    fe_mul(&p->t, &e, &h);
    fe_mul(&p->z, &f, &g);
}

/* q, 3q, 5q, ... 15q. */
static void odd_multiples(struct summand out[MULTIPLES], const struct point *q)
{
    struct point p = *q, twice = *q;
    struct summand step;
    point_double(&twice);
    summand_of(&step, &twice);
    summand_of(&out[0], &p);
    for (unsigned i = 1; i < MULTIPLES; i++) {
        point_add(&p, &step, false);
        summand_of(&out[i], &p);
    }
}

static unsigned bit_of(const uint8_t s[SCALAR_SIZE], unsigned i)
{
    return i < 8 * SCALAR_SIZE ? ((unsigned)s[i / 8] >> (i % 8)) & 1U : 0;
}

/* The scalar as a sum of digit[i] * 2^i, each digit 0 or odd in -15..15, no two of them nearer than
 * WINDOW. */
static void recode(int8_t digit[DIGITS], const uint8_t s[SCALAR_SIZE])
{
    memset(digit, 0, DIGITS);
    unsigned carry = 0;
    for (unsigned i = 0; i < DIGITS;) {
        if (bit_of(s, i) == carry) {
            i++;
            continue;
        }
        unsigned window = carry;
        for (unsigned j = 0; j < WINDOW; j++) {
            window += bit_of(s, i + j) << j;
        }
        carry = window >> (WINDOW - 1);
        digit[i] = (int8_t)((int)window - (int)(carry << WINDOW));
        i += WINDOW;
    }
}

static void add_digit(struct point *p, const struct summand table[MULTIPLES], int digit)
{
    if (digit != 0) {
        unsigned size = (unsigned)(digit < 0 ? -digit : digit);
        point_add(p, &table[size / 2], digit < 0);
    }
}

/* [s]B - [k]A, both walks sharing their doublings. */
static void difference(struct point *out, const uint8_t s[SCALAR_SIZE],
                       const uint8_t k[SCALAR_SIZE], const struct point *a)
{
    struct summand of_base[MULTIPLES], of_a[MULTIPLES];
    int8_t digit_s[DIGITS], digit_k[DIGITS];
    odd_multiples(of_base, &BASE);
    odd_multiples(of_a, a);
    recode(digit_s, s);
    recode(digit_k, k);
    *out = (struct point){ .x = ZERO, .y = ONE, .z = ONE, .t = ZERO };
    for (unsigned i = DIGITS; i-- > 0;) {
        point_double(out);
        add_digit(out, of_base, digit_s[i]);
        add_digit(out, of_a, -digit_k[i]);
    }
}

/* k = SHA-512(R ‖ A ‖ M) modulo L, over R and A as received, whether canonical or not. */
static void challenge(uint8_t k[SCALAR_SIZE], const uint8_t *r, const uint8_t *a, struct bytes msg)
{
    crypto_hash_sha512_state state;
    uint8_t wide[SCALAR_WIDE_SIZE];
    _Static_assert(sizeof wide == crypto_hash_sha512_BYTES, "SHA-512 gives what is reduced");
    crypto_hash_sha512_init(&state);
    crypto_hash_sha512_update(&state, r, 32);
    crypto_hash_sha512_update(&state, a, ED25519_PUBLIC_SIZE);
    crypto_hash_sha512_update(&state, msg.ptr, msg.len);
    crypto_hash_sha512_final(&state, wide);
    scalar_reduce(k, wide);
}

bool ed25519_verify(const uint8_t public_key[ED25519_PUBLIC_SIZE], struct bytes msg,
                    const uint8_t signature[ED25519_SIGNATURE_SIZE])
{
    const uint8_t *s = signature + 32;
    struct point a, r, p;
    if (!scalar_is_canonical(s) || !point_decode(&a, public_key) || !point_decode(&r, signature)) {
        return false;
    }
    uint8_t k[SCALAR_SIZE];
    challenge(k, signature, public_key, msg);
    difference(&p, s, k, &a);
    struct summand minus_r;
    summand_of(&minus_r, &r);
    point_add(&p, &minus_r, true);

    /* Cofactored: what is left may be of small order; three doublings make (0, 1) of that. */
    for (unsigned i = 0; i < 3; i++) {
        point_double(&p);
    }
    return fe_is_zero(&p.x) && fe_equal(&p.y, &p.z);
}
