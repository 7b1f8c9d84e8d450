#include "base/amount.h"

#include <string.h>

__extension__ typedef __int128 amount_int;
__extension__ typedef unsigned __int128 amount_uint;

#define AMOUNT_INT_MIN ((amount_int)((amount_uint)1 << 127))

/* 256 bits, least significant limb first: room for any product of an amount and a factor. */
struct wide {
    uint64_t limb[4];
};

static amount_int load(const struct amount *a)
{
    amount_uint x = 0;
    for (size_t i = 0; i < AMOUNT_VALUE_SIZE; i++) {
        x = x << 8 | a->value[i];
    }
    return (amount_int)x;
}

static struct amount store(uint32_t currency, amount_int value)
{
    struct amount out = { .currency = currency };
    amount_uint x = (amount_uint)value;
    for (size_t i = AMOUNT_VALUE_SIZE; i > 0; i--) {
        out.value[i - 1] = (uint8_t)x;
        x >>= 8;
    }
    return out;
}

/* |x|, which for the least value is one more than the greatest. */
static amount_uint magnitude(amount_int x)
{
    return x < 0 ? 0 - (amount_uint)x : (amount_uint)x;
}

static enum err with_sign(amount_uint size, bool negative, amount_int *out)
{
    if (size > magnitude(AMOUNT_INT_MIN) - (negative ? 0 : 1)) {
        return ERR_RANGE;
    }
    *out = (amount_int)(negative ? 0 - size : size);
    return ERR_NONE;
}

struct amount amount_zero(uint32_t currency)
{
    return store(currency, 0);
}

struct amount amount_from_i64(uint32_t currency, int64_t units)
{
    return store(currency, units);
}

enum err amount_add(const struct amount *a, const struct amount *b, struct amount *out)
{
    if (a->currency != b->currency) {
        return ERR_STATE;
    }
    amount_int sum;
    if (__builtin_add_overflow(load(a), load(b), &sum)) {
        return ERR_RANGE;
    }
    *out = store(a->currency, sum);
    return ERR_NONE;
}

enum err amount_sub(const struct amount *a, const struct amount *b, struct amount *out)
{
    if (a->currency != b->currency) {
        return ERR_STATE;
    }
    amount_int difference;
    if (__builtin_sub_overflow(load(a), load(b), &difference)) {
        return ERR_RANGE;
    }
    *out = store(a->currency, difference);
    return ERR_NONE;
}

enum err amount_compare(const struct amount *a, const struct amount *b, int *out)
{
    if (a->currency != b->currency) {
        return ERR_STATE;
    }
    amount_int x = load(a), y = load(b);
    *out = (x > y) - (x < y);
    return ERR_NONE;
}

int amount_sign(const struct amount *a)
{
    amount_int x = load(a);
    return (x > 0) - (x < 0);
}

static struct wide wide_multiply(amount_uint a, uint64_t b)
{
    const uint64_t part[2] = { (uint64_t)a, (uint64_t)(a >> 64) };
    struct wide out = { { 0 } };
    amount_uint carry = 0;
    for (size_t i = 0; i < COUNT(part); i++) {
        carry += (amount_uint)part[i] * b; /* at most (2^64 - 1)^2 + 2^64 - 1: fits */
        out.limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    out.limb[2] = (uint64_t)carry;
    return out;
}

/* Schoolbook division by one limb; gives the remainder and leaves the quotient. */
static uint64_t wide_divide(struct wide *x, uint64_t by)
{
    ASSERT(by > 0);
    amount_uint rest = 0;
    for (size_t i = COUNT(x->limb); i > 0; i--) {
        rest = rest << 64 | x->limb[i - 1];
        x->limb[i - 1] = (uint64_t)(rest / by);
        rest %= by;
    }
    return (uint64_t)rest;
}

static void wide_increment(struct wide *x)
{
    for (size_t i = 0; i < COUNT(x->limb) && ++x->limb[i] == 0; i++) {
    }
}

enum err amount_convert(const struct amount *a, uint32_t to_currency, uint64_t num, uint64_t den,
                        struct amount *out)
{
    if (den == 0) {
        return ERR_RANGE;
    }
    amount_int value = load(a);
    struct wide x = wide_multiply(magnitude(value), num);
    uint64_t rest = wide_divide(&x, den);
    uint64_t to_next = den - rest;
    bool half = rest == to_next;
    if (rest > to_next || (half && (x.limb[0] & 1) != 0)) {
        wide_increment(&x);
    }
    if (x.limb[2] != 0 || x.limb[3] != 0) {
        return ERR_RANGE;
    }
    amount_int result;
    TRY(with_sign((amount_uint)x.limb[1] << 64 | x.limb[0], value < 0, &result));
    *out = store(to_currency, result);
    return ERR_NONE;
}

void amount_format(const struct amount *a, unsigned exponent, char out[AMOUNT_TEXT_SIZE_MAX])
{
    ASSERT(exponent <= AMOUNT_EXPONENT_MAX);
    amount_int value = load(a);
    amount_uint left = magnitude(value);
    char text[AMOUNT_TEXT_SIZE_MAX]; /* filled from the end */
    size_t at = sizeof text - 1;
    text[at] = '\0';
    for (unsigned digits = 0; left > 0 || digits <= exponent; digits++) {
        if (digits == exponent && exponent > 0) {
            text[--at] = '.';
        }
        text[--at] = (char)('0' + (int)(left % 10));
        left /= 10;
    }
    if (value < 0) {
        text[--at] = '-';
    }
    memcpy(out, text + at, sizeof text - at);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Appends one decimal digit; false when 128 bits are too few. */
static bool push_digit(amount_uint *x, unsigned digit)
{
    return !__builtin_mul_overflow(*x, 10u, x) && !__builtin_add_overflow(*x, digit, x);
}

/* The shape alone: "-"? ("0" | no leading zero) ("." one to `exponent` digits)? */
static bool shape_ok(const char *text, unsigned exponent)
{
    const char *c = text[0] == '-' ? text + 1 : text;
    bool leading_zero = c[0] == '0' && is_digit(c[1]);
    if (!is_digit(c[0]) || leading_zero) {
        return false;
    }
    for (; is_digit(*c); c++) {
    }
    if (*c == '.') {
        const char *fraction = ++c;
        for (; is_digit(*c) && c - fraction < (ptrdiff_t)exponent; c++) {
        }
        if (c == fraction) {
            return false;
        }
    }
    return *c == '\0';
}

enum err amount_parse(const char *text, uint32_t currency, unsigned exponent, struct amount *out)
{
    ASSERT(exponent <= AMOUNT_EXPONENT_MAX);
    if (!shape_ok(text, exponent)) {
        return ERR_ENCODING;
    }
    bool negative = text[0] == '-', in_fraction = false;
    unsigned missing = exponent;
    amount_uint units = 0;
    for (const char *c = text + negative; *c != '\0'; c++) {
        if (*c == '.') {
            in_fraction = true;
            continue;
        }
        if (!push_digit(&units, (unsigned)(*c - '0'))) {
            return ERR_RANGE;
        }
        missing -= in_fraction;
    }
    if (negative && units == 0) {
        return ERR_ENCODING;
    }
    for (; missing > 0; missing--) {
        if (!push_digit(&units, 0)) {
            return ERR_RANGE;
        }
    }
    amount_int value;
    TRY(with_sign(units, negative, &value));
    *out = store(currency, value);
    return ERR_NONE;
}
