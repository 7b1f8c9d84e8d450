#include <string.h>

#include "cli/money_internal.h"

/* Only codes that a table here knows have letters; others are written as their ISO 4217 number. */
static const struct {
    uint32_t code;
    const char *letters;
} CODES[] = { { 156, "CNY" }, { 978, "EUR" }, { 702, "SGD" }, { 840, "USD" }, { 458, "MYR" } };

enum { RATE_DIGITS_MAX = 12 };

void money_name(const struct session *s, uint32_t currency, char out[MONEY_NAME_SIZE])
{
    ASSERT(currency < s->genesis.currency_count);
    const struct currency *x = &s->genesis.currency[currency];
    for (size_t i = 0; i < COUNT(CODES); i++) {
        if (CODES[i].code == x->code) {
            snprintf(out, MONEY_NAME_SIZE, "%s/%u", CODES[i].letters, x->exponent);
            return;
        }
    }
    snprintf(out, MONEY_NAME_SIZE, "%03u/%u", x->code, x->exponent);
}

/* All names, as they must be written; what has no room is told by dots. */
static void names_of(const struct session *s, char out[128])
{
    size_t used = 0;
    for (uint32_t i = 0; i < s->genesis.currency_count; i++) {
        char name[MONEY_NAME_SIZE];
        bool room = used + MONEY_NAME_SIZE + 8 < 128;
        money_name(s, i, name);
        used +=
            (size_t)snprintf(out + used, 128 - used, "%s%s", i == 0 ? "" : ", ", room ? name : "…");
        if (!room) {
            return;
        }
    }
}

enum err money_currency(struct session *s, const char *option, const char *name, uint32_t *out)
{
    for (uint32_t i = 0; i < s->genesis.currency_count; i++) {
        char known[MONEY_NAME_SIZE];
        money_name(s, i, known);
        if (strcmp(name, known) == 0) {
            *out = i;
            return ERR_NONE;
        }
    }
    char all[128] = "none";
    names_of(s, all);
    return cli_fail(s->cli, ERR_USAGE, option, "'%s' is not a currency of this space, which has %s",
                    name, all);
}

enum err money_amount(struct session *s, const char *option, const char *text, uint32_t currency,
                      struct amount *out)
{
    char name[MONEY_NAME_SIZE];
    enum err e = amount_parse(text, currency, s->genesis.currency[currency].exponent, out);
    money_name(s, currency, name);
    return e == ERR_NONE && amount_sign(out) > 0
               ? ERR_NONE
               : cli_fail(s->cli, ERR_USAGE, option, "'%s' is not a positive amount of %s", text,
                          name);
}

void money_put(const struct session *s, const struct amount *a, json_t *out)
{
    char text[AMOUNT_TEXT_SIZE_MAX], name[MONEY_NAME_SIZE];
    money_name(s, a->currency, name);
    amount_format(a, s->genesis.currency[a->currency].exponent, text);
    json_put(out, "amount", json_new_str(text));
    json_put(out, "currency", json_new_str(name));
}

void money_rate(const struct session *s, uint32_t from, uint32_t to, uint64_t num, uint64_t den,
                char out[AMOUNT_TEXT_SIZE_MAX])
{
    unsigned from_exponent = s->genesis.currency[from].exponent;
    unsigned digits = s->genesis.currency[to].exponent;
    int64_t one = 1; /* unit of `from` */
    struct amount value;
    for (unsigned i = 0; i < from_exponent; i++) {
        one *= 10; /* an exponent is at most 18: this fits */
    }
    /* As many digits after the point as make it exact: den divides one x 10^digits. */
    uint64_t rest = den == 0 ? 1 : (uint64_t)one % den;
    while (rest != 0 && digits < RATE_DIGITS_MAX && one < INT64_MAX / 10) {
        one *= 10;
        digits++;
        rest = (uint64_t)one % den;
    }
    struct amount unit = amount_from_i64(from, one);
    if (rest != 0 || digits > AMOUNT_EXPONENT_MAX ||
        amount_convert(&unit, to, num, den, &value) != ERR_NONE) {
        snprintf(out, AMOUNT_TEXT_SIZE_MAX, "%llu/%llu", (unsigned long long)num,
                 (unsigned long long)den);
        return;
    }
    amount_format(&value, digits, out);
}

static json_t *exchange_json(const struct session *s, const struct money_exchange *x,
                             const char *rate)
{
    json_t *out = json_new_object();
    money_put(s, &x->amount, out);
    json_put(out, "rate", json_new_str(rate));
    json_put(out, "num", json_new_u64(x->num));
    json_put(out, "den", json_new_u64(x->den));
    json_put(out, "oracle", json_new_hash(&x->oracle));
    json_put(out, "quote", json_new_hash(&x->quote));
    return out;
}

enum err money_put_legs(struct session *s, const struct amount *a, struct bytes exchange,
                        json_t *out, char line[MONEY_LINE_SIZE])
{
    char text[AMOUNT_TEXT_SIZE_MAX], name[MONEY_NAME_SIZE], other[AMOUNT_TEXT_SIZE_MAX],
        other_name[MONEY_NAME_SIZE], rate[AMOUNT_TEXT_SIZE_MAX];
    struct money_exchange x;
    if (a->currency >= s->genesis.currency_count) {
        return ERR_ENCODING;
    }
    if (exchange.len > 0) {
        TRY(money_exchange_decode(exchange, &s->arena, &x));
        if (x.amount.currency >= s->genesis.currency_count || x.den == 0) {
            return ERR_ENCODING;
        }
    }
    money_put(s, a, out);
    money_name(s, a->currency, name);
    amount_format(a, s->genesis.currency[a->currency].exponent, text);
    snprintf(line, MONEY_LINE_SIZE, "%s %s", text, name);
    if (exchange.len == 0) {
        return ERR_NONE;
    }
    money_rate(s, a->currency, x.amount.currency, x.num, x.den, rate);
    money_name(s, x.amount.currency, other_name);
    amount_format(&x.amount, s->genesis.currency[x.amount.currency].exponent, other);
    snprintf(line, MONEY_LINE_SIZE, "%s %s for %s %s at %s", text, name, other, other_name, rate);
    json_put(out, "exchange", exchange_json(s, &x, rate));
    return ERR_NONE;
}
