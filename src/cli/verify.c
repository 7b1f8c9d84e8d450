#include <stdlib.h>
#include <string.h>

#include "cli/actions_internal.h"
#include "cli/events_internal.h"
#include "crypto/secret.h"

/* Are the sealed bytes at the own node those that the ledger vouches for, and if not, put them
 * back. The node reads and hashes; what it must find is compared here with the record of the token,
 * whose root and manifest hash the owner signed. */

enum { BAD_MAX = 256 }; /* chunks that one command lists and restores; it may be called again */

struct seal_check {
    const struct seal_entry *entry;
    bool here, manifest_bad;
    struct manifest manifest; /* in the session's arena */
    uint32_t bad_count, bad[BAD_MAX];
};
struct verification {
    struct token_record token;
    bool owner;
    uint32_t seal_count, bad; /* bad: chunks and manifests */
    struct seal_check seal[CONTRACT_SEALS_MAX];
};

static enum err own_get(struct session *s, const struct hash *seal, const char *tail,
                        struct session_reply *r)
{
    char path[160], hex[HEX_SIZE(HASH_SIZE) + 1];
    hex_encode(bytes_of_hash(seal), hex);
    snprintf(path, sizeof path, "/v1/seals/%s/%s", hex, tail);
    return session_request_own(s, "GET", path, bytes_of(NULL, 0), r);
}

static enum err own_put(struct session *s, const struct hash *seal, const char *tail,
                        struct bytes body)
{
    struct session_reply r;
    char path[160], hex[HEX_SIZE(HASH_SIZE) + 1];
    hex_encode(bytes_of_hash(seal), hex);
    snprintf(path, sizeof path, "/v1/seals/%s/%s", hex, tail);
    return session_request_own(s, "PUT", path, body, &r);
}

/* A manifest is the one when its hash is on the ledger, and its leaves make the root that is. */
static bool is_manifest_of(struct session *s, const struct seal_entry *entry, struct bytes wire,
                           struct manifest *out)
{
    struct hash hash, root;
    manifest_hash(s->suite, wire, &hash);
    if (!hash_equal(&hash, &entry->manifest_hash) ||
        manifest_decode(wire, &s->arena, out) != ERR_NONE) {
        return false;
    }
    manifest_root(s->suite, out, &root);
    return hash_equal(&root, &entry->sealed_root) && out->chunk_count == entry->chunk_count;
}

static enum err check_manifest(struct session *s, struct seal_check *c, bool owner)
{
    struct session_reply r;
    enum err e = own_get(s, &c->entry->seal, "manifest", &r);
    if (e != ERR_NONE && e != ERR_NOT_FOUND) {
        return e;
    }
    c->here = owner || e == ERR_NONE;
    c->manifest_bad =
        c->here && (e != ERR_NONE || !is_manifest_of(s, c->entry, r.body, &c->manifest));
    return ERR_NONE;
}

/* One call of the node's scrub: sixteen MiB at most, then it breathes. */
static enum err scrub_some(struct session *s, struct seal_check *c, uint32_t *next)
{
    struct session_reply r;
    char tail[40];
    json_t *j;
    int64_t to = 0, index = 0;
    struct hash manifest;
    size_t mark = arena_mark(&s->arena);
    snprintf(tail, sizeof tail, "scrub/%u", *next);
    enum err e = own_get(s, &c->entry->seal, tail, &r);
    e = e != ERR_NONE ? e : json_read(r.body, 1 << 16, &j, NULL);
    arena_release(&s->arena, mark);
    TRY(e);
    const json_t *bad = json_member(j, "bad");
    e = json_get_hash(j, "manifest", &manifest);
    e = e != ERR_NONE ? e : json_get_int(j, "next", &to);
    if (e == ERR_NONE && (!hash_equal(&manifest, &c->entry->manifest_hash) || to <= *next)) {
        e = ERR_INTEGRITY; /* it changed under us, or the node answers something else */
    }
    for (size_t i = 0; e == ERR_NONE && i < json_size(bad) && c->bad_count < BAD_MAX; i++) {
        e = json_get_int(json_at(bad, i), "index", &index);
        c->bad[c->bad_count++] = (uint32_t)index;
    }
    json_free(j);
    *next = e == ERR_NONE ? (uint32_t)to : *next;
    return e;
}

static enum err check_seal(struct session *s, struct seal_check *c, bool owner)
{
    TRY(check_manifest(s, c, owner));
    bool look = c->here && !c->manifest_bad;
    for (uint32_t next = 0; look && next < c->entry->chunk_count && c->bad_count < BAD_MAX;) {
        TRY(scrub_some(s, c, &next));
        fprintf(s->cli->progress, "\rread back %u/%u", next, c->entry->chunk_count);
    }
    return ERR_NONE;
}

