#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "cli/actions_internal.h"

enum { GATHER_TRIES = 40, PROOF_WAIT_MS = 500, NODE_PAGE = 1000 };

/* What a report about one token is made of, as the node's API gives it. */
struct gather {
    struct session *s;
    struct hash token;
    struct audit_tx *tx;
    uint64_t *place; /* height * 2^32 + index of each */
    size_t tx_count;
    struct audit_record *right, *lock;
    size_t right_count, lock_count;
    struct hash minted; /* the transaction whose first attachment is the metadata */
    struct audit_attachment attachment;
    bool has_attachment;
    struct bytes certified, token_proof, reporter_proof;
};

static void pause_ms(unsigned ms)
{
    struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };
    nanosleep(&t, NULL);
}

static enum err add_tx(struct gather *g, const struct hash *id, uint64_t height, uint64_t index)
{
    uint64_t place = height << 32 | index;
    size_t at = g->tx_count;
    for (size_t i = 0; i < g->tx_count; i++) {
        if (hash_equal(&g->tx[i].id, id)) {
            return ERR_NONE;
        }
    }
    if (g->tx_count == AUDIT_TXS_MAX) {
        return cli_fail(g->s->cli, ERR_SIZE, "audit", "more than %d transactions", AUDIT_TXS_MAX);
    }
    while (at > 0 && g->place[at - 1] > place) {
        g->place[at] = g->place[at - 1];
        g->tx[at] = g->tx[at - 1];
        at--;
    }
    g->place[at] = place;
    g->tx[at] = (struct audit_tx){ .id = *id };
    g->tx_count++;
    return ERR_NONE;
}

static void add_record(struct audit_record *list, size_t *count, const struct hash *id)
{
    size_t at = *count;
    for (size_t i = 0; i < *count; i++) {
        if (hash_equal(&list[i].id, id)) {
            return;
        }
    }
    if (*count == AUDIT_RECORDS_MAX) {
        return; /* the report then does not verify, and is not written */
    }
    while (at > 0 && hash_compare(&list[at - 1].id, id) > 0) {
        list[at] = list[at - 1];
        at--;
    }
    list[at] = (struct audit_record){ .id = *id };
    (*count)++;
}

/* The lock that a money event names in its body. */
static void take_lock(struct gather *g, const json_t *event)
{
    const char *text = "";
    struct money_moved body;
    size_t len, mark = arena_mark(&g->s->arena);
    (void)!json_get_str(event, "body", &text);
    uint8_t *room = arena_alloc(&g->s->arena, strlen(text) + 1);
    if (room != NULL &&
        base64url_decode(text, strlen(text), room, strlen(text), &len) == ERR_NONE &&
        money_moved_decode(bytes_of(room, len), &g->s->arena, &body) == ERR_NONE &&
        !hash_is_zero(&body.lock)) {
        add_record(g->lock, &g->lock_count, &body.lock);
    }
    arena_release(&g->s->arena, mark);
}

static enum err take_event(struct session *s, const json_t *event, void *work)
{
    struct gather *g = work;
    int64_t contract = 0, type = 0, at = 0, index = 0;
    struct hash tx, subject;
    TRY(json_get_int(event, "contract", &contract));
    TRY(json_get_int(event, "type", &type));
    TRY(json_get_int(event, "height", &at));
    TRY(json_get_int(event, "index", &index));
    TRY(json_get_hash(event, "tx", &tx));
    (void)s;
    const json_t *subjects = json_member(event, "subjects");
    const char *first = json_text_of(json_at(subjects, 0));
    if (first == NULL || hash_from_hex(first, &subject) != ERR_NONE ||
        !hash_equal(&subject, &g->token) ||
        !audit_event_chained((uint32_t)contract, (uint32_t)type, json_size(subjects))) {
        return ERR_NONE; /* it names these 32 bytes and is no event of the token */
    }
    if (contract == CONTRACT_TOKEN && type == EVENT_TOKEN_MINTED) {
        g->minted = tx;
    }
    const char *second = json_text_of(json_at(subjects, 1));
    if (contract == CONTRACT_RIGHT && type == EVENT_RIGHT_GRANTED && second != NULL) {
        TRY(hash_from_hex(second, &subject));
        add_record(g->right, &g->right_count, &subject);
    }
    if (contract == CONTRACT_MONEY) {
        take_lock(g, event);
    }
    return add_tx(g, &tx, (uint64_t)at, (uint64_t)index);
}

static enum err gather_events(struct gather *g)
{
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    hex_encode(bytes_of_hash(&g->token), hex);
    TRY(action_each_event(g->s, hex, take_event, g));
    return g->tx_count > 0 ? ERR_NONE
                           : cli_fail(g->s->cli, ERR_NOT_FOUND, hex, "no such token here");
}

