#include <stdlib.h>
#include <string.h>

#include "cli/asset_internal.h"
#include "cli/events_internal.h"
#include "crypto/secret.h"
#include "data/data.h"

/* What a template says of a token, turned into codes by the words of the law in force. */
struct mint_plan {
    struct action_asset asset;
    struct template_ *template_;
    struct token_mint args;
    struct session_tx tx;
    json_t *deidentification; /* NULL: the template names no quasi-identifier */
};

static void push_places(json_t *places, const char *text)
{
    char code[8];
    while (text != NULL && *text != '\0') {
        size_t len = strcspn(text, ",");
        snprintf(code, sizeof code, "%.*s", (int)len, text);
        json_push(places, json_new_str(code));
        text += len + (text[len] == ',' ? 1 : 0);
    }
}

/* The public face: codes that stand on the ledger. */
static enum err plan_codes(struct session *s, struct mint_plan *p)
{
    struct policy_book *book;
    struct policy_check check;
    char why[POLICY_WHY_SIZE] = "";
    struct did_document own;
    uint64_t days;
    TRY(cli_number(s->cli, "--valid-days", 1, 3650, 365, &days));
    TRY(session_did_document(s, &s->did, &own));
    TRY(action_book(s, &book));
    json_t *facts = json_new_object();
    const json_t *classes = json_member(template_facts(p->template_), "classes");
    json_t *list = json_new_array();
    for (size_t i = 0; classes != NULL && i < json_size(classes); i++) {
        json_push(list, json_new_str(json_text_of(json_at(classes, i)) != NULL
                                         ? json_text_of(json_at(classes, i))
                                         : ""));
    }
    json_put(facts, "id", json_new_str("mint"));
    json_put(facts, "from", json_new_str(policy_book_place(book, own.jurisdiction)));
    json_put(facts, "to", json_new_str(policy_book_place(book, own.jurisdiction)));
    json_put(facts, "classes", list);
    /* Where rights may be granted: the owner's place and those of --places; the law's words read
     * them. */
    json_t *places = json_new_array(), *more = json_new_object();
    json_push(places, json_new_str(policy_book_place(book, own.jurisdiction)));
    push_places(places, cli_option(s->cli, "--places"));
    json_put(more, "onward", places);
    json_put(facts, "facts", more);
    enum err e = policy_check_read(book, facts, &check, why);
    json_free(facts);
    if (e != ERR_NONE) {
        policy_book_close(book);
        return cli_fail(s->cli, e, "template", "%s", why);
    }
    p->args.classes_count = (uint32_t)check.facts.class_count;
    memcpy(p->args.classes, check.facts.classes,
           sizeof check.facts.classes[0] * check.facts.class_count);
    p->args.pack_set = *policy_set_hash(policy_book_set(book));
    policy_book_close(book);
    p->args.grade = 1;
    p->args.jurisdictions_count = (uint32_t)check.facts.onward_count;
    memcpy(p->args.jurisdictions, check.facts.onward,
           sizeof check.facts.onward[0] * check.facts.onward_count);
    p->args.valid_from_ms = session_now_ms() - 60000;
    p->args.valid_until_ms = p->args.valid_from_ms + days * 24 * 3600 * 1000;
    template_hash(s->suite, p->template_, &p->args.template_hash);
    return ERR_NONE;
}

/* Metadata: an immutable document with a random serial; the token's id is SHA-256 of its RFC
 * 8785 form. */
static enum err plan_metadata(struct session *s, struct mint_plan *p, struct bytes *out)
{
    uint8_t serial[16];
    char *text;
    size_t len;
    json_t *j = json_new_object();
    session_random(s, serial, sizeof serial);
    json_put(j, "serial", json_new_hex(bytes_of(serial, sizeof serial)));
    json_put(j, "space", json_new_hash(&s->genesis.space));
    json_put(j, "owner", json_new_hash(&s->did));
    json_put(j, "asset", json_new_hash(&p->asset.asset));
    json_put(j, "template", json_new_str(template_name(p->template_)));
    json_put(j, "grade", json_new_int(p->args.grade));
    json_put(j, "bytes", json_new_u64(p->asset.bytes));
    json_put(j, "sha256", json_new_hash(&p->asset.sha256));
    json_put(j, "title",
             json_new_str(cli_option(s->cli, "--title") != NULL ? cli_option(s->cli, "--title")
                                                                : template_name(p->template_)));
    if (p->deidentification != NULL) {
        json_put(j, "deidentification", p->deidentification);
        p->deidentification = NULL;
    }
    json_put(j, "valid_from", json_new_time(p->args.valid_from_ms));
    json_put(j, "valid_until", json_new_time(p->args.valid_until_ms));
    json_put(j, "custody_answer", json_new_str(ACTION_CUSTODY_ANSWER)); /* FORMATS 19 */
    enum err e = json_write_canonical(j, &text, &len);
    json_free(j);
    TRY(e);
    e = arena_copy(&s->arena, bytes_of(text, len), out);
    json_text_free(text);
    TRY(e);
    hash_plain(suite_intl(), *out, &p->args.token);
    return ERR_NONE;
}

