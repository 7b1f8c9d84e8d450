#include <string.h>

#include "api/render_internal.h"
#include "api/request_internal.h"
#include "base/embedded.h"
#include "crypto/secret.h"

extern const struct embedded_file EMBEDDED_CONSOLE[];
extern const size_t EMBEDDED_CONSOLE_COUNT;

enum err post_session(struct api_request *q)
{
    struct session_word word;
    struct hash certificate, key;
    uint64_t now = node_now_ms(q->node), idle_ms, latest_ms;
    TRY(transport_pins(q->node, &certificate, &key));
    secret_random(word.b, sizeof word.b);
    if (sessions_open(&q->shared->sessions, &q->actor, &word, now) != ERR_NONE) {
        return request_fail(q, ERR_BUSY, "end one, or wait for one to end",
                            "%d sessions are open at this node", API_SESSIONS_MAX);
    }
    sessions_expiry(now, &idle_ms, &latest_ms);
    json_t *j = json_new_object();
    json_put(j, "session", json_new_base64url(bytes_of(word.b, sizeof word.b)));
    json_put(j, "participant", json_new_hash(&q->actor));
    json_put(j, "ends_idle", json_new_time(idle_ms));
    json_put(j, "ends", json_new_time(latest_ms));
    json_put(j, "certificate_sha256", json_new_hash(&certificate));
    json_put(j, "key_sha256", json_new_hash(&key));
    secret_wipe(word.b, sizeof word.b);
    return reply_json(q, 200, j);
}

enum err delete_session(struct api_request *q)
{
    sessions_end(&q->shared->sessions, &q->word);
    json_t *j = json_new_object();
    json_put(j, "ended", json_new_bool(true));
    return reply_json(q, 200, j);
}

enum err get_space(struct api_request *q)
{
    const struct genesis *g = node_genesis(q->node);
    struct replica_status st = node_status(q->node);
    bool own = hash_equal(&q->actor, &g->participant[node_index(q->node)].id);
    json_t *j = json_new_object();
    json_put(j, "space", json_new_hash(&g->space));
    json_put(j, "asks", json_new_hash(&q->actor));
    json_put(j, "index", json_new_int(node_index(q->node)));
    json_put(j, "height", json_new_int((int64_t)st.tip.height));
    json_put(j, "view", json_new_int((int64_t)st.pbft.view));
    json_put(j, "time", json_new_time(st.tip.time_ms));
    json_put(j, "version", json_new_str(CARNET_VERSION));
    json_put(j, "participants", render_participants(g, own ? &q->shared->names : NULL));
    json_put(j, "currencies", render_currencies(g));
    json_put(j, "nodes", render_nodes(q->node));
    json_put(j, "words_of",
             q->shared->words.prose != NULL ? json_new_hash(&q->shared->words.set)
                                            : json_new_str(""));
    return reply_json(q, 200, j);
}

enum err get_words(struct api_request *q)
{
    const struct words *w = &q->shared->words;
    if (w->prose == NULL) {
        return request_fail(q, ERR_NOT_FOUND, "prose.json beside the genesis, as net init wrote it",
                            "this node has no words for the law of this space");
    }
    return reply_typed(q, "application/json", bytes_of(w->prose, w->len));
}

static enum err record(struct api_request *q, const struct contract_key *key, struct bytes *out)
{
    return node_state(q->node, key->contract, contract_key_bytes(key), out);
}

static enum err token_at(struct api_request *q, const struct hash *id, json_t **out)
{
    struct contract_key key = contract_key_token(id);
    struct token_record t;
    struct bytes wire;
    TRY(record(q, &key, &wire));
    TRY(token_record_decode(wire, &q->arena, &t));
    *out = render_token(&t);
    return ERR_NONE;
}

static enum err minted_tokens(struct api_request *q, const struct node_event *e, uint32_t count,
                              json_t *tokens)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct event *x = &e[i].event;
        if (x->contract != CONTRACT_TOKEN || x->type != EVENT_TOKEN_MINTED ||
            x->subject_count == 0) {
            continue;
        }
        json_t *j;
        size_t mark = arena_mark(&q->arena);
        TRY(token_at(q, &x->subject[0], &j));
        arena_release(&q->arena, mark);
        json_put(j, "minted_height", json_new_int((int64_t)e[i].height));
        json_put(j, "minted", json_new_time(e[i].time_ms));
        json_push(tokens, j);
    }
    return ERR_NONE;
}