/* --tx: receipts of failed transactions leave no event; whoever asks for them names them. */
static enum err gather_named(struct gather *g)
{
    const char *text;
    for (int i = 0; (text = cli_option_at(g->s->cli, "--tx", i)) != NULL; i++) {
        struct hash id;
        char path[160];
        json_t *j;
        int64_t height = 0, index = 0;
        if (text[0] == '\0') {
            continue;
        }
        TRY(cli_hash(g->s->cli, "--tx", text, &id));
        snprintf(path, sizeof path, "/v1/tx/%s", text);
        TRY(session_get_json(g->s, path, &j));
        enum err e = json_get_int(j, "height", &height);
        e = e != ERR_NONE ? e : json_get_int(j, "index", &index);
        json_free(j);
        TRY(e);
        TRY(add_tx(g, &id, (uint64_t)height, (uint64_t)index));
    }
    return ERR_NONE;
}

static enum err gather_proofs(struct gather *g)
{
    for (size_t i = 0; i < g->tx_count; i++) {
        char path[160], hex[HEX_SIZE(HASH_SIZE) + 1];
        struct session_reply r;
        enum err e = ERR_UNAVAILABLE;
        hex_encode(bytes_of_hash(&g->tx[i].id), hex);
        snprintf(path, sizeof path, "/v1/tx/%s/proof", hex);
        for (int t = 0; e == ERR_UNAVAILABLE && t < GATHER_TRIES; t++) {
            if (t > 0) {
                pause_ms(PROOF_WAIT_MS); /* until a certificate covers it */
            }
            e = session_request(g->s, "GET", path, bytes_of(NULL, 0), &r);
        }
        TRY(e);
        g->tx[i].proof = r.body;
    }
    return ERR_NONE;
}

