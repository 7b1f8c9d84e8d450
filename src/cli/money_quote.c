#include <stdlib.h>
#include <string.h>

#include "cli/actions_internal.h"
#include "cli/money_internal.h"

/* A quote as a file: {space, oracle, from, to, rate, num, den, max, until, hold_until, quote,
 * bytes, signature}. Only `bytes` are signed; the rest is for people and must say the same. */

enum { RATE_DIGITS_MAX = 18 };
static const uint64_t MINUTE_MS = 60000;

const struct cli_option MONEY_QUOTE_OPTIONS[] = {
    { "--from", "C", "what the payer pays, such as EUR/2" },
    { "--to", "C", "what the payee receives, such as CNY/2" },
    { "--rate", "R", "whole units of --to for one of --from: 7.8125 or 125/16" },
    { "--max", "N.NN", "most of --from that may be exchanged (what the account bears)" },
    { "--valid", "T", "how long it may be taken, such as 90s, 10m, 2h (10m; at most 24h)" },
    { "--hold", "T", "how long a lock may hold the oracle's money (24h)" },
    { "--out", "FILE", "where to write it" },
    { NULL, NULL, NULL },
};

/* "90s", "10m", "24h", "7d". */
static enum err read_span(struct cli *c, const char *option, const char *fallback, uint64_t max_ms,
                          uint64_t *out)
{
    static const struct {
        char unit;
        uint64_t ms;
    } UNITS[] = { { 's', 1000 }, { 'm', 60000 }, { 'h', 3600000 }, { 'd', 86400000 } };
    const char *text = cli_option(c, option) != NULL ? cli_option(c, option) : fallback;
    uint64_t count = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9' && at - text < 9; at++) {
        count = count * 10 + (uint64_t)(*at - '0');
    }
    for (size_t i = 0; at > text && i < COUNT(UNITS); i++) {
        if (at[0] == UNITS[i].unit && at[1] == '\0' && count > 0 && count <= max_ms / UNITS[i].ms) {
            *out = count * UNITS[i].ms;
            return ERR_NONE;
        }
    }
    return cli_fail(c, ERR_USAGE, option, "'%s' is not a time such as 90s, 10m or 24h, up to %lluh",
                    text, (unsigned long long)(max_ms / 3600000));
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Digits before and after a point; false when there are none, or more than 64 bits hold. */
static bool read_decimal(const char *text, size_t len, uint64_t *value, unsigned *after)
{
    bool point = false;
    size_t digits = 0;
    *value = 0;
    *after = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '.' && !point && digits > 0 && i + 1 < len) {
            point = true;
            continue;
        }
        if (text[i] < '0' || text[i] > '9' || *after == RATE_DIGITS_MAX ||
            __builtin_mul_overflow(*value, UINT64_C(10), value) ||
            __builtin_add_overflow(*value, (uint64_t)(text[i] - '0'), value)) {
            return false;
        }
        digits++;
        *after += point;
    }
    return digits > 0;
}

/* Times ten to the power `by`, the common factor taken out first. */
static bool scale(uint64_t *x, uint64_t *other, unsigned by)
{
    for (; by > 0; by--) {
        uint64_t ten = 10, common = common_divisor(*other, ten);
        *other /= common;
        if (__builtin_mul_overflow(*x, ten / common, x)) {
            return false;
        }
    }
    return true;
}

/* R of whole units, as num/den of smallest units in lowest terms. */
static enum err read_rate(struct session *s, struct money_quote *q)
{
    const char *text, *bar;
    unsigned above = 0, below = 0;
    TRY(cli_required(s->cli, "--rate", &text));
    bar = strchr(text, '/');
    size_t len = bar != NULL ? (size_t)(bar - text) : strlen(text);
    q->den = 1;
    bool good = read_decimal(text, len, &q->num, &above) &&
                (bar == NULL || read_decimal(bar + 1, strlen(bar + 1), &q->den, &below)) &&
                q->num > 0 && q->den > 0;
    if (good) {
        uint64_t common = common_divisor(q->num, q->den);
        q->num /= common;
        q->den /= common;
        good = scale(&q->den, &q->num, above + s->genesis.currency[q->from].exponent) &&
               scale(&q->num, &q->den, below + s->genesis.currency[q->to].exponent);
    }
    return good ? ERR_NONE
                : cli_fail(s->cli, ERR_USAGE, "--rate",
                           "'%s' is not a rate above zero such as 7.8125 or 125/16", text);
}