/* The owner's tag recognises the same asset minted twice: HMAC of the digest under a key that is
 * derived from the sealing seed (FORMATS 18). */
static enum err plan_tag(struct session *s, struct mint_plan *p)
{
    uint8_t key[32];
    TRY(hkdf_sha256(bytes_of(s->secret + 32, 32), bytes_of(NULL, 0),
                    bytes_of_str("carnet/owner-tag/v1"), key, sizeof key));
    hmac_sha256(bytes_of(key, sizeof key), bytes_of_hash(&p->asset.sha256), &p->args.owner_tag);
    secret_wipe(key, sizeof key);
    return ERR_NONE;
}

static enum err mint(struct session *s, struct mint_plan *p)
{
    struct bytes metadata, args;
    struct hash reader[TX_READERS_MAX], commitment;
    const char *asset;
    TRY(cli_required(s->cli, "--asset", &asset));
    TRY(action_asset_read(s, asset, &p->asset));
    p->args.asset = p->asset.asset;
    TRY(asset_facts(s->cli, p->asset.path, p->template_, &p->deidentification));
    TRY(plan_codes(s, p));
    TRY(plan_metadata(s, p, &metadata));
    TRY(plan_tag(s, p));
    session_draw(s, METHOD_TOKEN_MINT, &p->tx);
    reader[0] = s->did;
    uint32_t readers = 1 + action_regulators(s, reader + 1, TX_READERS_MAX - 1);
    TRY(action_attach(s, &p->tx, ATTACHMENT_METADATA, MEDIA_JSON, metadata, reader, readers,
                      &commitment));
    TRY(token_mint_encode(&p->args, &s->arena, &args));
    TRY(session_do(s, &p->tx, args));
    action_answer_tx(s->cli, &p->tx);
    return ERR_NONE;
}

static enum err answer_token(struct session *s, const struct hash *token)
{
    struct token_record record;
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    hex_encode(bytes_of_hash(token), hex);
    TRY(action_token(s, hex, &record));
    json_put(s->cli->answer, "token", action_token_json(&record));
    fprintf(s->cli->text, "token   %s\nstatus  %s\nseals   %u\nrights  %llu\nevents  %llu\n", hex,
            action_token_status(record.state), record.seals_count,
            (unsigned long long)record.rights, (unsigned long long)record.events.count);
    return ERR_NONE;
}

static enum err run_mint(struct cli *c)
{
    struct session s;
    const char *name;
    TRY(cli_required(c, "--template", &name));
    struct mint_plan *p = calloc(1, sizeof *p);
    ASSERT(p != NULL);
    enum err e = action_template(c, name, &p->template_);
    if (e == ERR_NONE) {
        e = session_open(c, true, &s);
        if (e == ERR_NONE) {
            e = mint(&s, p);
            e = e != ERR_NONE ? e : answer_token(&s, &p->args.token);
            session_close(&s);
        }
        template_free(p->template_);
        json_free(p->deidentification);
    }
    free(p);
    return e;
}

static enum err show(struct session *s)
{
    struct hash token;
    TRY(cli_hash(s->cli, "token", s->cli->arg[0], &token));
    return answer_token(s, &token);
}

static enum err run_show(struct cli *c)
{
    return session_act(c, show);
}

