#include <stdlib.h>
#include <string.h>

#include "cli/actions_internal.h"
#include "cli/money_internal.h"

/* --amount 12.34 --currency CNY/2 (`fallback` when absent). */
static enum err read_amount(struct session *s, uint32_t fallback, struct amount *out)
{
    const char *text, *wanted = cli_option(s->cli, "--currency");
    uint32_t currency = fallback;
    TRY(cli_required(s->cli, "--amount", &text));
    if (wanted != NULL) {
        TRY(money_currency(s, "--currency", wanted, &currency));
    }
    if (currency >= s->genesis.currency_count) {
        return cli_fail(s->cli, ERR_USAGE, "--amount", "this space has no currency");
    }
    return money_amount(s, "--amount", text, currency, out);
}

static enum err answer_legs(struct session *s, const struct amount *a, struct bytes exchange)
{
    char line[MONEY_LINE_SIZE];
    TRY(money_put_legs(s, a, exchange, s->cli->answer, line));
    fprintf(s->cli->text, "amount  %s\n", line);
    return ERR_NONE;
}

static enum err answer_amount(struct session *s, const struct amount *a)
{
    return answer_legs(s, a, bytes_of(NULL, 0));
}

static enum err party_of(struct session *s, const char *option, struct hash *out)
{
    const char *text;
    TRY(cli_required(s->cli, option, &text));
    return session_party(s, text, out);
}

static enum err finish(struct session *s, struct session_tx *t, struct bytes args)
{
    TRY(session_do(s, t, args));
    action_answer_tx(s->cli, t);
    return ERR_NONE;
}

static enum err issue(struct session *s)
{
    struct money_issue args;
    struct session_tx t;
    struct bytes wire;
    TRY(party_of(s, "--to", &args.to));
    TRY(read_amount(s, 0, &args.amount));
    session_draw(s, METHOD_MONEY_ISSUE, &t);
    TRY(money_issue_encode(&args, &s->arena, &wire));
    TRY(finish(s, &t, wire));
    return answer_amount(s, &args.amount);
}

static enum err pay(struct session *s)
{
    struct money_pay args;
    struct session_tx t;
    struct bytes wire;
    TRY(party_of(s, "--to", &args.to));
    TRY(read_amount(s, 0, &args.amount));
    session_draw(s, METHOD_MONEY_PAY, &t);
    TRY(money_pay_encode(&args, &s->arena, &wire));
    TRY(finish(s, &t, wire));
    return answer_amount(s, &args.amount);
}

/* What the quote lets be locked; the ledger says the same, in fewer words. */
static enum err need_quoted(struct session *s, const struct money_quote *q,
                            const struct money_lock *x)
{
    struct amount max = { .currency = q->from };
    char text[AMOUNT_TEXT_SIZE_MAX], name[MONEY_NAME_SIZE], when[CLOCK_TEXT_SIZE];
    int order;
    memcpy(max.value, q->max, sizeof max.value);
    money_name(s, q->from, name);
    if (amount_compare(&x->amount, &max, &order) != ERR_NONE) {
        return cli_fail(s->cli, ERR_USAGE, "--currency", "the quote is for paying in %s", name);
    }
    if (order > 0) {
        amount_format(&max, s->genesis.currency[q->from].exponent, text);
        return cli_fail(s->cli, ERR_USAGE, "--amount", "the quote is for at most %s %s", text,
                        name);
    }
    if (x->until_ms > q->hold_until_ms) {
        clock_format(q->hold_until_ms, when);
        return cli_fail(s->cli, ERR_USAGE, "--minutes", "the oracle holds its money until %s only",
                        when);
    }
    return ERR_NONE;
}

static enum err lock_args(struct session *s, struct money_lock *args)
{
    const char *token, *path = cli_option(s->cli, "--quote");
    struct money_quote quote;
    uint64_t minutes;
    TRY(party_of(s, "--to", &args->payee));
    TRY(cli_required(s->cli, "--token", &token));
    TRY(cli_hash(s->cli, "--token", token, &args->token));
    TRY(cli_number(s->cli, "--minutes", 1, 60 * 24 * 90, 60, &minutes));
    args->until_ms = session_now_ms() + minutes * 60000;
    if (path == NULL) {
        return read_amount(s, 0, &args->amount);
    }
    TRY(money_quote_read(s, path, args, &quote));
    TRY(read_amount(s, quote.from, &args->amount));
    return need_quoted(s, &quote, args);
}

static enum err lock_answer(struct session *s, const struct hash *id)
{
    struct contract_key key = contract_key_lock(id);
    struct lock_record record;
    struct bytes value;
    TRY(session_state(s, key.contract, contract_key_bytes(&key), &value));
    TRY(lock_record_decode(value, &s->arena, &record));
    return answer_legs(s, &record.amount, record.exchange);
}

static enum err lock(struct session *s)
{
    struct money_lock args = { 0 };
    struct session_tx t;
    struct bytes wire;
    struct hash id;
    TRY(lock_args(s, &args));
    session_draw(s, METHOD_MONEY_LOCK, &t);
    contract_lock_id(s->suite, &s->did, &args.payee, t.body.nonce, &id);
    TRY(money_lock_encode(&args, &s->arena, &wire));
    enum err e = finish(s, &t, wire);
    if (e == ERR_REFUSED && t.status == RECEIPT_EXHAUSTED) {
        cli_hint(s->cli, "the quote was used already: ask the oracle for a new one");
    }
    TRY(e);
    json_put(s->cli->answer, "lock", json_new_hash(&id));
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    hex_encode(bytes_of_hash(&id), hex);
    fprintf(s->cli->text, "lock    %s\n", hex);
    return args.quote.len == 0 ? answer_amount(s, &args.amount) : lock_answer(s, &id);
}

