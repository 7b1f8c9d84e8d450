#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api/api.h"
#include "cli/http_internal.h"
#include "cli/session_internal.h"
#include "node/batch.h"

_Static_assert((int)NODE_BATCH_PROOFS_SIZE_MAX + 4 * NODE_BATCH_PROOFS_BLOCKS_MAX <=
                   (int)HTTP_REPLY_SIZE_MAX,
               "the largest answer with proofs is read");

/* The value of Carnet-Auth for one request. */
static enum err authorize(struct session *s, const char *method, const char *path,
                          struct bytes body, char out[BASE64URL_SIZE(API_AUTH_SIZE_MAX) + 1])
{
    uint8_t signed_bytes[4096], header[API_AUTH_SIZE_MAX], signature[SUITE_SIGNATURE_SIZE_MAX];
    struct buf text = buf_over(signed_bytes, sizeof signed_bytes);
    struct buf head = buf_over(header, sizeof header);
    uint64_t now = session_now_ms();
    TRY(api_auth_bytes(s->suite, &s->genesis.space, now, method, path, body, &text));
    suite_sign_tagged(s->suite, s->secret, "carnet/request/v1", buf_bytes(&text), signature);
    buf_put_hash(&head, &s->did);
    buf_put_u32(&head, s->sign_key);
    buf_put_u64(&head, now);
    buf_put(&head, bytes_of(signature, s->suite->signature_size));
    TRY(buf_done(&head));
    base64url_encode(buf_bytes(&head), out);
    return ERR_NONE;
}

void session_say_wait(int64_t ms, char out[SESSION_WAIT_TEXT])
{
    bool seconds = ms < 2 * 60 * 1000;
    long long n = seconds ? (ms + 999) / 1000 : (ms + 59999) / 60000;
    out[0] = '\0';
    if (ms > 0) {
        (void)snprintf(out, SESSION_WAIT_TEXT, "; there is room in %lld %s", n,
                       seconds ? "s" : "minutes");
    }
}

/* An error that the server named becomes ours; its message goes to the user. */
static enum err error_of(struct session *s, const char *path, const struct http_reply *r)
{
    const char *code = "", *message = "", *hint = "";
    char wait[SESSION_WAIT_TEXT] = "";
    int64_t retry_ms = 0;
    json_t *j = NULL;
    enum err e = r->status == 404   ? ERR_NOT_FOUND
                 : r->status == 504 ? ERR_TIMEOUT
                 : r->status >= 500 ? ERR_UNAVAILABLE
                                    : ERR_FAILED;
    if (json_read(r->body, HTTP_REPLY_SIZE_MAX, &j, NULL) == ERR_NONE) {
        const json_t *inner = json_member(j, "error");
        if (inner != NULL && json_get_str(inner, "code", &code) == ERR_NONE &&
            json_get_str(inner, "message", &message) == ERR_NONE) {
            (void)!json_get_str(inner, "hint", &hint);
            if (json_member(inner, "retry_ms") != NULL &&
                json_get_int(inner, "retry_ms", &retry_ms) == ERR_NONE && retry_ms > 0) {
                session_say_wait(retry_ms, wait);
                hint = ""; /* it is about the number */
            }
            for (int i = 1; i < ERR_END; i++) {
                e = strcmp(err_name((enum err)i), code) == 0 ? (enum err)i : e;
            }
        }
    }
    if (hint[0] != '\0') {
        cli_hint(s->cli, hint);
    }
    e = cli_fail(s->cli, e, path, "%s%s", message[0] != '\0' ? message : err_text(e), wait);
    json_free(j);
    return e;
}

static enum err request_at(struct session *s, const char *host, const char *method,
                           const char *path, struct bytes body, struct session_reply *out)
{
    char url[1024], why[256] = "", auth[BASE64URL_SIZE(API_AUTH_SIZE_MAX) + 1];
    struct http_reply reply;
    if (snprintf(url, sizeof url, "%s%s%s", strncmp(host, "https://", 8) == 0 ? "" : "https://",
                 host, path) >= (int)sizeof url) {
        return cli_fail(s->cli, ERR_USAGE, path, "the request is too long");
    }
    if (s->has_keys) {
        TRY(authorize(s, method, path, body, auth));
    }
    struct http_request q = { method, url, s->has_keys ? auth : NULL, body };
    enum err e = http_send(s->http, &q, &s->arena, &reply, why, sizeof why);
    if (e != ERR_NONE) {
        return cli_fail(s->cli, e, host, "%s", why[0] != '\0' ? why : err_text(e));
    }
    if (reply.status >= 400) {
        return error_of(s, path, &reply);
    }
    *out = (struct session_reply){ (int)reply.status, reply.body };
    return ERR_NONE;
}

enum err session_about(struct session *s, enum err e, const char *what, const char *hint)
{
    struct cli *c = s->cli;
    if (e != ERR_NONE && strncmp(c->what, "/v1/", 4) == 0) {
        snprintf(c->what, sizeof c->what, "%s", what);
    }
    if (e == ERR_NOT_FOUND && c->hint[0] == '\0') {
        cli_hint(c, hint);
    }
    return e;
}