/* A page may be empty: `next` says where to go on, if there is more. */
enum err get_tokens(struct api_request *q)
{
    struct node_filter f = { .of_kind = true,
                             .contract = CONTRACT_TOKEN,
                             .type = EVENT_TOKEN_MINTED };
    struct node_place from = { q->args.from, (uint32_t)q->args.index };
    struct node_events page;
    TRY(node_events(q->node, &f, from, 0, &q->arena, &page));
    json_t *tokens = json_new_array();
    enum err err = minted_tokens(q, page.event, page.count, tokens);
    if (err != ERR_NONE) {
        json_free(tokens);
        return err;
    }
    json_t *j = json_new_object();
    json_put(j, "tokens", tokens);
    if (page.more) {
        json_put(j, "next", render_place(page.next));
    }
    return reply_json(q, 200, j);
}

enum err get_token(struct api_request *q)
{
    json_t *token, *j;
    TRY(token_at(q, &q->args.id, &token));
    j = json_new_object();
    json_put(j, "token", token);
    return reply_json(q, 200, j);
}

enum err get_right(struct api_request *q)
{
    struct contract_key key = contract_key_right(&q->args.id);
    struct right_record r;
    struct bytes wire;
    json_t *right, *j;
    TRY(record(q, &key, &wire));
    TRY(right_record_decode(wire, &q->arena, &r));
    TRY(render_right(&r, &q->arena, &right));
    j = json_new_object();
    json_put(j, "right", right);
    return reply_json(q, 200, j);
}

enum err get_lock(struct api_request *q)
{
    struct contract_key key = contract_key_lock(&q->args.id);
    struct lock_record l;
    struct bytes wire;
    json_t *lock, *j;
    TRY(record(q, &key, &wire));
    TRY(lock_record_decode(wire, &q->arena, &l));
    TRY(render_lock(node_genesis(q->node), &l, &q->arena, &lock));
    j = json_new_object();
    json_put(j, "lock", lock);
    return reply_json(q, 200, j);
}

/* Without a place it begins with what comes next. */
enum err get_stream(struct api_request *q)
{
    bool placed = (q->args.present & API_QUERY_FROM) != 0;
    uint64_t from = placed ? q->args.from : node_status(q->node).tip.height + 1;
    if (stream_open(&q->stream, &q->shared->seats, &q->actor, from, (uint32_t)q->args.index,
                    node_now_ms(q->node)) != ERR_NONE) {
        return request_fail(q, ERR_BUSY, "close a page, or wait",
                            "%d streams are open at this node, at most %d of one participant",
                            API_STREAMS_MAX, API_STREAMS_EACH_MAX);
    }
    enum err e = request_more(q); /* the nodes are said first, so there is something */
    if (e != ERR_NONE) {
        stream_close(&q->stream, &q->shared->seats);
    }
    return e;
}

static const char *type_of(const char *name)
{
    static const char *const TYPES[][2] = { { ".html", "text/html; charset=utf-8" },
                                            { ".js", "text/javascript; charset=utf-8" },
                                            { ".css", "text/css; charset=utf-8" },
                                            { ".svg", "image/svg+xml" } };
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && i < COUNT(TYPES); i++) {
        if (strcmp(dot, TYPES[i][0]) == 0) {
            return TYPES[i][1];
        }
    }
    return "application/octet-stream";
}

/* Files but the page itself carry their hash in their name: a browser may keep them for good. */
enum err get_console(struct api_request *q)
{
    const char *name = q->args.file[0] != '\0' ? q->args.file : "index.html";
    for (size_t i = 0; i < EMBEDDED_CONSOLE_COUNT; i++) {
        const struct embedded_file *f = &EMBEDDED_CONSOLE[i];
        if (strcmp(f->name, name) == 0) {
            TRY(reply_typed(q, type_of(name), bytes_of(f->ptr, f->len)));
            q->reply.page = true;
            q->reply.keep = strcmp(name, "index.html") == 0 ? API_KEEP_NEVER : API_KEEP_FOREVER;
            return ERR_NONE;
        }
    }
    return request_fail(q, ERR_NOT_FOUND, NULL, "the console has no such file");
}
