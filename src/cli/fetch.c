#include <stdlib.h>
#include <string.h>

#include "cli/actions_internal.h"
#include "crypto/secret.h"

enum { FETCH_WAIT_MS = 5000, FETCH_PATIENCE_MS = 120000 };

/* The state that the own node reports of a fetch. */
struct progress {
    char state[16];
    enum err why; /* failed: what ended it */
    int64_t chunks, durable, resumed_from, reconnects;
    uint64_t bytes;
    struct hash seal;
};

static enum err why_of(const json_t *j)
{
    const char *name = "";
    (void)!json_get_str(j, "error", &name);
    for (int i = 1; i < ERR_END; i++) {
        if (strcmp(err_name((enum err)i), name) == 0) {
            return (enum err)i;
        }
    }
    return ERR_INTEGRITY;
}

static enum err read_progress(struct session *s, struct bytes body, struct progress *p)
{
    json_t *j;
    const char *state;
    TRY(json_read(body, 1 << 20, &j, NULL));
    enum err e = json_get_str(j, "state", &state);
    if (e == ERR_NONE) {
        snprintf(p->state, sizeof p->state, "%s", state);
        e = json_get_hash(j, "seal", &p->seal);
        e = e != ERR_NONE ? e : json_get_int(j, "chunks", &p->chunks);
        e = e != ERR_NONE ? e : json_get_int(j, "durable", &p->durable);
        e = e != ERR_NONE ? e : json_get_int(j, "resumed_from", &p->resumed_from);
        e = e != ERR_NONE ? e : json_get_int(j, "reconnects", &p->reconnects);
        e = e != ERR_NONE ? e : json_get_u64(j, "bytes", &p->bytes);
        p->why = why_of(j);
    }
    json_free(j);
    return e == ERR_NONE ? e : cli_fail(s->cli, e, "fetch", "the node's answer is not as agreed");
}

/* Asks the own node to fetch, and how far it is. A node that was started again goes on by itself,
 * or has not heard of it yet and is asked once more. */
static enum err ask(struct session *s, const char *right, bool *asked, struct progress *p)
{
    struct session_reply r;
    char path[160];
    if (!*asked) {
        snprintf(path, sizeof path, "/v1/fetches/%s", right);
        TRY(session_request_own(s, "POST", path, bytes_of(NULL, 0), &r));
        *asked = true;
    }
    snprintf(path, sizeof path, "/v1/fetches/%s?wait_ms=%d", right, FETCH_WAIT_MS / 10);
    enum err e = session_request_own(s, "GET", path, bytes_of(NULL, 0), &r);
    if (e == ERR_NOT_FOUND) {
        *asked = false;
        return ERR_BUSY;
    }
    TRY(e);
    TRY(read_progress(s, r.body, p));
    fprintf(s->cli->progress, "\rchunks %lld/%lld", (long long)p->durable, (long long)p->chunks);
    fflush(s->cli->progress);
    return ERR_NONE;
}

/* Until all chunks are durable at the own node; progress counts against patience. */
static enum err wait_fetched(struct session *s, const char *right, struct progress *p)
{
    uint64_t give_up = session_now_ms() + FETCH_PATIENCE_MS;
    int64_t last = -1;
    bool asked = false;
    for (;;) {
        size_t mark = arena_mark(&s->arena);
        enum err e = ask(s, right, &asked, p);
        arena_release(&s->arena, mark);
        if (e != ERR_NONE && e != ERR_UNAVAILABLE && e != ERR_TIMEOUT && e != ERR_BUSY) {
            return e; /* the own node may be restarting: anything else is final */
        }
        if (e == ERR_NONE && strcmp(p->state, "done") == 0) {
            fprintf(s->cli->progress, "\n");
            return ERR_NONE;
        }
        if (e == ERR_NONE && strcmp(p->state, "failed") == 0) {
            return cli_fail(s->cli, p->why, right, "%s",
                            p->why == ERR_INTEGRITY ? "the provider's chunks do not verify"
                                                    : err_text(p->why));
        }
        if (e == ERR_NONE && p->durable != last) {
            last = p->durable;
            give_up = session_now_ms() + FETCH_PATIENCE_MS;
        }
        if (session_now_ms() > give_up) {
            cli_hint(s->cli, "call carnet fetch again: it goes on where it stopped");
            return cli_fail(s->cli, ERR_TIMEOUT, right, "no chunk came for %d s",
                            FETCH_PATIENCE_MS / 1000);
        }
    }
}

static enum err own_get(struct session *s, const char *seal, const char *tail,
                        struct session_reply *r)
{
    char path[200];
    snprintf(path, sizeof path, "/v1/seals/%s/%s", seal, tail);
    return session_request_own(s, "GET", path, bytes_of(NULL, 0), r);
}

