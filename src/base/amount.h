/* amount — money: a signed 128-bit integer of a currency's smallest unit, and the index of that
 * currency (FORMATS 20).
 *
 * __int128 appears in this module only. On the wire a value is 16 bytes, big-endian two's
 * complement; in JSON {"currency":"CNY/2","amount":"-12.34"}. Two amounts of different currencies
 * never mix: add and subtract say ERR_STATE. Page: docs/base.md */
#ifndef CARNET_BASE_AMOUNT_H
#define CARNET_BASE_AMOUNT_H

#include "base/bytes.h"

enum { AMOUNT_VALUE_SIZE = 16, AMOUNT_TEXT_SIZE_MAX = 64, AMOUNT_EXPONENT_MAX = 18 };

struct amount {
    uint32_t currency;                /* index in the ledger's currency table */
    uint8_t value[AMOUNT_VALUE_SIZE]; /* big-endian two's complement, smallest units */
};

struct amount amount_zero(uint32_t currency);
struct amount amount_from_i64(uint32_t currency, int64_t units);
/* ERR_RANGE on overflow, ERR_STATE when currencies differ. */
MUST_USE enum err amount_add(const struct amount *a, const struct amount *b, struct amount *out);
MUST_USE enum err amount_sub(const struct amount *a, const struct amount *b, struct amount *out);
MUST_USE enum err amount_compare(const struct amount *a, const struct amount *b, int *out);
int amount_sign(const struct amount *a); /* -1, 0, 1 */

/* a * num / den with a 256-bit intermediate, rounded half-even once at the end.
 * ERR_RANGE: den is 0, or the result does not fit. */
MUST_USE enum err amount_convert(const struct amount *a, uint32_t to_currency, uint64_t num,
                                 uint64_t den, struct amount *out);

/* Decimal text. Format writes exactly `exponent` fraction digits ("12.34"); parse takes as many or
 * fewer ("12", "12.3") and refuses more, signs other than one leading '-', "-0", leading zeros,
 * exponents and spaces (ERR_ENCODING), and what does not fit 128 bits (ERR_RANGE). */
void amount_format(const struct amount *a, unsigned exponent, char out[AMOUNT_TEXT_SIZE_MAX]);
MUST_USE enum err amount_parse(const char *text, uint32_t currency, unsigned exponent,
                               struct amount *out);

#endif
