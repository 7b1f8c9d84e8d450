#include <stdlib.h>
#include <string.h>

#include "cli/actions_internal.h"
#include "crypto/secret.h"

/* A grant in the making, or only looked at (preview). */
struct grant_work {
    struct token_record token;
    struct did_document own, holder;
    struct policy_book *book;
    struct policy_check check;
    struct policy_verdict verdict;
    json_t *answer;
    struct right_grant args;
    struct hash right;
    struct session_tx tx;
};

/* The same question that validators will ask, answered here with the words around it. */
static enum err judge(struct session *s, struct grant_work *w)
{
    struct cli *c = s->cli;
    const char *to;
    char why[POLICY_WHY_SIZE] = "";
    TRY(cli_required(c, "--to", &to));
    TRY(session_party(s, to, &w->args.holder));
    TRY(action_token(s, c->arg[0], &w->token));
    w->args.token = w->token.token;
    TRY(session_did_document(s, &w->token.owner, &w->own));
    TRY(session_did_document(s, &w->args.holder, &w->holder));
    TRY(action_book(s, &w->book));
    TRY(action_check(c, w->book, policy_book_place(w->book, w->own.jurisdiction),
                     policy_book_place(w->book, w->holder.jurisdiction), &w->check));
    if (!w->check.day_given) {
        TRY(policy_set_day(policy_book_set(w->book), w->own.jurisdiction, session_now_ms(),
                           &w->check.day));
    }
    enum err e = policy_answer(w->book, &w->check, &w->verdict, &w->answer, why);
    return e == ERR_NONE ? e : cli_fail(c, e, "check", "%s", why);
}

static const char *verdict_name(enum policy_code code)
{
    switch (code) {
    case POLICY_ALLOW:
        return "allow";
    case POLICY_ALLOW_WITH_OBLIGATIONS:
        return "allow_with_obligations";
    case POLICY_NEEDS_MECHANISM:
        return "needs_mechanism";
    case POLICY_DENY:
        return "deny";
    }
    return "unknown";
}

/* "needs_mechanism: cn_standard_contract or cn_certification (CN-CBDF:8)" */
static void refusal_text(const struct grant_work *w, char *out, size_t cap)
{
    size_t used = (size_t)snprintf(out, cap, "%s", verdict_name(w->verdict.code));
    const json_t *cites = json_member(w->answer, "cites");
    for (size_t i = 0; i < json_size(cites) && used < cap - 1; i++) {
        const char *cite = json_text_of(json_at(cites, i));
        used += (size_t)snprintf(out + used, cap - used, "%s%s", i == 0 ? " by " : ", ",
                                 cite != NULL ? cite : "?");
    }
}

static enum err refused(struct session *s, struct grant_work *w, const char *by)
{
    char text[CLI_WHY_SIZE - 64];
    refusal_text(w, text, sizeof text);
    cli_hint(s->cli, "carnet right preview shows what is required first");
    return cli_fail(s->cli, ERR_REFUSED, "right.grant", "refused by %s: %s", by, text);
}

/* Refused by every validator: the receipt stands on the ledger, and can be shown to others. */
static enum err refused_on_ledger(struct session *s, struct grant_work *w)
{
    char hint[CLI_WHY_SIZE], hex[HEX_SIZE(HASH_SIZE) + 1];
    enum err e = refused(s, w, "the validators");
    hex_encode(bytes_of_hash(&w->tx.id), hex);
    snprintf(hint, sizeof hint, "carnet tx proof %s --out FILE proves the refusal", hex);
    cli_hint(s->cli, hint);
    return e;
}

/* The content key, wrapped for the holder alone, as an attachment. */
static enum err attach_wrap(struct session *s, struct grant_work *w)
{
    struct right_record r = {
        .token = w->args.token, .right = w->right, .seal = w->args.seal, .holder = w->args.holder
    };
    struct bytes wire;
    TRY(action_content_wrap(s, &r, 0, &wire));
    return action_attach(s, &w->tx, ATTACHMENT_WRAP, MEDIA_CONTENT_WRAP, wire, &w->args.holder, 1,
                         &w->args.wrap);
}

static enum err custody_of(struct cli *c, uint32_t *out)
{
    const char *text = cli_option(c, "--custody");
    bool brokered = text != NULL && strcmp(text, "brokered") == 0;
    if (text != NULL && !brokered && strcmp(text, "released") != 0) {
        return cli_fail(c, ERR_USAGE, "--custody", "'%s' is not released or brokered", text);
    }
    *out = brokered ? CUSTODY_BROKERED : CUSTODY_RELEASED;
    return ERR_NONE;
}

