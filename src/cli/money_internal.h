/* money — what the commands on money share: currencies by name, amounts and exchanges as JSON and
 * as text, quotes as files. */
#ifndef CARNET_CLI_MONEY_INTERNAL_H
#define CARNET_CLI_MONEY_INTERNAL_H

#include "cli/session_internal.h"

enum { MONEY_NAME_SIZE = 24, MONEY_LINE_SIZE = 256, MONEY_QUOTE_SIZE_MAX = 16 * 1024 };

/* "CNY/2", by the index in the genesis. */
void money_name(const struct session *s, uint32_t currency, char out[MONEY_NAME_SIZE]);
/* The currency that an option names. ERR_USAGE: no such currency of this space. */
MUST_USE enum err money_currency(struct session *s, const char *option, const char *name,
                                 uint32_t *out);
/* A positive amount. ERR_USAGE. */
MUST_USE enum err money_amount(struct session *s, const char *option, const char *text,
                               uint32_t currency, struct amount *out);
/* {amount, currency} into an object. */
void money_put(const struct session *s, const struct amount *a, json_t *out);
/* What a lock's or an event's body holds: amount, currency, and with a quote
 * exchange{amount, currency, num, den, rate, oracle, quote}; `line` says the same to people. */
MUST_USE enum err money_put_legs(struct session *s, const struct amount *a, struct bytes exchange,
                                 json_t *out, char line[MONEY_LINE_SIZE]);
/* num/den of smallest units as a decimal of whole ones when it is one of at most twelve digits
 * after the point, else as num/den of smallest units. */
void money_rate(const struct session *s, uint32_t from, uint32_t to, uint64_t num, uint64_t den,
                char out[AMOUNT_TEXT_SIZE_MAX]);

/* The quote of a file, into the arguments of a lock, once it is sound for this space: ERR_USAGE
 * what it says is not what it signs, another space; ERR_SIGNATURE; ERR_REVOKED expired. */
MUST_USE enum err money_quote_read(struct session *s, const char *path, struct money_lock *args,
                                   struct money_quote *out);
enum err money_quote_run(struct cli *c);
extern const struct cli_option MONEY_QUOTE_OPTIONS[];

#endif