static enum err verify(struct session *s, const char *token, struct verification *v)
{
    uint32_t here = 0;
    *v = (struct verification){ 0 };
    TRY(action_token(s, token, &v->token));
    v->owner = hash_equal(&v->token.owner, &s->did);
    v->seal_count = v->token.seals_count;
    for (uint32_t i = 0; i < v->seal_count; i++) {
        struct seal_check *c = &v->seal[i];
        c->entry = &v->token.seals[i];
        TRY(check_seal(s, c, v->owner));
        v->bad += c->bad_count + (c->manifest_bad ? 1 : 0);
        here += c->here ? 1 : 0;
    }
    s->cli->what[0] = s->cli->why[0] = s->cli->hint[0] = '\0';
    return here > 0 ? ERR_NONE
                    : cli_fail(s->cli, ERR_NOT_FOUND, token, "its sealed bytes are not here");
}

static void answer(struct cli *c, const struct verification *v)
{
    json_t *seals = json_new_array();
    for (uint32_t i = 0; i < v->seal_count; i++) {
        const struct seal_check *x = &v->seal[i];
        char hex[HEX_SIZE(HASH_SIZE) + 1];
        if (!x->here) {
            continue;
        }
        json_t *row = json_new_object(), *bad = json_new_array();
        hex_encode(bytes_of_hash(&x->entry->seal), hex);
        fprintf(c->text, "seal %.16s  %u chunks, %u not whole%s", hex, x->entry->chunk_count,
                x->bad_count, x->manifest_bad ? ", and no whole manifest" : "");
        for (uint32_t k = 0; k < x->bad_count; k++) {
            json_push(bad, json_new_int(x->bad[k]));
            fprintf(c->text, "%s%u", k == 0 ? ": " : " ", x->bad[k]);
        }
        fprintf(c->text, "\n");
        json_put(row, "seal", json_new_hash(&x->entry->seal));
        json_put(row, "chunks", json_new_int(x->entry->chunk_count));
        json_put(row, "manifest_ok", json_new_bool(!x->manifest_bad));
        json_put(row, "bad", bad);
        json_push(seals, row);
    }
    json_put(c->answer, "token", json_new_hash(&v->token.token));
    json_put(c->answer, "ok", json_new_bool(v->bad == 0));
    json_put(c->answer, "seals", seals);
    c->exit_code = v->bad == 0 ? 0 : err_exit_code(ERR_INTEGRITY);
}

/* Nobody is to use what its owner knows to be damaged. */
static enum err freeze(struct session *s, const struct verification *v)
{
    struct session_tx t;
    struct bytes wire;
    struct token_state args = { .token = v->token.token, .reason = ACTION_REASON_INTEGRITY };
    session_draw(s, METHOD_TOKEN_FREEZE, &t);
    TRY(token_state_encode(&args, &s->arena, &wire));
    TRY(session_do(s, &t, wire));
    action_answer_tx(s->cli, &t);
    fprintf(s->cli->text, "the token is frozen: no use until it is restored and thawed\n");
    return ERR_NONE;
}

static enum err with_verification(struct cli *c,
                                  enum err (*then)(struct session *s, struct verification *v))
{
    struct session s;
    TRY(session_open(c, true, &s));
    struct verification *v = calloc(1, sizeof *v);
    ASSERT(v != NULL);
    enum err e = verify(&s, c->arg[0], v);
    e = e != ERR_NONE ? e : then(&s, v);
    free(v);
    session_close(&s);
    return e;
}

static enum err verified(struct session *s, struct verification *v)
{
    bool frozen = v->token.state == TOKEN_FROZEN;
    bool act = v->bad > 0 && v->owner && v->token.state == TOKEN_ACTIVE &&
               !cli_flag(s->cli, "--no-freeze");
    answer(s->cli, v);
    if (act) {
        TRY(freeze(s, v));
    }
    json_put(s->cli->answer, "frozen", json_new_bool(frozen || act));
    if (v->bad > 0) {
        fprintf(s->cli->text, "restore it with: carnet token restore TOKEN\n");
    } else {
        fprintf(s->cli->text, "whole: every byte is what the ledger vouches for\n");
    }
    return ERR_NONE;
}

static enum err run_verify(struct cli *c)
{
    return with_verification(c, verified);
}