static enum err fill_args(struct session *s, struct grant_work *w)
{
    uint64_t uses, hours;
    const char *lock = cli_option(s->cli, "--lock");
    TRY(cli_number(s->cli, "--uses", 0, CONTRACT_USES_MAX, 1, &uses));
    TRY(cli_number(s->cli, "--hours", 1, 24 * 3650, 24 * 30, &hours));
    if (lock != NULL) {
        TRY(cli_hash(s->cli, "--lock", lock, &w->args.lock));
    }
    if (w->token.seals_count == 0) {
        cli_hint(s->cli, "carnet token seal TOKEN comes before a grant");
        return cli_fail(s->cli, ERR_STATE, s->cli->arg[0], "the token has no seal yet");
    }
    w->args.seal = w->token.seals[w->token.seals_count - 1].seal;
    w->args.kind = RIGHT_PROCESS_AND_USE;
    TRY(custody_of(s->cli, &w->args.custody));
    w->args.uses = (uint32_t)uses;
    w->args.until_ms = session_now_ms() + hours * 3600 * 1000;
    if (w->args.until_ms > w->token.valid_until_ms) {
        w->args.until_ms = w->token.valid_until_ms;
    }
    w->args.purpose = w->check.facts.purpose;
    w->args.places_count = 1;
    w->args.places[0] = w->holder.jurisdiction;
    return policy_facts_encode(&w->check.facts, &s->arena, &w->args.facts);
}

static enum err answer_right(struct session *s, const struct hash *right)
{
    struct right_record r;
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    hex_encode(bytes_of_hash(right), hex);
    TRY(action_right(s, hex, &r));
    json_put(s->cli->answer, "right", action_right_json(&r));
    fprintf(s->cli->text, "right   %s\nstatus  %s\ncustody %s\nused    %u of %u\n", hex,
            action_right_status(r.state),
            r.custody == CUSTODY_RELEASED ? "released" : "brokered: " ACTION_CUSTODY_ANSWER, r.used,
            r.uses);
    return ERR_NONE;
}

static enum err grant(struct session *s, struct grant_work *w)
{
    struct bytes wire;
    TRY(judge(s, w));
    bool lawful = w->verdict.code <= POLICY_ALLOW_WITH_OBLIGATIONS;
    if (!lawful && !cli_flag(s->cli, "--insist")) {
        return refused(s, w, "the law as declared");
    }
    TRY(fill_args(s, w));
    session_draw(s, METHOD_RIGHT_GRANT, &w->tx);
    contract_right_id(s->suite, &w->args.token, &w->args.holder, w->tx.body.nonce, &w->right);
    if (w->args.custody == CUSTODY_RELEASED) {
        TRY(attach_wrap(s, w));
    }
    TRY(right_grant_encode(&w->args, &s->arena, &wire));
    enum err e = session_do(s, &w->tx, wire);
    if (e == ERR_REFUSED && w->tx.status == RECEIPT_LAW) {
        return refused_on_ledger(s, w);
    }
    TRY(e);
    action_answer_tx(s->cli, &w->tx);
    json_put(s->cli->answer, "compliance", w->answer);
    w->answer = NULL;
    return answer_right(s, &w->right);
}

static enum err preview(struct session *s, struct grant_work *w)
{
    char text[CLI_WHY_SIZE];
    TRY(judge(s, w));
    refusal_text(w, text, sizeof text);
    fprintf(s->cli->text, "%s\n", text);
    json_put(s->cli->answer, "compliance", w->answer);
    w->answer = NULL;
    return ERR_NONE;
}

static enum err with_grant(struct cli *c, enum err (*act)(struct session *, struct grant_work *))
{
    struct session s;
    TRY(session_open(c, true, &s));
    struct grant_work *w = calloc(1, sizeof *w);
    ASSERT(w != NULL);
    enum err e = act(&s, w);
    json_free(w->answer);
    if (w->book != NULL) {
        policy_book_close(w->book);
    }
    free(w);
    session_close(&s);
    return e;
}

static enum err run_grant(struct cli *c)
{
    return with_grant(c, grant);
}

static enum err run_preview(struct cli *c)
{
    return with_grant(c, preview);
}

static enum err run_show(struct cli *c)
{
    struct session s;
    struct hash right;
    TRY(cli_hash(c, "right", c->arg[0], &right));
    TRY(session_open(c, true, &s));
    enum err e = answer_right(&s, &right);
    session_close(&s);
    return e;
}

