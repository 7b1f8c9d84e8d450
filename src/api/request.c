#include "api/request_internal.h"
#include "node/batch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set_reply(struct api_request *q, int status, const char *type, struct bytes body)
{
    uint8_t *memory = malloc(API_REPLY_HEADROOM + body.len);
    ASSERT(memory != NULL);
    ASSERT(q->reply.memory == NULL);
    if (body.len > 0) {
        memcpy(memory + API_REPLY_HEADROOM, body.ptr, body.len);
    }
    q->reply =
        (struct api_reply){ .status = status, .type = type, .memory = memory, .len = body.len };
}

void request_free_reply(struct api_request *q)
{
    free(q->reply.memory);
    q->reply = (struct api_reply){ 0 };
}

void request_end(struct api_request *q)
{
    request_free_reply(q);
    if (q->has_ticket) {
        node_batch_end(q->node, q->ticket);
        q->has_ticket = false;
    }
}

enum err reply_json(struct api_request *q, int status, json_t *j)
{
    char *text;
    size_t len;
    enum err e = json_write_line(j, &text, &len);
    json_free(j);
    TRY(e);
    if (len > API_REPLY_SIZE_MAX) {
        json_text_free(text);
        return ERR_SIZE;
    }
    set_reply(q, status, "application/json", bytes_of(text, len));
    json_text_free(text);
    return ERR_NONE;
}

enum err reply_typed(struct api_request *q, const char *type, struct bytes body)
{
    if (body.len > API_REPLY_SIZE_MAX) {
        return ERR_SIZE;
    }
    set_reply(q, err_http_status(ERR_NONE), type, body);
    return ERR_NONE;
}

enum err reply_bytes(struct api_request *q, struct bytes body)
{
    return reply_typed(q, "application/octet-stream", body);
}

enum err request_more(struct api_request *q)
{
    uint8_t *memory = NULL;
    size_t len = 0;
    struct hash whose;
    uint64_t now = node_now_ms(q->node);
    ASSERT(q->stream.on && q->reply.memory == NULL);
    if (q->has_word) {
        TRY(sessions_use(&q->shared->sessions, &q->word, now, &whose));
    }
    if (now > q->stream.opened_ms && now - q->stream.opened_ms >= API_SESSION_LIFE_MS) {
        return ERR_NOT_FOUND;
    }
    TRY(stream_next(&q->stream, q->node, now, &memory, API_REPLY_HEADROOM, &len));
    if (memory != NULL) {
        q->reply = (struct api_reply){
            .status = 200, .type = "text/event-stream", .memory = memory, .len = len
        };
    }
    return ERR_NONE;
}

enum err request_fail(struct api_request *q, enum err e, const char *hint, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(q->message, sizeof q->message, format, list);
    va_end(list);
    q->hint = hint;
    return e;
}

void request_refuse(struct api_request *q, enum err e, int status)
{
    json_t *inner = json_new_object(), *outer = json_new_object();
    json_put(inner, "code", json_new_str(err_name(e)));
    json_put(inner, "message", json_new_str(q->message[0] != '\0' ? q->message : err_text(e)));
    json_put(inner, "hint", json_new_str(q->hint != NULL ? q->hint : ""));
    if (q->retry_ms > 0) {
        json_put(inner, "retry_ms", json_new_int((int64_t)q->retry_ms)); /* as Retry-After */
    }
    json_put(outer, "error", inner);
    enum err written = reply_json(q, status != 0 ? status : err_http_status(e), outer);
    ASSERT(written == ERR_NONE); /* three short strings of ours */
}

void request_run(struct api_request *q)
{
    void *memory = malloc(q->route->arena_size);
    ASSERT(memory != NULL);
    q->arena = arena_over(memory, q->route->arena_size);
    q->not_yet = false;
    enum err e = q->route->handle(q);
    if (e != ERR_NONE) {
        q->not_yet = false;
        request_refuse(q, e, 0);
    }
    free(memory);
    q->arena = (struct arena){ 0 };
    ASSERT(q->not_yet == (q->reply.memory == NULL));
}