/* Where whole bytes come from: a file of sealed bytes, or the asset itself, sealed again with the
 * same key. Same key, same nonce, same plaintext: the same bytes, or they are thrown away. */
struct source {
    const char *name;
    uint8_t *file;
    size_t len;
    bool bundle;
    struct bytes manifest; /* of a bundle */
    size_t chunks_at;
    uint32_t put; /* chunks and manifests put back from it */
    uint8_t key[AEAD_KEY_SIZE];
};

static enum err source_open(struct session *s, const struct verification *v, struct source *x)
{
    size_t magic = strlen(ACTION_BUNDLE_MAGIC);
    x->name = cli_option(s->cli, "--from");
    x->bundle = x->name != NULL;
    if (x->bundle) {
        TRY(cli_read_file(s->cli, x->name, &x->file, &x->len));
        bool sound = x->len > magic + 4 && memcmp(x->file, ACTION_BUNDLE_MAGIC, magic) == 0;
        struct reader r = reader_over(bytes_of(x->file + (sound ? magic : 0), sound ? 4 : 0));
        size_t size = reader_u32(&r);
        if (!sound || size > x->len - magic - 4) {
            return cli_fail(s->cli, ERR_UNREADABLE, x->name, "is not a file of sealed bytes");
        }
        x->manifest = bytes_of(x->file + magic + 4, size);
        x->chunks_at = magic + 4 + size;
        return ERR_NONE;
    }
    if (!v->owner) {
        return cli_fail(s->cli, ERR_FORBIDDEN, s->cli->arg[0],
                        "only its owner can seal it again: --from takes a file of sealed bytes");
    }
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    struct action_asset asset;
    hex_encode(bytes_of_hash(&v->token.asset), hex);
    TRY(action_asset_read(s, hex, &asset));
    x->name = "the asset";
    return cli_read_file(s->cli, asset.path, &x->file, &x->len);
}