/* magic ‖ u32 manifest size ‖ manifest ‖ chunks: everything but the key. */
static enum err write_bundle(struct session *s, const struct progress *p, const char *out)
{
    struct session_reply r;
    struct manifest m;
    char seal[HEX_SIZE(HASH_SIZE) + 1], tail[40];
    hex_encode(bytes_of_hash(&p->seal), seal);
    TRY(own_get(s, seal, "manifest", &r));
    TRY(manifest_decode(r.body, &s->arena, &m));
    size_t size = strlen(ACTION_BUNDLE_MAGIC) + 4 + r.body.len;
    for (uint32_t i = 0; i < m.chunk_count; i++) {
        size += m.sealed_size[i];
    }
    uint8_t *memory = malloc(size);
    if (memory == NULL) {
        return cli_fail(s->cli, ERR_NO_SPACE, out, "%zu bytes do not fit into memory", size);
    }
    struct buf b = buf_over(memory, size);
    buf_put(&b, bytes_of_str(ACTION_BUNDLE_MAGIC));
    buf_put_u32(&b, (uint32_t)r.body.len);
    buf_put(&b, r.body);
    enum err e = ERR_NONE;
    for (uint32_t i = 0; e == ERR_NONE && i < m.chunk_count; i++) {
        size_t mark = arena_mark(&s->arena);
        snprintf(tail, sizeof tail, "chunks/%u", i);
        e = own_get(s, seal, tail, &r);
        if (e == ERR_NONE) {
            buf_put(&b, r.body);
        }
        arena_release(&s->arena, mark);
    }
    e = e != ERR_NONE ? e : buf_done(&b);
    e = e != ERR_NONE ? e : cli_write_file(s->cli, out, buf_bytes(&b), 0600);
    free(memory);
    return e;
}

static void answer_progress(struct cli *c, const struct progress *p)
{
    json_put(c->answer, "state", json_new_str(p->state));
    json_put(c->answer, "bytes", json_new_u64(p->bytes));
    json_put(c->answer, "chunks", json_new_int(p->chunks));
    json_put(c->answer, "durable", json_new_int(p->durable));
    json_put(c->answer, "resumed_from", json_new_int(p->resumed_from));
    json_put(c->answer, "reconnects", json_new_int(p->reconnects));
    json_put(c->answer, "seal", json_new_hash(&p->seal));
}

/* How far a fetch is, without asking for anything. */
static enum err show_status(struct session *s, const char *right)
{
    struct session_reply r;
    struct progress p = { 0 };
    char path[160];
    snprintf(path, sizeof path, "/v1/fetches/%s", right);
    TRY(session_request_own(s, "GET", path, bytes_of(NULL, 0), &r));
    TRY(read_progress(s, r.body, &p));
    answer_progress(s->cli, &p);
    fprintf(s->cli->text, "%s: %lld of %lld chunks\n", p.state, (long long)p.durable,
            (long long)p.chunks);
    return ERR_NONE;
}

/* fetch TOKEN --right R: the right says which seal. */
static enum err fetch(struct session *s)
{
    const char *out, *right;
    struct right_record r;
    struct token_record t;
    struct progress p = { 0 };
    TRY(cli_required(s->cli, "--right", &right));
    if (cli_flag(s->cli, "--status")) {
        return show_status(s, right);
    }
    TRY(cli_required(s->cli, "--out", &out));
    TRY(action_token(s, s->cli->arg[0], &t));
    TRY(action_right(s, right, &r));
    if (!hash_equal(&r.token, &t.token)) {
        return cli_fail(s->cli, ERR_USAGE, right, "is not a right under this token");
    }
    TRY(wait_fetched(s, right, &p));
    TRY(write_bundle(s, &p, out));
    answer_progress(s->cli, &p);
    json_put(s->cli->answer, "ok", json_new_bool(true));
    fprintf(s->cli->text, "fetched %lld chunks, %llu sealed bytes\n", (long long)p.chunks,
            (unsigned long long)p.bytes);
    return ERR_NONE;
}

static enum err run_fetch(struct cli *c)
{
    return session_act(c, fetch);
}

static const struct cli_option FETCH_OPTIONS[] = {
    { "--right", "ID", "the right that the holder uses" },
    { "--out", "FILE", "where the sealed bytes go" },
    { "--status", NULL, "only say how far it is" },
    { NULL, NULL, NULL },
};
static const struct cli_command COMMANDS[] = {
    { "fetch", NULL, "TOKEN", 1, 1, "fetch the sealed bytes from the provider, resumably",
      "carnet fetch $TOKEN --right $RIGHT --out orders.sealed --as importer", FETCH_OPTIONS,
      run_fetch },
};
const struct cli_table CLI_FETCH = { COMMANDS, COUNT(COMMANDS) };
