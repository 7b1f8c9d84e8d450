#include <stdlib.h>
#include <string.h>

#include "cli/actions_internal.h"

/* "CNY/2": the currencies of this space, by their index in the genesis. Only codes that a table
 * here knows have letters; others are written as their ISO 4217 number. */
static const struct {
    uint32_t code;
    const char *letters;
} CODES[] = { { 156, "CNY" }, { 978, "EUR" }, { 702, "SGD" }, { 840, "USD" }, { 458, "MYR" } };

static void currency_text(const struct currency *x, char out[24])
{
    for (size_t i = 0; i < COUNT(CODES); i++) {
        if (CODES[i].code == x->code) {
            snprintf(out, 24, "%s/%u", CODES[i].letters, x->exponent);
            return;
        }
    }
    snprintf(out, 24, "%03u/%u", x->code, x->exponent);
}

/* --amount 12.34 --currency CNY/2 (the only one when absent). */
static enum err read_amount(struct session *s, struct amount *out)
{
    const char *text, *wanted = cli_option(s->cli, "--currency");
    TRY(cli_required(s->cli, "--amount", &text));
    for (uint32_t i = 0; i < s->genesis.currency_count; i++) {
        char name[24];
        currency_text(&s->genesis.currency[i], name);
        if (wanted == NULL || strcmp(wanted, name) == 0) {
            enum err e = amount_parse(text, i, s->genesis.currency[i].exponent, out);
            if (e != ERR_NONE || amount_sign(out) <= 0) {
                return cli_fail(s->cli, ERR_USAGE, "--amount",
                                "'%s' is not a positive amount of %s", text, name);
            }
            return ERR_NONE;
        }
    }
    return cli_fail(s->cli, ERR_USAGE, "--currency", "'%s' is not a currency of this space",
                    wanted != NULL ? wanted : "");
}

static void answer_amount(struct session *s, const struct amount *a)
{
    char text[AMOUNT_TEXT_SIZE_MAX], name[24];
    const struct currency *x = &s->genesis.currency[a->currency];
    currency_text(x, name);
    amount_format(a, x->exponent, text);
    json_put(s->cli->answer, "amount", json_new_str(text));
    json_put(s->cli->answer, "currency", json_new_str(name));
    fprintf(s->cli->text, "amount  %s %s\n", text, name);
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
    TRY(read_amount(s, &args.amount));
    session_draw(s, METHOD_MONEY_ISSUE, &t);
    TRY(money_issue_encode(&args, &s->arena, &wire));
    TRY(finish(s, &t, wire));
    answer_amount(s, &args.amount);
    return ERR_NONE;
}

static enum err pay(struct session *s)
{
    struct money_pay args;
    struct session_tx t;
    struct bytes wire;
    TRY(party_of(s, "--to", &args.to));
    TRY(read_amount(s, &args.amount));
    session_draw(s, METHOD_MONEY_PAY, &t);
    TRY(money_pay_encode(&args, &s->arena, &wire));
    TRY(finish(s, &t, wire));
    answer_amount(s, &args.amount);
    return ERR_NONE;
}

static enum err lock(struct session *s)
{
    struct money_lock args = { 0 };
    struct session_tx t;
    struct bytes wire;
    struct hash id;
    const char *token;
    uint64_t minutes;
    TRY(party_of(s, "--to", &args.payee));
    TRY(read_amount(s, &args.amount));
    TRY(cli_required(s->cli, "--token", &token));
    TRY(cli_hash(s->cli, "--token", token, &args.token));
    TRY(cli_number(s->cli, "--minutes", 1, 60 * 24 * 90, 60, &minutes));
    args.until_ms = session_now_ms() + minutes * 60000;
    session_draw(s, METHOD_MONEY_LOCK, &t);
    contract_lock_id(s->suite, &s->did, &args.payee, t.body.nonce, &id);
    TRY(money_lock_encode(&args, &s->arena, &wire));
    TRY(finish(s, &t, wire));
    json_put(s->cli->answer, "lock", json_new_hash(&id));
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    hex_encode(bytes_of_hash(&id), hex);
    fprintf(s->cli->text, "lock    %s\n", hex);
    answer_amount(s, &args.amount);
    return ERR_NONE;
}

static enum err lock_amount(struct session *s, const struct hash *id)
{
    struct contract_key key = contract_key_lock(id);
    struct lock_record record;
    struct bytes value;
    TRY(session_state(s, key.contract, contract_key_bytes(&key), &value));
    TRY(lock_record_decode(value, &s->arena, &record));
    answer_amount(s, &record.amount);
    return ERR_NONE;
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
    return lock_amount(s, &args.lock);
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
    return lock_amount(s, &args.lock);
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
        char text[AMOUNT_TEXT_SIZE_MAX], name[24];
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
        currency_text(&s->genesis.currency[i], name);
        amount_format(&a, s->genesis.currency[i].exponent, text);
        json_t *row = json_new_object();
        json_put(row, "currency", json_new_str(name));
        json_put(row, "amount", json_new_str(text));
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
    { "money", "settle", "LOCK", 1, 1, "take what was locked, once the key was acknowledged",
      "carnet money settle $LOCK --as exporter", NULL, run_settle },
    { "money", "refund", "LOCK", 1, 1, "give back what was locked, after its deadline",
      "carnet money refund $LOCK --as importer", NULL, run_refund },
    { "money", "balance", "[PARTY]", 0, 1, "settlement accounts of a participant",
      "carnet money balance --as exporter", NULL, run_balance },
};
const struct cli_table CLI_MONEY = { COMMANDS, COUNT(COMMANDS) };