/* The signing key of a participant in committed state. */
static enum err signing_key(struct api_request *q, const struct auth_claim *claim, struct arena *a,
                            struct bytes *out)
{
    const struct suite *s = node_suite(q->node);
    struct contract_key key = contract_key_did(&claim->did);
    struct bytes wire;
    struct did_record record;
    TRY(node_state(q->node, key.contract, contract_key_bytes(&key), &wire));
    TRY(did_record_decode(wire, a, &record));
    for (uint32_t i = 0; i < record.document.key_count; i++) {
        const struct did_key *k = &record.document.key[i];
        if (k->id == claim->key && k->use == DID_SIGN && k->suite == s->number) {
            *out = k->public_key;
            return ERR_NONE;
        }
    }
    return ERR_NOT_FOUND;
}

static enum err claimed(struct api_request *q, const struct auth_claim *claim,
                        const struct auth_subject *subject)
{
    const struct suite *s = node_suite(q->node);
    uint64_t now = node_now_ms(q->node);
    struct bytes public_key;
    if (auth_in_time(claim, now) != ERR_NONE) {
        bool early = claim->time_ms > now;
        uint64_t apart = early ? claim->time_ms - now : now - claim->time_ms;
        return request_fail(q, ERR_SIGNATURE, "set the clock of this machine or of the node",
                            "the request was signed %llu s %s the node's time",
                            (unsigned long long)(apart / 1000), early ? "after" : "before");
    }
    enum { DOCUMENT_SIZE = 64 * 1024 };
    _Alignas(16) uint8_t memory[DOCUMENT_SIZE];
    struct arena a = arena_over(memory, sizeof memory);
    enum err e = signing_key(q, claim, &a, &public_key);
    if (e == ERR_NOT_FOUND) {
        return request_fail(q, ERR_SIGNATURE, "is this the key of a participant of this space?",
                            "no participant of this space has that DID and signing key");
    }
    TRY(e);
    if (auth_verify(s, &node_genesis(q->node)->space, claim, subject, public_key) != ERR_NONE) {
        return request_fail(q, ERR_SIGNATURE, NULL, "the signature of the request does not verify");
    }
    q->actor = claim->did;
    return ERR_NONE;
}

/* A session stands for its participant, and reads. */
static enum err admitted(struct api_request *q)
{
    bool reads = strcmp(q->route->method, "GET") == 0 || q->route->access == API_SESSION;
    if (!reads) {
        return request_fail(q, ERR_FORBIDDEN, "carnet does what changes anything",
                            "a session of the console only reads");
    }
    if (sessions_use(&q->shared->sessions, &q->word, node_now_ms(q->node), &q->actor) != ERR_NONE) {
        return request_fail(q, ERR_SIGNATURE, "carnet console opens another",
                            "this session has ended, or never began");
    }
    return ERR_NONE;
}

enum err request_actor(struct api_request *q, const struct auth_claim *claim,
                       const struct hash *peer, const struct auth_subject *subject)
{
    if (q->route->access == API_OPEN) {
        return ERR_NONE;
    }
    if (q->has_word) {
        TRY(admitted(q));
    } else if (q->route->access == API_SESSION) {
        return request_fail(q, ERR_SIGNATURE, NULL, "only a session can end itself");
    } else if (claim != NULL) {
        TRY(claimed(q, claim, subject));
    } else if (peer != NULL) {
        q->actor = *peer;
    } else {
        return request_fail(q, ERR_SIGNATURE, "sign it as a participant (Carnet-Auth)",
                            "the request is not signed");
    }
    const struct genesis *g = node_genesis(q->node);
    const struct hash *own = &g->participant[node_index(q->node)].id;
    if (q->route->access == API_OWN && !hash_equal(&q->actor, own)) {
        return request_fail(q, ERR_FORBIDDEN, "ask the participant's own node",
                            "only the participant of this node may do that here");
    }
    return ERR_NONE;
}
