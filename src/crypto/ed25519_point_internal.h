/* ed25519_point_internal — the points of the curve, and sums of multiples of them, for
 * ed25519_verify only. Formulas: RFC 8032 5.1.4, complete on this curve. Variable-time. */
#ifndef CARNET_CRYPTO_ED25519_POINT_INTERNAL_H
#define CARNET_CRYPTO_ED25519_POINT_INTERNAL_H

#include <stddef.h>

#include "crypto/ed25519_internal.h"

/* Extended homogeneous coordinates: x = X/Z, y = Y/Z, xy = T/Z. */
struct point {
    struct fe x, y, z, t;
};

/* A summand, with what an addition needs of it computed once; and one whose Z is 1. */
struct summand {
    struct fe y_plus_x, y_minus_x, t2d, z2;
};
struct base_summand {
    struct fe y_plus_x, y_minus_x, t2d;
};

/* Signed odd digits, no two of them nearer than the window is wide: 5 bits for a point that comes
 * with a signature (8 odd multiples), 7 for the base point (32). */
enum {
    POINT_WINDOW = 5,
    POINT_MULTIPLES = 8,
    BASE_WINDOW = 7,
    BASE_MULTIPLES = 32,
    SCALAR_DIGITS = 257
};

/* [2i + 1]B, and [2i + 1][2^128]B, so that a multiple of B is walked in half as many steps. */
extern const struct base_summand ED25519_BASE[2][BASE_MULTIPLES];

/* RFC 8032 5.1.3 with the two checks left out that ZIP 215 leaves out: y may be p or more, and x =
 * 0 may come with sign bit 1. False when y is on no point of the curve. */
bool point_decode(struct point *out, const uint8_t in[32]);

/* One multiple of a sum: digits of its scalar, lowest first, and the multiples they choose. */
struct term {
    struct summand multiple[POINT_MULTIPLES];
    int8_t digit[SCALAR_DIGITS];
};
/* [s]P, or [-s]P. */
void term_init(struct term *t, const struct point *p, const uint8_t s[SCALAR_SIZE], bool minus);

/* Whether [8] times the sum of the terms and of [base]B is the neutral element. */
bool sum_is_small(const struct term *term, size_t count, const uint8_t base[SCALAR_SIZE]);

#endif