static enum err member_bytes(struct session *s, const json_t *j, const char *name,
                             struct bytes *out)
{
    const char *text;
    size_t len;
    TRY(json_get_str(j, name, &text));
    uint8_t *room = arena_alloc(&s->arena, strlen(text) + 1);
    if (room == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(base64url_decode(text, strlen(text), room, strlen(text), &len));
    *out = bytes_of(room, len);
    return ERR_NONE;
}

/* A record's proof; ERR_STATE when the ledger moved on since the first one. */
static enum err prove_record(struct gather *g, const struct contract_key *key, struct bytes *proof)
{
    char hex[HEX_SIZE(STATE_KEY_SIZE_MAX) + 1], path[400];
    struct bytes certified;
    json_t *j;
    hex_encode(contract_key_bytes(key), hex);
    snprintf(path, sizeof path, "/v1/state/%u/%s/proof", key->contract, hex);
    TRY(session_get_json(g->s, path, &j));
    enum err e = member_bytes(g->s, j, "certified", &certified);
    e = e != ERR_NONE ? e : member_bytes(g->s, j, "proof", proof);
    json_free(j);
    TRY(e);
    if (g->certified.len == 0) {
        g->certified = certified;
    }
    return bytes_equal(g->certified, certified) ? ERR_NONE : ERR_STATE;
}

/* Whether the header stands at or above every transaction; a node that was started again may be
 * behind the one that told of them. */
static enum err high_enough(struct gather *g)
{
    struct header header;
    struct hash hash;
    enum proof_step step = PROOF_OK;
    TRY(proof_verify_header(g->s->suite, &g->s->genesis, g->certified, &g->s->arena, &header, &hash,
                            &step));
    uint64_t newest = g->tx_count > 0 ? g->place[g->tx_count - 1] >> 32 : 0;
    return header.height >= newest ? ERR_NONE : ERR_STATE;
}

static enum err prove_all(struct gather *g)
{
    struct contract_key key = contract_key_did(&g->s->did);
    g->certified = bytes_of(NULL, 0);
    TRY(prove_record(g, &key, &g->reporter_proof));
    TRY(high_enough(g));
    key = contract_key_token(&g->token);
    TRY(prove_record(g, &key, &g->token_proof));
    for (size_t i = 0; i < g->right_count; i++) {
        key = contract_key_right(&g->right[i].id);
        TRY(prove_record(g, &key, &g->right[i].proof));
    }
    for (size_t i = 0; i < g->lock_count; i++) {
        key = contract_key_lock(&g->lock[i].id);
        TRY(prove_record(g, &key, &g->lock[i].proof));
    }
    return ERR_NONE;
}

/* All at one height: begun again when a block comes in between. */
static enum err gather_records(struct gather *g)
{
    enum err e = ERR_STATE;
    for (int t = 0; (e == ERR_STATE || e == ERR_UNAVAILABLE) && t < GATHER_TRIES; t++) {
        size_t mark = arena_mark(&g->s->arena);
        if (t > 0) {
            pause_ms(PROOF_WAIT_MS / 2);
        }
        e = prove_all(g);
        if (e != ERR_NONE) {
            arena_release(&g->s->arena, mark);
        }
    }
    return e == ERR_STATE ? cli_fail(g->s->cli, ERR_TIMEOUT, "audit",
                                     "the ledger moves faster than its records can be proved")
                          : e;
}

/* The metadata, when the reporter is among its readers. */
static enum err gather_metadata(struct gather *g)
{
    struct attachment_record record;
    struct attachment_plain plain;
    if (hash_is_zero(&g->minted)) {
        return ERR_NONE;
    }
    enum err e = action_attachment_open(g->s, &g->minted, 0, &record, &plain);
    if (e == ERR_FORBIDDEN || e == ERR_NOT_FOUND) {
        return ERR_NONE;
    }
    TRY(e);
    g->attachment = (struct audit_attachment){ .transaction = g->minted,
                                               .media_type = plain.media_type,
                                               .content = plain.content };
    memcpy(g->attachment.salt, plain.salt, sizeof plain.salt);
    g->has_attachment = true;
    return ERR_NONE;
}

static void sign_report(void *ctx, struct bytes body, uint8_t *signature)
{
    const struct session *s = ctx;
    suite_sign_tagged(s->suite, s->secret, "carnet/audit/v1", body, signature);
}

/* The words of the law lie beside the genesis file; without them the page shows numbers. */
static enum err write_page(struct session *s, const char *path, struct bytes report)
{
    char name[4096], *page;
    uint8_t *words = NULL;
    size_t words_len = 0, len;
    cli_path(s->cli, name, sizeof name, "prose.json");
    if (access(name, R_OK) == 0) {
        TRY(cli_read_file(s->cli, name, &words, &words_len));
    }
    enum err e = audit_html(report, bytes_of(words, words_len), &page, &len);
    free(words);
    TRY(e);
    e = cli_write_file(s->cli, path, bytes_of(page, len), 0644);
    json_text_free(page);
    return e;
}

static enum err write_report(struct gather *g, const char *path, bool html)
{
    struct session *s = g->s;
    struct audit_record token = { g->token, g->token_proof };
    struct audit_input in = { .suite = s->suite,
                              .genesis = &s->genesis,
                              .made_ms = session_now_ms(),
                              .certified = g->certified,
                              .reporter = s->did,
                              .reporter_record = g->reporter_proof,
                              .token = &token,
                              .token_count = 1,
                              .right = g->right,
                              .right_count = g->right_count,
                              .lock = g->lock,
                              .lock_count = g->lock_count,
                              .tx = g->tx,
                              .tx_count = g->tx_count,
                              .attachment = &g->attachment,
                              .attachment_count = g->has_attachment ? 1 : 0 };
    struct audit_signer signer = { s, s->sign_key, sign_report };
    char *report, why[AUDIT_REASON_SIZE] = "";
    size_t len;
    enum err e = audit_build(&in, &signer, &report, &len, why);
    if (e != ERR_NONE) {
        return cli_fail(s->cli, e, "audit", "%s", why[0] != '\0' ? why : err_text(e));
    }
    e = html ? write_page(s, path, bytes_of(report, len))
             : cli_write_file(s->cli, path, bytes_of(report, len), 0644);
    json_text_free(report);
    json_put(s->cli->answer, "report", json_new_str(path));
    json_put(s->cli->answer, "bytes", json_new_u64(len));
    json_put(s->cli->answer, "transactions", json_new_u64(g->tx_count));
    json_put(s->cli->answer, "ok", json_new_bool(e == ERR_NONE));
    fprintf(s->cli->text, "%s: %zu bytes, %zu transactions, %zu rights\n", path, len, g->tx_count,
            g->right_count);
    return e;
}

static enum err gather_all(struct gather *g, const char *path, bool html)
{
    TRY(gather_events(g));
    TRY(gather_named(g));
    TRY(gather_proofs(g));
    TRY(gather_metadata(g));
    TRY(gather_records(g));
    return write_report(g, path, html);
}

static enum err report(struct session *s, const struct hash *token, const char *path, bool html)
{
    struct gather *g = calloc(1, sizeof *g);
    ASSERT(g != NULL);
    g->s = s;
    g->token = *token;
    g->tx = calloc(AUDIT_TXS_MAX, sizeof *g->tx);
    g->place = calloc(AUDIT_TXS_MAX, sizeof *g->place);
    g->right = calloc(AUDIT_RECORDS_MAX, sizeof *g->right);
    g->lock = calloc(AUDIT_RECORDS_MAX, sizeof *g->lock);
    ASSERT(g->tx != NULL && g->place != NULL && g->right != NULL && g->lock != NULL);
    enum err e = gather_all(g, path, html);
    free(g->tx);
    free(g->place);
    free(g->right);
    free(g->lock);
    free(g);
    return e;
}

static enum err run_report(struct cli *c)
{
    struct session s;
    struct hash token;
    const char *text, *path, *format = cli_option(c, "--format");
    if (cli_option(c, "--from") != NULL || cli_option(c, "--to") != NULL) {
        return cli_fail(c, ERR_UNSUPPORTED, "--from, --to", "not implemented");
    }
    format = format != NULL ? format : "json";
    if (strcmp(format, "json") != 0 && strcmp(format, "html") != 0) {
        return cli_fail(c, ERR_USAGE, format, "is not json or html");
    }
    TRY(cli_required(c, "--token", &text));
    TRY(cli_required(c, "--out", &path));
    TRY(cli_hash(c, "--token", text, &token));
    TRY(session_open(c, true, &s));
    enum err e = report(&s, &token, path, strcmp(format, "html") == 0);
    session_close(&s);
    return e;
}

static void answer_result(struct cli *c, const struct audit_result *r)
{
    json_t *reasons = json_new_array(), *checked = json_new_object();
    for (uint32_t i = 0; i < r->reason_count; i++) {
        json_push(reasons, json_new_str(r->reason[i]));
        fprintf(c->text, "refused: %s\n", r->reason[i]);
    }
    json_put(checked, "receipts", json_new_int((int64_t)r->receipts));
    json_put(checked, "proofs", json_new_int((int64_t)r->proofs));
    json_put(checked, "signatures", json_new_int((int64_t)r->signatures));
    json_put(c->answer, "ok", json_new_bool(r->ok));
    json_put(c->answer, "reasons", reasons);
    json_put(c->answer, "checked", checked);
    json_put(c->answer, "height", json_new_int((int64_t)r->height));
    if (r->ok) {
        fprintf(c->text, "verified at height %llu: %llu receipts, %llu proofs, %llu signatures\n",
                (unsigned long long)r->height, (unsigned long long)r->receipts,
                (unsigned long long)r->proofs, (unsigned long long)r->signatures);
    }
    c->exit_code = r->ok ? 0 : err_exit_code(ERR_PROOF);
}

static enum err run_verify(struct cli *c)
{
    const char *genesis;
    uint8_t *file, *genesis_file;
    size_t len, genesis_len;
    TRY(cli_required(c, "--genesis", &genesis));
    TRY(cli_read_file(c, c->arg[0], &file, &len));
    enum err e = cli_read_file(c, genesis, &genesis_file, &genesis_len);
    if (e == ERR_NONE) {
        struct audit_result *r = calloc(1, sizeof *r);
        ASSERT(r != NULL);
        e = audit_verify(bytes_of(file, len), bytes_of(genesis_file, genesis_len), r);
        if (e == ERR_NONE) {
            answer_result(c, r);
        } else {
            e = cli_fail(c, e, c->arg[0], "%s", err_text(e));
        }
        free(r);
        free(genesis_file);
    }
    free(file);
    return e;
}

static const struct cli_option REPORT_OPTIONS[] = {
    { "--token", "ID", "what the report is about" },
    { "--tx", "ID...", "a failed transaction to prove too; may be repeated" },
    { "--format", "json|html", "the report alone, or in a page that shows it (json)" },
    { "--out", "FILE", "where it goes" },
    { "--from", "D", "not implemented" },
    { "--to", "D", "not implemented" },
    { NULL, NULL, NULL },
};
static const struct cli_option VERIFY_OPTIONS[] = {
    { "--genesis", "FILE", "the genesis file that is trusted" },
    { NULL, NULL, NULL },
};
static const struct cli_command COMMANDS[] = {
    { "audit", "report", "", 0, 0, "all that happened to a token, with proofs",
      "carnet audit report --token $TOKEN --out audit.json --as regulator", REPORT_OPTIONS,
      run_report },
    { "audit", "verify", "FILE", 1, 1, "verify a report with the genesis file alone, offline",
      "carnet audit verify audit.json --genesis carnet-space/genesis", VERIFY_OPTIONS, run_verify },
};
const struct cli_table CLI_AUDIT = { COMMANDS, COUNT(COMMANDS) };