static enum err source_chunk(struct session *s, const struct source *x, const struct manifest *m,
                             uint32_t index, struct bytes *out)
{
    if (x->bundle) {
        size_t at = x->chunks_at;
        for (uint32_t i = 0; i < index; i++) {
            at += m->sealed_size[i];
        }
        if (at > x->len || m->sealed_size[index] > x->len - at) {
            return ERR_INTEGRITY;
        }
        *out = bytes_of(x->file + at, m->sealed_size[index]);
        return ERR_NONE;
    }
    struct bytes aad;
    size_t at = (size_t)index * m->chunk_size, len = 0;
    if (at > x->len || (at == x->len && index > 0)) {
        return ERR_INTEGRITY;
    }
    size_t size = x->len - at < m->chunk_size ? x->len - at : m->chunk_size;
    uint8_t *sealed = arena_alloc(&s->arena, sealing_size_max(size));
    if (sealed == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(manifest_chunk_aad(m, index, &s->arena, &aad));
    TRY(sealing_chunk(x->key, index, aad, bytes_of(x->file + at, size), &s->arena, sealed, &len));
    *out = bytes_of(sealed, len);
    return ERR_NONE;
}

/* Nothing is put back that the manifest does not vouch for; the node would refuse it as well. */
static enum err restore_chunk(struct session *s, struct source *x, const struct seal_check *c,
                              uint32_t index)
{
    struct bytes chunk;
    struct hash leaf;
    char tail[40];
    enum err e = source_chunk(s, x, &c->manifest, index, &chunk);
    if (e == ERR_NONE) {
        merkle_leaf(s->suite, "carnet/chunk/v1", chunk, &leaf);
        e = hash_equal(&leaf, &c->manifest.sealed_leaf[index]) ? ERR_NONE : ERR_INTEGRITY;
    }
    if (e == ERR_INTEGRITY) {
        return cli_fail(s->cli, e, x->name, "its chunk %u is not what the manifest vouches for",
                        index);
    }
    TRY(e);
    snprintf(tail, sizeof tail, "chunks/%u", index);
    TRY(own_put(s, &c->entry->seal, tail, chunk));
    x->put++;
    return ERR_NONE;
}

/* A manifest is put back from a bundle alone, and its seal is then looked at anew. */
static enum err restore_manifest(struct session *s, struct source *x, struct seal_check *c,
                                 bool owner)
{
    if (!x->bundle || !is_manifest_of(s, c->entry, x->manifest, &c->manifest)) {
        return cli_fail(s->cli, ERR_INTEGRITY, "manifest",
                        "only a file of this seal's bytes brings it back: --from FILE");
    }
    TRY(own_put(s, &c->entry->seal, "manifest", x->manifest));
    x->put++;
    c->manifest_bad = false;
    return check_seal(s, c, owner);
}

static enum err restore_seal(struct session *s, struct source *x, struct seal_check *c, bool owner)
{
    struct manifest unused;
    if (c->manifest_bad) {
        TRY(restore_manifest(s, x, c, owner));
    }
    if (x->bundle && !is_manifest_of(s, c->entry, x->manifest, &unused)) {
        return cli_fail(s->cli, ERR_INTEGRITY, x->name, "is a file of another seal");
    }
    TRY(x->bundle ? ERR_NONE : action_content_key(s, &c->entry->seal, x->key));
    for (uint32_t i = 0; i < c->bad_count; i++) {
        size_t mark = arena_mark(&s->arena);
        TRY(restore_chunk(s, x, c, c->bad[i]));
        arena_release(&s->arena, mark);
    }
    return ERR_NONE;
}

static enum err restore(struct session *s, struct verification *v)
{
    struct source x = { 0 };
    enum err e = v->bad == 0 ? ERR_NONE : source_open(s, v, &x);
    for (uint32_t i = 0; e == ERR_NONE && i < v->seal_count; i++) {
        struct seal_check *c = &v->seal[i];
        if (c->bad_count > 0 || c->manifest_bad) {
            e = restore_seal(s, &x, c, v->owner);
        }
    }
    secret_wipe(x.key, sizeof x.key);
    free(x.file);
    TRY(e);
    TRY(verify(s, s->cli->arg[0], v));
    answer(s->cli, v);
    json_put(s->cli->answer, "restored", json_new_int(x.put));
    fprintf(s->cli->text, "%u put back\n", x.put);
    return ERR_NONE;
}

static enum err run_restore(struct cli *c)
{
    return with_verification(c, restore);
}

/* The reason of an event that moved the token; other events change nothing. */
static enum err moved_reason(struct session *s, const json_t *e, void *work)
{
    uint32_t *out = work;
    int64_t contract = 0, type = 0;
    const char *text;
    struct token_moved moved;
    uint8_t body[256];
    size_t len;
    TRY(json_get_int(e, "contract", &contract));
    TRY(json_get_int(e, "type", &type));
    if (contract != CONTRACT_TOKEN || type != EVENT_TOKEN_MOVED) {
        return ERR_NONE;
    }
    TRY(json_get_str(e, "body", &text));
    TRY(base64url_decode(text, strlen(text), body, sizeof body, &len));
    TRY(token_moved_decode(bytes_of(body, len), &s->arena, &moved));
    *out = moved.reason;
    return ERR_NONE;
}

/* The contract cannot see a disk: that damaged bytes are whole again is the owner's to show. */
enum err action_may_thaw(struct session *s, const char *token)
{
    uint32_t reason = 0; /* of its last move */
    struct action_filter moves = { .subject = token, .type = "token.moved" };
    TRY(action_each_event(s, &moves, moved_reason, &reason));
    if (reason != ACTION_REASON_INTEGRITY) {
        return ERR_NONE;
    }
    struct verification *v = calloc(1, sizeof *v);
    ASSERT(v != NULL);
    enum err e = verify(s, token, v);
    if (e == ERR_NONE && v->owner && v->bad > 0) {
        cli_hint(s->cli, "carnet token restore TOKEN puts the bytes back");
        e = cli_fail(s->cli, ERR_INTEGRITY, token, "%u of its chunks are still not whole", v->bad);
    }
    e = v->owner ? e : ERR_NONE;
    free(v);
    return e;
}

static const struct cli_option VERIFY_OPTIONS[] = {
    { "--no-freeze", NULL, "do not freeze the token when its bytes are damaged" },
    { NULL, NULL, NULL },
};
static const struct cli_option RESTORE_OPTIONS[] = {
    { "--from", "FILE",
      "sealed bytes as `fetch` writes them (else the owner's asset, sealed again)" },
    { NULL, NULL, NULL },
};
static const struct cli_command COMMANDS[] = {
    { "token", "verify", "TOKEN", 1, 1, "read the sealed bytes back; damaged ones freeze the token",
      "carnet token verify $TOKEN --as exporter", VERIFY_OPTIONS, run_verify },
    { "token", "restore", "TOKEN", 1, 1, "put damaged chunks back, each checked first",
      "carnet token restore $TOKEN --as exporter", RESTORE_OPTIONS, run_restore },
};
const struct cli_table CLI_VERIFY = { COMMANDS, COUNT(COMMANDS) };