static enum err read_terms(struct session *s, struct money_quote *q)
{
    const char *from, *to, *max = cli_option(s->cli, "--max");
    uint64_t valid_ms, hold_ms, now_ms = session_now_ms();
    TRY(cli_required(s->cli, "--from", &from));
    TRY(cli_required(s->cli, "--to", &to));
    TRY(money_currency(s, "--from", from, &q->from));
    TRY(money_currency(s, "--to", to, &q->to));
    if (q->from == q->to) {
        return cli_fail(s->cli, ERR_USAGE, "--to", "'%s' is --from too: nothing to exchange", to);
    }
    TRY(read_rate(s, q));
    memset(q->max, 0xff, sizeof q->max);
    q->max[0] = 0x7f; /* all that an amount can be: the account is the bound */
    if (max != NULL) {
        struct amount most;
        TRY(money_amount(s, "--max", max, q->from, &most));
        memcpy(q->max, most.value, sizeof q->max);
    }
    /* A minute less than the ledger's limit, because block time is not this clock. */
    TRY(read_span(s->cli, "--valid", "10m", CONTRACT_QUOTE_HOURS_MAX * 60 * MINUTE_MS, &valid_ms));
    TRY(read_span(s->cli, "--hold", "24h", CONTRACT_LOCK_DAYS_MAX * 24 * 60 * MINUTE_MS, &hold_ms));
    if (valid_ms > (CONTRACT_QUOTE_HOURS_MAX * 60 - 1) * MINUTE_MS) {
        valid_ms = (CONTRACT_QUOTE_HOURS_MAX * 60 - 1) * MINUTE_MS;
    }
    q->until_ms = now_ms + valid_ms;
    q->hold_until_ms = now_ms + hold_ms;
    return ERR_NONE;
}

static void put_time(json_t *out, const char *key, uint64_t time_ms)
{
    json_put(out, key, json_new_time(time_ms));
}

/* All that the bytes say, in words. */
static void put_quote(struct session *s, const struct money_quote *q, struct bytes wire,
                      struct bytes signature, json_t *out)
{
    char name[MONEY_NAME_SIZE], text[AMOUNT_TEXT_SIZE_MAX];
    struct amount max = { .currency = q->from };
    struct hash id;
    memcpy(max.value, q->max, sizeof max.value);
    contract_quote_id(s->suite, q, &id);
    json_put(out, "space", json_new_hash(&q->space));
    json_put(out, "oracle", json_new_hash(&q->oracle));
    money_name(s, q->from, name);
    json_put(out, "from", json_new_str(name));
    money_name(s, q->to, name);
    json_put(out, "to", json_new_str(name));
    money_rate(s, q->from, q->to, q->num, q->den, text);
    json_put(out, "rate", json_new_str(text));
    json_put(out, "num", json_new_u64(q->num));
    json_put(out, "den", json_new_u64(q->den));
    amount_format(&max, s->genesis.currency[q->from].exponent, text);
    json_put(out, "max", json_new_str(text));
    put_time(out, "until", q->until_ms);
    put_time(out, "hold_until", q->hold_until_ms);
    json_put(out, "quote", json_new_hash(&id));
    json_put(out, "bytes", json_new_base64url(wire));
    json_put(out, "signature", json_new_base64url(signature));
}

static enum err write_quote(struct session *s, const char *path)
{
    char *text;
    size_t len;
    TRY(json_write_pretty(s->cli->answer, &text, &len));
    enum err e = cli_write_file(s->cli, path, bytes_of(text, len), 0644);
    json_text_free(text);
    return e;
}

static enum err quote(struct session *s)
{
    struct money_quote q = { .space = s->genesis.space, .oracle = s->did, .key = s->sign_key };
    uint8_t signature[SUITE_SIGNATURE_SIZE_MAX];
    const char *path;
    struct bytes wire;
    TRY(cli_required(s->cli, "--out", &path));
    TRY(read_terms(s, &q));
    session_random(s, q.serial, sizeof q.serial);
    TRY(money_quote_encode(&q, &s->arena, &wire));
    contract_quote_sign(s->suite, s->secret, wire, signature);
    put_quote(s, &q, wire, bytes_of(signature, s->suite->signature_size), s->cli->answer);
    TRY(write_quote(s, path));
    char rate[AMOUNT_TEXT_SIZE_MAX], from[MONEY_NAME_SIZE], to[MONEY_NAME_SIZE];
    char when[CLOCK_TEXT_SIZE];
    money_rate(s, q.from, q.to, q.num, q.den, rate);
    money_name(s, q.from, from);
    money_name(s, q.to, to);
    clock_format(q.until_ms, when);
    fprintf(s->cli->text, "rate    %s %s for 1 %s\nuntil   %s\nwrote   %s\n", rate, to, from, when,
            path);
    return ERR_NONE;
}