static void pause_ms(unsigned ms)
{
    struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };
    nanosleep(&t, NULL);
}

/* Only what another node could do better is tried at the next one. */
static bool try_next(enum err e)
{
    return e == ERR_UNAVAILABLE || e == ERR_PEER || e == ERR_BUSY;
}

/* The same of a request that any node answers: another one has another disk. */
static bool another_may(enum err e)
{
    return try_next(e) || e == ERR_DISK_FULL;
}

enum err session_request(struct session *s, const char *method, const char *path, struct bytes body,
                         struct session_reply *out)
{
    if (s->cli->node != NULL) {
        return request_at(s, s->cli->node, method, path, body, out);
    }
    enum err e = ERR_UNAVAILABLE;
    for (uint32_t i = 0; i < s->node_count; i++) {
        uint32_t n = (s->preferred + i) % s->node_count;
        e = request_at(s, s->node[n].api, method, path, body, out);
        if (!another_may(e)) {
            return e;
        }
    }
    cli_hint(s->cli, "carnet net status shows which nodes run; carnet net start starts them");
    return e;
}

enum err session_request_own(struct session *s, const char *method, const char *path,
                             struct bytes body, struct session_reply *out)
{
    if (s->own == CLI_NODES_MAX) {
        return cli_fail(s->cli, ERR_NOT_FOUND, s->name, "this participant runs no node here");
    }
    const char *host = s->cli->node != NULL ? s->cli->node : s->node[s->own].api;
    uint64_t give_up = session_now_ms() + SESSION_OWN_PATIENCE_MS;
    for (;;) {
        enum err e = request_at(s, host, method, path, body, out);
        if (!try_next(e) || session_now_ms() > give_up) {
            return e;
        }
        pause_ms(200);
    }
}

enum err session_get_json(struct session *s, const char *path, json_t **out)
{
    struct session_reply r;
    TRY(session_request(s, "GET", path, bytes_of(NULL, 0), &r));
    return json_read(r.body, HTTP_REPLY_SIZE_MAX, out, NULL);
}

enum err session_height(struct session *s, uint64_t *out)
{
    json_t *j;
    int64_t height = 0;
    TRY(session_get_json(s, "/v1/status", &j));
    enum err e = json_get_int(j, "height", &height);
    json_free(j);
    TRY(e);
    *out = (uint64_t)height;
    return ERR_NONE;
}

enum err session_state(struct session *s, uint16_t contract, struct bytes key, struct bytes *value)
{
    char hex[HEX_SIZE(STATE_KEY_SIZE_MAX) + 1], path[400];
    const char *text;
    json_t *j;
    ASSERT(key.len <= STATE_KEY_SIZE_MAX);
    hex_encode(key, hex);
    snprintf(path, sizeof path, "/v1/state/%u/%s", contract, hex);
    TRY(session_get_json(s, path, &j));
    enum err e = json_get_str(j, "value", &text);
    if (e == ERR_NONE) {
        size_t len;
        uint8_t *room = arena_alloc(&s->arena, strlen(text) + 1);
        e = room == NULL ? ERR_NO_SPACE
                         : base64url_decode(text, strlen(text), room, strlen(text), &len);
        if (e == ERR_NONE) {
            *value = bytes_of(room, len);
        }
    }
    json_free(j);
    return e;
}

void session_draw(struct session *s, uint32_t method, struct session_tx *t)
{
    memset(t, 0, sizeof *t);
    t->body.space = s->genesis.space;
    t->body.method = method;
    t->body.signer_count = 1;
    t->body.signer[0] = (struct tx_signer){ s->did, s->sign_key };
    t->body.attachment = t->attachment;
    t->body.valid_until_ms = session_now_ms() + s->genesis.param[PARAM_TX_WINDOW_MS] / 2;
    session_random(s, t->body.nonce, sizeof t->body.nonce);
}

enum err session_sign(struct session *s, struct session_tx *t, struct bytes args)
{
    uint8_t signature[SUITE_SIGNATURE_SIZE_MAX];
    struct bytes body;
    t->body.args = args;
    TRY(tx_encode_body(&t->body, &s->arena, &body));
    tx_id(s->suite, body, &t->id);
    suite_sign_tagged(s->suite, s->secret, "carnet/tx/v1", body, signature);
    struct bytes one = bytes_of(signature, s->suite->signature_size);
    return tx_encode(body, &one, 1, &s->arena, &t->wire);
}