static enum err settle(struct session *s)
{
    struct money_settle args;
    struct session_tx t;
    struct bytes wire;
    TRY(cli_hash(s->cli, "lock", s->cli->arg[0], &args.lock));
    session_draw(s, METHOD_MONEY_SETTLE, &t);
    TRY(money_settle_encode(&args, &s->arena, &wire));
    TRY(finish(s, &t, wire));
    return lock_answer(s, &args.lock);
}

static enum err refund(struct session *s)
{
    struct money_refund args;
    struct session_tx t;
    struct bytes wire;
    TRY(cli_hash(s->cli, "lock", s->cli->arg[0], &args.lock));
    session_draw(s, METHOD_MONEY_REFUND, &t);
    TRY(money_refund_encode(&args, &s->arena, &wire));
    TRY(finish(s, &t, wire));
    return lock_answer(s, &args.lock);
}

static enum err balance(struct session *s)
{
    struct hash who = s->did;
    struct balance_record record = { 0 };
    struct bytes value;
    if (s->cli->arg_count == 1) {
        TRY(session_party(s, s->cli->arg[0], &who));
    }
    json_t *list = json_new_array();
    for (uint32_t i = 0; i < s->genesis.currency_count; i++) {
        struct contract_key key = contract_key_balance(&who, i);
        char text[AMOUNT_TEXT_SIZE_MAX], name[MONEY_NAME_SIZE];
        struct amount a = amount_zero(i);
        enum err e = session_state(s, key.contract, contract_key_bytes(&key), &value);
        if (e == ERR_NONE) {
            e = balance_record_decode(value, &s->arena, &record);
            memcpy(a.value, record.value, sizeof a.value);
        }
        if (e != ERR_NONE && e != ERR_NOT_FOUND) {
            json_free(list);
            return e;
        }
        json_t *row = json_new_object();
        money_put(s, &a, row);
        money_name(s, i, name);
        amount_format(&a, s->genesis.currency[i].exponent, text);
        json_push(list, row);
        fprintf(s->cli->text, "%s %s\n", text, name);
    }
    json_put(s->cli->answer, "balances", list);
    return ERR_NONE;
}

static enum err run_issue(struct cli *c)
{
    return session_act(c, issue);
}

static enum err run_pay(struct cli *c)
{
    return session_act(c, pay);
}

static enum err run_lock(struct cli *c)
{
    return session_act(c, lock);
}

static enum err run_settle(struct cli *c)
{
    return session_act(c, settle);
}

static enum err run_refund(struct cli *c)
{
    return session_act(c, refund);
}

static enum err run_balance(struct cli *c)
{
    return session_act(c, balance);
}

#define AMOUNT_ROWS                                                                         \
    { "--amount", "N.NN", "how much" }, { "--currency", "C", "such as CNY/2 (the first)" }, \
    {                                                                                       \
        "--to", "PARTY", "who receives: a name of keys/ or a DID"                           \
    }
static const struct cli_option AMOUNT_OPTIONS[] = { AMOUNT_ROWS, { NULL, NULL, NULL } };
static const struct cli_option LOCK_OPTIONS[] = {
    AMOUNT_ROWS,
    { "--token", "ID", "what the money is for" },
    { "--minutes", "N", "after them anybody may refund (60)" },
    { "--quote", "FILE", "pay in one currency what the payee receives in another" },
    { NULL, NULL, NULL },
};

static const struct cli_command COMMANDS[] = {
    { "money", "issue", "", 0, 0, "put money into a settlement account (the currency's issuer)",
      "carnet money issue --to importer --amount 1000.00 --as bank", AMOUNT_OPTIONS, run_issue },
    { "money", "pay", "", 0, 0, "pay from the own account",
      "carnet money pay --to exporter --amount 1.00 --as importer", AMOUNT_OPTIONS, run_pay },
    { "money", "lock", "", 0, 0, "lock money for a token until it is settled or refunded",
      "carnet money lock --to exporter --amount 250.00 --token $TOKEN --as importer", LOCK_OPTIONS,
      run_lock },
    { "money", "quote", "", 0, 0, "sign what one currency is worth in another (an oracle)",
      "carnet money quote --from EUR/2 --to CNY/2 --rate 7.8125 --out quote.json --as bank",
      MONEY_QUOTE_OPTIONS, money_quote_run },
    { "money", "settle", "LOCK", 1, 1, "take what was locked, once the key was acknowledged",
      "carnet money settle $LOCK --as exporter", NULL, run_settle },
    { "money", "refund", "LOCK", 1, 1, "give back what was locked, after its deadline",
      "carnet money refund $LOCK --as importer", NULL, run_refund },
    { "money", "balance", "[PARTY]", 0, 1, "settlement accounts of a participant",
      "carnet money balance --as exporter", NULL, run_balance },
};
const struct cli_table CLI_MONEY = { COMMANDS, COUNT(COMMANDS) };