enum err money_quote_run(struct cli *c)
{
    struct session s;
    TRY(session_open(c, true, &s));
    enum err e = quote(&s);
    session_close(&s);
    return e;
}

/* Bytes of a member in base64url, into the session's arena. */
static enum err member_bytes(struct session *s, const json_t *j, const char *key, struct bytes *out)
{
    const char *text;
    size_t len;
    TRY(json_get_str(j, key, &text));
    uint8_t *room = arena_alloc(&s->arena, strlen(text) + 1);
    if (room == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(base64url_decode(text, strlen(text), room, strlen(text), &len));
    *out = bytes_of(room, len);
    return ERR_NONE;
}

/* The file says what its signed bytes say: nobody is shown one rate and locks at another. */
static bool says_the_same(struct session *s, const json_t *j, const struct money_quote *q,
                          const struct money_lock *args)
{
    char *said, *meant;
    size_t said_len, meant_len;
    json_t *again = json_new_object();
    put_quote(s, q, args->quote, args->signature, again);
    bool same = false;
    if (json_write_canonical(j, &said, &said_len) == ERR_NONE) {
        if (json_write_canonical(again, &meant, &meant_len) == ERR_NONE) {
            same = said_len == meant_len && memcmp(said, meant, said_len) == 0;
            json_text_free(meant);
        }
        json_text_free(said);
    }
    json_free(again);
    return same;
}

static enum err take_quote(struct session *s, const char *path, const json_t *j,
                           struct money_lock *args, struct money_quote *q)
{
    enum err e = member_bytes(s, j, "bytes", &args->quote);
    e = e == ERR_NONE ? member_bytes(s, j, "signature", &args->signature) : e;
    e = e == ERR_NONE ? money_quote_decode(args->quote, &s->arena, q) : e;
    if (e != ERR_NONE) {
        return cli_fail(s->cli, ERR_UNREADABLE, path, "is not a quote");
    }
    if (!hash_equal(&q->space, &s->genesis.space)) {
        return cli_fail(s->cli, ERR_REFUSED, path, "is a quote for another space");
    }
    if (q->from >= s->genesis.currency_count || q->to >= s->genesis.currency_count) {
        return cli_fail(s->cli, ERR_REFUSED, path, "names a currency that this space lacks");
    }
    return says_the_same(s, j, q, args)
               ? ERR_NONE
               : cli_fail(s->cli, ERR_INTEGRITY, path, "does not say what its signed bytes say");
}

static enum err need_signed(struct session *s, const char *path, const struct money_lock *args,
                            const struct money_quote *q)
{
    struct did_document d;
    TRY(session_did_document(s, &q->oracle, &d));
    for (uint32_t i = 0; i < d.key_count; i++) {
        if (d.key[i].id == q->key && d.key[i].use == DID_SIGN &&
            contract_quote_verify(s->suite, d.key[i].public_key, args->quote, args->signature)) {
            return ERR_NONE;
        }
    }
    return cli_fail(s->cli, ERR_SIGNATURE, path, "is not signed by the oracle that it names");
}

enum err money_quote_read(struct session *s, const char *path, struct money_lock *args,
                          struct money_quote *out)
{
    uint8_t *file;
    size_t len;
    char why[JSON_ERROR_SIZE] = "", when[CLOCK_TEXT_SIZE];
    json_t *j;
    TRY(cli_read_file(s->cli, path, &file, &len));
    enum err e = json_read(bytes_of(file, len), MONEY_QUOTE_SIZE_MAX, &j, why);
    free(file);
    if (e != ERR_NONE) {
        return cli_fail(s->cli, e, path, "%s", why);
    }
    e = take_quote(s, path, j, args, out);
    json_free(j);
    TRY(e);
    TRY(need_signed(s, path, args, out));
    if (session_now_ms() >= out->until_ms) {
        clock_format(out->until_ms, when);
        cli_hint(s->cli, "ask the oracle for a new one: carnet money quote");
        return cli_fail(s->cli, ERR_REVOKED, path, "the quote expired at %s", when);
    }
    return ERR_NONE;
}