static enum err read_commit(struct session *s, const json_t *j, struct session_tx *t)
{
    int64_t status, height;
    const char *time, *receipt;
    size_t len;
    TRY(json_get_int(j, "status", &status));
    TRY(json_get_int(j, "height", &height));
    TRY(json_get_str(j, "time", &time));
    TRY(json_get_str(j, "receipt", &receipt));
    uint8_t *room = arena_alloc(&s->arena, strlen(receipt) + 1);
    if (room == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(base64url_decode(receipt, strlen(receipt), room, strlen(receipt), &len));
    t->receipt = bytes_of(room, len);
    t->status = (uint32_t)status;
    t->height = (uint64_t)height;
    return clock_parse(time, &t->time_ms);
}

static enum err get_receipt(struct session *s, struct session_tx *t, const char *query)
{
    char hex[HEX_SIZE(HASH_SIZE) + 1], path[160];
    json_t *j;
    hex_encode(bytes_of_hash(&t->id), hex);
    snprintf(path, sizeof path, "/v1/tx/%s%s", hex, query);
    TRY(session_get_json(s, path, &j));
    enum err e = read_commit(s, j, t);
    json_free(j);
    return e;
}

/* Wait for the receipt at whatever node answers; ERR_NOT_FOUND or ERR_TIMEOUT: not there yet. */
static enum err wait_once(struct session *s, struct session_tx *t)
{
    return get_receipt(s, t, "?wait_ms=3000");
}

enum err session_receipt(struct session *s, struct session_tx *t)
{
    return get_receipt(s, t, "");
}

enum err session_submit(struct session *s, struct bytes wire)
{
    struct session_reply r;
    enum err e = session_request(s, "POST", "/v1/tx", wire, &r);
    return e == ERR_DUPLICATE ? ERR_NONE : e;
}

static bool keep_trying(enum err e)
{
    return e == ERR_NOT_FOUND || e == ERR_TIMEOUT || another_may(e);
}

void session_hear_status(const json_t *j, struct session_standing *out)
{
    const char *role = "";
    bool votes = false;
    int64_t height = 0, seats = 0;
    (void)!json_get_str(j, "role", &role);
    (void)!json_get_bool(j, "voting", &votes);
    (void)!json_get_int(j, "height", &height);
    (void)!json_get_int(j, "seats", &seats);
    out->answer++;
    out->vote += votes && strcmp(role, "validator") == 0;
    if (height >= out->height && seats > 0 && seats <= GENESIS_SEATS_MAX) {
        out->height = height;
        out->seats = (uint32_t)seats;
    }
}

static void ask_status(struct session *s, const struct session_node *n,
                       struct session_standing *out)
{
    struct session_reply r;
    json_t *j = NULL;
    size_t mark = arena_mark(&s->arena);
    if (request_at(s, n->api, "GET", "/v1/status", bytes_of(NULL, 0), &r) == ERR_NONE &&
        json_read(r.body, 1 << 16, &j, NULL) == ERR_NONE) {
        session_hear_status(j, out);
        json_free(j);
    }
    arena_release(&s->arena, mark);
}

/* What is missing, in words: a ledger needs more than two thirds of its validators. */
static enum err not_committed(struct session *s, uint64_t waited_ms)
{
    struct session_standing now = { .seats = s->genesis.seat_count };
    for (uint32_t i = 0; i < s->node_count; i++) {
        ask_status(s, &s->node[i], &now);
    }
    cli_hint(s->cli, "carnet net status shows which nodes run; the transaction may still commit");
    return cli_fail(s->cli, now.answer == 0 ? ERR_UNAVAILABLE : ERR_NO_QUORUM, "transaction",
                    "not committed within %llu s: %u of %u nodes answer, and of %u validators "
                    "%u vote where %u are needed",
                    (unsigned long long)waited_ms / 1000, now.answer, s->node_count, now.seats,
                    now.vote, committee_quorum(now.seats));
}

enum err session_commit(struct session *s, struct session_tx *t, struct bytes args)
{
    TRY(session_sign(s, t, args));
    uint64_t began = session_now_ms(), give_up = began + SESSION_WAIT_MS, heard = began;
    enum err e = ERR_NONE;
    while (session_now_ms() < give_up && session_now_ms() - heard < SESSION_SILENCE_MS) {
        e = session_submit(s, t->wire);
        if (e != ERR_NONE && !another_may(e)) {
            return e;
        }
        e = wait_once(s, t);
        if (!keep_trying(e)) {
            return e;
        }
        heard = try_next(e) ? heard : session_now_ms();
        s->preferred = (s->preferred + 1) % s->node_count;
        pause_ms(200);
    }
    return not_committed(s, session_now_ms() - began);
}

static enum err err_of_status(uint32_t status)
{
    switch (status) {
    case RECEIPT_NOT_FOUND:
        return ERR_NOT_FOUND;
    case RECEIPT_FROZEN:
    case RECEIPT_REVOKED:
    case RECEIPT_EXPIRED:
        return ERR_REVOKED;
    case RECEIPT_FORBIDDEN:
        return ERR_FORBIDDEN;
    case RECEIPT_EXISTS:
        return ERR_DUPLICATE;
    case RECEIPT_ARGS:
    case RECEIPT_SIGNERS:
    case RECEIPT_ATTACHMENT:
        return ERR_FAILED;
    default:
        return ERR_REFUSED;
    }
}

enum err session_do(struct session *s, struct session_tx *t, struct bytes args)
{
    TRY(session_commit(s, t, args));
    if (t->status == RECEIPT_OK) {
        return ERR_NONE;
    }
    return cli_fail(s->cli, err_of_status(t->status), contract_method_name(t->body.method),
                    "refused by the ledger at height %llu: %s (%s)", (unsigned long long)t->height,
                    receipt_text(t->status), receipt_name(t->status));
}