/* freeze, thaw, revoke, archive differ in the method alone. */
static enum err change_state(struct cli *c, uint32_t method)
{
    struct session s;
    struct session_tx t;
    struct token_state args = { 0 };
    uint64_t reason;
    struct bytes wire;
    TRY(cli_hash(c, "token", c->arg[0], &args.token));
    TRY(cli_number(c, "--reason", 0, 1000, 0, &reason));
    args.reason = (uint32_t)reason;
    TRY(session_open(c, true, &s));
    session_draw(&s, method, &t);
    enum err e = method == METHOD_TOKEN_THAW ? action_may_thaw(&s, c->arg[0]) : ERR_NONE;
    e = e != ERR_NONE ? e : token_state_encode(&args, &s.arena, &wire);
    e = e != ERR_NONE ? e : session_do(&s, &t, wire);
    if (e == ERR_NONE) {
        action_answer_tx(c, &t);
        e = answer_token(&s, &args.token);
    }
    session_close(&s);
    return e;
}

static enum err run_freeze(struct cli *c)
{
    return change_state(c, METHOD_TOKEN_FREEZE);
}

static enum err run_thaw(struct cli *c)
{
    return change_state(c, METHOD_TOKEN_THAW);
}

static enum err run_revoke(struct cli *c)
{
    return change_state(c, METHOD_TOKEN_REVOKE);
}

static enum err run_archive(struct cli *c)
{
    return change_state(c, METHOD_TOKEN_ARCHIVE);
}

static enum err list_minted(struct session *s, const json_t *e, void *work)
{
    int64_t contract = 0, type = 0, height = 0;
    TRY(json_get_int(e, "contract", &contract));
    TRY(json_get_int(e, "type", &type));
    TRY(json_get_int(e, "height", &height));
    const char *id = json_text_of(json_at(json_member(e, "subjects"), 0));
    if (contract == CONTRACT_TOKEN && type == EVENT_TOKEN_MINTED && id != NULL) {
        json_t *row = json_new_object();
        json_put(row, "id", json_new_str(id));
        json_put(row, "height", json_new_int(height));
        json_push(work, row);
        fprintf(s->cli->text, "%s  height %lld\n", id, (long long)height);
    }
    return ERR_NONE;
}

static enum err list(struct session *s)
{
    json_t *tokens = json_new_array();
    struct action_filter minted = { .type = "token.minted" };
    enum err e = action_each_event(s, &minted, list_minted, tokens);
    json_put(s->cli->answer, "tokens", tokens);
    return e;
}

static enum err run_list(struct cli *c)
{
    return session_act(c, list);
}

static const struct cli_option MINT_OPTIONS[] = {
    { "--asset", "ID", "asset of the local catalogue" },
    { "--template", "NAME", "token template (ecommerce, medical, finance)" },
    { "--places", "A,B", "where rights may be granted, beside the owner's place" },
    { "--title", "TEXT", "what people read in the metadata" },
    { "--valid-days", "N", "how long rights may be granted and used (365)" },
    { NULL, NULL, NULL },
};
static const struct cli_option STATE_OPTIONS[] = {
    { "--reason", "CODE", "a number that says why (0)" },
    { NULL, NULL, NULL },
};

static const struct cli_command COMMANDS[] = {
    { "token", "mint", "", 0, 0, "put a token for an asset on the ledger",
      "carnet token mint --asset $ASSET --template ecommerce --as exporter", MINT_OPTIONS,
      run_mint },
    { "token", "show", "TOKEN", 1, 1, "what the ledger says of a token",
      "carnet token show $TOKEN --as importer", NULL, run_show },
    { "token", "list", "", 0, 0, "the tokens of this space", "carnet token list --as bank", NULL,
      run_list },
    { "token", "freeze", "TOKEN", 1, 1, "stop every use, for now (owner or regulator)",
      "carnet token freeze $TOKEN --as regulator", STATE_OPTIONS, run_freeze },
    { "token", "thaw", "TOKEN", 1, 1, "end a freeze", "carnet token thaw $TOKEN --as regulator",
      STATE_OPTIONS, run_thaw },
    { "token", "revoke", "TOKEN", 1, 1, "end a token for ever",
      "carnet token revoke $TOKEN --as exporter", STATE_OPTIONS, run_revoke },
    { "token", "archive", "TOKEN", 1, 1, "retire a token: no new rights",
      "carnet token archive $TOKEN --as exporter", STATE_OPTIONS, run_archive },
};
const struct cli_table CLI_TOKEN = { COMMANDS, COUNT(COMMANDS) };