enum err action_use(struct session *s, const struct right_record *r, struct session_tx *t)
{
    struct right_use args = { r->right, r->used + 1 };
    struct bytes wire;
    session_draw(s, METHOD_RIGHT_USE, t);
    TRY(right_use_encode(&args, &s->arena, &wire));
    return session_do(s, t, wire);
}

/* The key is received and opened, as the word on it says, and kept nowhere. */
static enum err use_brokered(struct session *s, struct right_record *r)
{
    uint8_t key[AEAD_KEY_SIZE];
    enum err e = action_brokered_use(s, r, key);
    secret_wipe(key, sizeof key);
    TRY(e);
    json_put(s->cli->answer, "use", json_new_int(r->used));
    return action_brokered_ack(s, r);
}

static enum err use_declared(struct session *s, struct right_record *r)
{
    struct session_tx t;
    TRY(action_use(s, r, &t));
    action_answer_tx(s->cli, &t);
    return ERR_NONE;
}

static enum err use(struct session *s)
{
    struct right_record r;
    TRY(action_right(s, s->cli->arg[0], &r));
    TRY(r.custody == CUSTODY_BROKERED ? use_brokered(s, &r) : use_declared(s, &r));
    return answer_right(s, &r.right);
}

static enum err run_use(struct cli *c)
{
    return session_act(c, use);
}

static enum err run_revoke(struct cli *c)
{
    struct session s;
    struct session_tx t;
    struct right_revoke args = { 0 };
    struct bytes wire;
    uint64_t reason;
    TRY(cli_hash(c, "right", c->arg[0], &args.right));
    TRY(cli_number(c, "--reason", 0, 1000, 0, &reason));
    args.reason = (uint32_t)reason;
    TRY(session_open(c, true, &s));
    session_draw(&s, METHOD_RIGHT_REVOKE, &t);
    enum err e = right_revoke_encode(&args, &s.arena, &wire);
    e = e != ERR_NONE ? e : session_do(&s, &t, wire);
    if (e == ERR_NONE) {
        action_answer_tx(c, &t);
        e = answer_right(&s, &args.right);
    }
    session_close(&s);
    return e;
}

static const struct cli_option GRANT_OPTIONS[] = {
    { "--to", "PARTY", "the holder: a name of keys/ or a DID" },
    { "--uses", "N", "how often it may be used; 0: not counted (1)" },
    { "--hours", "N", "how long (720)" },
    { "--custody", "C", "released: the key with the grant; brokered: one key a use (released)" },
    { "--lock", "ID", "money lock that pays for it" },
    { "--insist", NULL, "submit even what the law as declared refuses here" },
    ACTION_CHECK_ROWS,
    { NULL, NULL, NULL },
};
static const struct cli_option PREVIEW_OPTIONS[] = {
    { "--to", "PARTY", "the holder: a name of keys/ or a DID" },
    ACTION_CHECK_ROWS,
    { NULL, NULL, NULL },
};
static const struct cli_option REVOKE_OPTIONS[] = {
    { "--reason", "CODE", "a number that says why (0)" },
    { NULL, NULL, NULL },
};

static const struct cli_command COMMANDS[] = {
    { "right", "grant", "TOKEN", 1, 1, "grant a usage right, judged by the law of both ends",
      "carnet right grant $TOKEN --to importer --sector ecommerce --classes personal "
      "--subjects 500 --as exporter",
      GRANT_OPTIONS, run_grant },
    { "right", "preview", "TOKEN", 1, 1, "what the law would say of a grant, nothing sent",
      "carnet right preview $TOKEN --to importer --classes personal --subjects 500 --as exporter",
      PREVIEW_OPTIONS, run_preview },
    { "right", "show", "RIGHT", 1, 1, "what the ledger says of a right",
      "carnet right show $RIGHT --as importer", NULL, run_show },
    { "right", "use", "RIGHT", 1, 1, "declare one use; brokered: ask for one, and receive its key",
      "carnet right use $RIGHT --as importer", NULL, run_use },
    { "right", "revoke", "RIGHT", 1, 1, "end a right (grantor or regulator)",
      "carnet right revoke $RIGHT --as exporter", REVOKE_OPTIONS, run_revoke },
    { "right", "subgrant", "RIGHT", 0, 9, "not implemented", NULL, NULL, cli_later },
    { "right", "transfer", "RIGHT", 0, 9, "not implemented", NULL, NULL, cli_later },
    { "right", "split", "RIGHT", 0, 9, "not implemented", NULL, NULL, cli_later },
};
const struct cli_table CLI_RIGHT = { COMMANDS, COUNT(COMMANDS) };
