/* Numbers modulo L, the order of the base point. Variable-time: no secret enters. */
#include "crypto/ed25519_internal.h"

#include <string.h>

__extension__ typedef unsigned __int128 wide;

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

void scalar_mul_add(uint8_t out[SCALAR_SIZE], const uint8_t a[SCALAR_SIZE],
                    const uint8_t b[SCALAR_SIZE], const uint8_t c[SCALAR_SIZE])
{
    uint64_t sum[8] = { 0 };
    for (unsigned i = 0; i < 4; i++) {
        sum[i] = load64(c + 8 * i);
    }
    /* Both factors are below 2^253, so the whole stays below 2^507. */
    for (unsigned i = 0; i < 4; i++) {
        uint64_t carry = 0, factor = load64(a + 8 * i);
        for (unsigned j = 0; j < 4; j++) {
            wide t = (wide)factor * load64(b + 8 * j) + sum[i + j] + carry;
            sum[i + j] = (uint64_t)t;
            carry = (uint64_t)(t >> 64);
        }
        for (unsigned j = i + 4; j < 8; j++) {
            wide t = (wide)sum[j] + carry;
            sum[j] = (uint64_t)t;
            carry = (uint64_t)(t >> 64);
        }
    }
    uint8_t bytes[SCALAR_WIDE_SIZE];
    for (unsigned i = 0; i < 8; i++) {
        store64(bytes + 8 * i, sum[i]);
    }
    scalar_reduce(out, bytes);
}

static unsigned bit_length(const uint64_t x[4])
{
    for (unsigned i = 4; i-- > 0;) {
        if (x[i] != 0) {
            return 64 * i + 64 - (unsigned)__builtin_clzll(x[i]);
        }
    }
    return 0;
}

static bool less(const uint64_t a[4], const uint64_t b[4])
{
    for (unsigned i = 4; i-- > 0;) {
        if (a[i] != b[i]) {
            return a[i] < b[i];
        }
    }
    return false;
}

static void shift_left(uint64_t out[4], const uint64_t x[4], unsigned n)
{
    unsigned words = n / 64, bits = n % 64;
    for (unsigned i = 4; i-- > 0;) {
        uint64_t high = i >= words ? x[i - words] : 0;
        uint64_t low = i >= words + 1 ? x[i - words - 1] : 0;
        out[i] = bits == 0 ? high : high << bits | low >> (64 - bits);
    }
}

static void subtract(uint64_t x[4], const uint64_t y[4])
{
    uint64_t borrow = 0;
    for (unsigned i = 0; i < 4; i++) {
        wide t = (wide)x[i] - y[i] - borrow;
        x[i] = (uint64_t)t;
        borrow = (uint64_t)(t >> 64) & 1;
    }
}

/* One row of Euclid's algorithm: k * factor = rest modulo L, but for the sign of factor. */
struct row {
    uint64_t rest[4];
    wide factor;
};

/* a modulo b, by shifts, for quotients are small. */
static void row_reduce(struct row *a, const struct row *b)
{
    const unsigned length = bit_length(b->rest);
    while (!less(a->rest, b->rest)) {
        uint64_t shifted[4];
        unsigned shift = bit_length(a->rest) - length;
        shift_left(shifted, b->rest, shift);
        if (less(a->rest, shifted)) {
            shift--;
            shift_left(shifted, b->rest, shift);
        }
        subtract(a->rest, shifted);
        a->factor += b->factor << shift;
    }
}

/* Euclid on L and k, stopped half-way. The factors of two neighbouring rows and their rests obey
 * |factor i| * rest (i - 1) <= L, and the first rest below 2^127 stands after one that is not: so
 * its factor is below 2^252.01 / 2^127 < 2^126. Signs of factors alternate. */
void scalar_halve(struct scalar_halves *out, const uint8_t k[SCALAR_SIZE])
{
    enum { HALF_BITS = 127 };
    struct row row[2] = { { .rest = { L[0], L[1], L[2], L[3] }, .factor = 0 }, { .factor = 1 } };
    struct row *above = &row[0], *now = &row[1];
    for (unsigned i = 0; i < 4; i++) {
        now->rest[i] = load64(k + 8 * i);
    }
    out->minus = false;
    while (bit_length(now->rest) > HALF_BITS) {
        row_reduce(above, now);
        struct row *swap = above;
        above = now;
        now = swap;
        out->minus = !out->minus;
    }
    memset(out->factor, 0, SCALAR_SIZE);
    store64(out->factor, (uint64_t)now->factor);
    store64(out->factor + 8, (uint64_t)(now->factor >> 64));
    for (unsigned i = 0; i < 4; i++) {
        store64(out->rest + 8 * i, now->rest[i]);
    }
}
