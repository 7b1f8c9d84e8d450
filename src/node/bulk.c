#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/node_internal.h"

/* Fetching: all sealed chunks of a right's seal, from the owner's node (FORMATS 18). What is on
 * disk is the bitmap: a chunk is there whole or not at all. A file fetches/<right> remembers the
 * order. */

enum { BULK_ASK_AGAIN_MS = 2000 };

static void chunk_name(const struct hash *seal, uint32_t index, char out[STORAGE_NAME_SIZE_MAX])
{
    char number[16];
    (void)snprintf(number, sizeof number, "%u", index);
    node_name("seals", seal, number, out);
}

static enum err state_record(struct node *n, struct contract_key key, struct bytes *out)
{
    return node_state(n, key.contract, contract_key_bytes(&key), out);
}

enum err bulk_right(struct node *n, const struct hash *right, struct arena *a,
                    struct bulk_right **out)
{
    struct bytes wire;
    struct bulk_right *r = ARENA_NEW(a, struct bulk_right);
    if (r == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(state_record(n, contract_key_right(right), &wire));
    TRY(right_record_decode(wire, a, &r->right));
    TRY(state_record(n, contract_key_token(&r->right.token), &wire));
    TRY(token_record_decode(wire, a, &r->token));
    for (uint32_t i = 0; i < r->token.seals_count; i++) {
        if (hash_equal(&r->token.seals[i].seal, &r->right.seal)) {
            r->seal = &r->token.seals[i];
            *out = r;
            return ERR_NONE;
        }
    }
    return ERR_NOT_FOUND;
}

static struct bulk_fetch *find(struct node *n, const struct hash *right, const struct hash *seal)
{
    for (uint32_t i = 0; i < BULK_FETCHES_MAX; i++) {
        struct bulk_fetch *f = &n->fetch[i];
        if (f->used && (right == NULL || hash_equal(&f->right, right)) &&
            (seal == NULL || hash_equal(&f->seal, seal))) {
            return f;
        }
    }
    return NULL;
}

static bool finished(const struct bulk_fetch *f)
{
    return f->failed || (f->fetch != NULL && fetch_status(f->fetch).state >= FETCH_DONE);
}

static void release(struct bulk_fetch *f)
{
    free(f->memory);
    memset(f, 0, sizeof *f);
}

/* A free place, or that of a fetch that has ended: release it before it is used. */
static struct bulk_fetch *place(struct node *n)
{
    struct bulk_fetch *ended = NULL;
    for (uint32_t i = 0; i < BULK_FETCHES_MAX; i++) {
        if (!n->fetch[i].used) {
            return &n->fetch[i];
        }
        ended = finished(&n->fetch[i]) ? &n->fetch[i] : ended;
    }
    return ended;
}

/* Bulk connections are kept only to providers of whom something is still wanted. */
static void want_links(struct node *n, uint32_t provider)
{
    bool want = false;
    for (uint32_t i = 0; i < BULK_FETCHES_MAX; i++) {
        const struct bulk_fetch *f = &n->fetch[i];
        want = want || (f->used && f->provider == provider && !finished(f));
    }
    if (n->peers != NULL) {
        peers_want_bulk(n->peers, provider, want);
    }
}

static void say(struct node *n, const struct bulk_fetch *f, enum wire_kind kind, uint32_t index)
{
    struct wire_message m = { .kind = kind, .id = f->seal, .right = f->right, .index = index };
    node_say(n, f->provider, PEER_LINK_BULK_OUT, &m);
}

static void feed(struct node *n, struct bulk_fetch *f, struct fetch_event ev);

static enum err keep_chunk(struct node *n, struct bulk_fetch *f, const struct fetch_effect *e)
{
    char name[STORAGE_NAME_SIZE_MAX];
    struct storage d = node_disk(n);
    chunk_name(&f->seal, e->index, name);
    TRY(d.replace(d.ctx, name, e->chunk));
    f->bytes += e->chunk.len;
    return ERR_NONE;
}

/* STORED may be answered by ASK, ACK and FINISH, never by a STORE, so that carry_out and feed call
 * each other once and no deeper. NOLINTBEGIN(misc-no-recursion) */
static void carry_out(struct node *n, struct bulk_fetch *f, const struct fetch_effect *e)
{
    if (e->kind == FETCH_ASK) {
        say(n, f, WIRE_CHUNK_GET, e->index);
    } else if (e->kind == FETCH_ACK) {
        say(n, f, WIRE_CHUNK_ACK, e->index);
        node_tell_watchers(n);
    } else if (e->kind == FETCH_BLAME) {
        LOG("fetch_wrong_chunk", LOG_HASH("right", &f->right), LOG_NUM("index", e->index),
            LOG_NUM("peer", f->provider));
    } else if (e->kind == FETCH_FINISH) {
        LOG("fetch_done", LOG_HASH("right", &f->right), LOG_NUM("bytes", f->bytes));
        node_tell_watchers(n);
    } else {
        enum err bad = keep_chunk(n, f, e);
        if (bad != ERR_NONE) {
            /* The fetch ends here and says so; started again, it goes on from what is durable. */
            LOG("fetch_store_failed", LOG_HASH("right", &f->right), LOG_ERR(bad));
            f->failed = true;
            f->why = bad;
            return;
        }
        feed(n, f,
             (struct fetch_event){
                 .kind = FETCH_STORED, .now_ms = node_now_ms(n), .index = e->index });
    }
}

static void feed(struct node *n, struct bulk_fetch *f, struct fetch_event ev)
{
    struct fetch_effects out;
    enum err e = fetch_step(f->fetch, &ev, &out);
    if (e != ERR_NONE) {
        return; /* late answers and ticks after the end have no meaning: nothing moved */
    }
    for (uint32_t i = 0; i < out.count; i++) {
        carry_out(n, f, &out.effect[i]);
    }
}
/* NOLINTEND(misc-no-recursion) */

/* The manifest is known and right: lay out memory for it and see which chunks are here. */
static enum err begin(struct node *n, struct bulk_fetch *f, struct bytes manifest)
{
    struct hash hash;
    manifest_hash(n->suite, manifest, &hash);
    if (!hash_equal(&hash, &f->manifest_hash)) {
        return ERR_INTEGRITY;
    }
    size_t size = 8 * manifest.len + 64 * 1024 + SEALING_CHUNKS_MAX / 8;
    uint8_t *memory = malloc(size), *have = calloc(1, SEALING_CHUNKS_MAX / 8 + 1);
    struct arena a = arena_over(memory, size);
    struct storage d = node_disk(n);
    enum err e =
        memory == NULL || have == NULL ? ERR_NO_SPACE : manifest_decode(manifest, &a, &f->manifest);
    if (e == ERR_NONE && f->manifest.chunk_count != f->chunk_count) {
        e = ERR_INTEGRITY;
    }
    f->bytes = 0;
    for (uint32_t i = 0; e == ERR_NONE && i < f->manifest.chunk_count; i++) {
        char name[STORAGE_NAME_SIZE_MAX];
        uint64_t at;
        chunk_name(&f->seal, i, name);
        if (d.size(d.ctx, name, &at) == ERR_NONE && at == f->manifest.sealed_size[i]) {
            have[i / 8] = (uint8_t)(have[i / 8] | 1u << (i % 8));
            f->bytes += at;
        }
    }
    if (e == ERR_NONE) {
        e = fetch_init(n->suite, &f->manifest, have, (uint32_t)BULK_TIMEOUT_MS * n->timer_scale, &a,
                       &f->fetch);
    }
    free(have);
    if (e != ERR_NONE) {
        free(memory);
        return e;
    }
    f->memory = memory;
    f->manifest_known = true;
    return ERR_NONE;
}

static void start_or_ask(struct node *n, struct bulk_fetch *f)
{
    struct fetch_event up = { .kind = FETCH_LINK_UP, .now_ms = node_now_ms(n) };
    f->asked_ms = up.now_ms;
    if (!f->manifest_known) {
        say(n, f, WIRE_MANIFEST_GET, 0);
        return;
    }
    feed(n, f, up);
}

void bulk_link(struct node *n, uint32_t peer, enum peer_link link, bool up)
{
    struct fetch_event down = { .kind = FETCH_LINK_DOWN, .now_ms = node_now_ms(n) };
    for (uint32_t i = 0; i < BULK_FETCHES_MAX && link == PEER_LINK_BULK_OUT; i++) {
        struct bulk_fetch *f = &n->fetch[i];
        if (!f->used || f->provider != peer || finished(f)) {
            continue;
        }
        if (up) {
            f->reconnects += f->linked ? 1 : 0;
            f->linked = true;
            LOG("fetch_link", LOG_HASH("right", &f->right), LOG_NUM("reconnects", f->reconnects));
            start_or_ask(n, f);
        } else if (f->fetch != NULL) {
            feed(n, f, down);
        }
        node_tell_watchers(n);
    }
}

/* Seal ids are drawn by owners, and one may draw that of another's seal: what is here under the id
 * does not give way to it. A manifest that no longer reads is damage, and is fetched anew. */
static bool is_taken(struct node *n, const struct bulk_fetch *f)
{
    char name[STORAGE_NAME_SIZE_MAX];
    struct bytes wire;
    struct manifest m;
    struct hash hash;
    size_t mark = arena_mark(&n->work);
    node_name("seals", &f->seal, "manifest", name);
    bool other =
        node_read_file(&n->disk, name, TRANSFER_MANIFEST_SIZE_MAX, &n->work, &wire) == ERR_NONE &&
        manifest_decode(wire, &n->work, &m) == ERR_NONE;
    if (other) {
        manifest_hash(n->suite, wire, &hash);
        other = !hash_equal(&hash, &f->manifest_hash);
    }
    arena_release(&n->work, mark);
    return other;
}

static void on_manifest(struct node *n, struct bulk_fetch *f, struct bytes manifest)
{
    char name[STORAGE_NAME_SIZE_MAX];
    struct storage d = node_disk(n);
    if (f->manifest_known) {
        return;
    }
    enum err e = is_taken(n, f) ? ERR_DUPLICATE : begin(n, f, manifest);
    if (e == ERR_NONE) {
        node_name("seals", &f->seal, "manifest", name);
        e = d.replace(d.ctx, name, manifest);
    }
    if (e != ERR_NONE) {
        LOG("fetch_manifest_refused", LOG_HASH("right", &f->right), LOG_ERR(e));
        f->failed = e == ERR_INTEGRITY || e == ERR_ENCODING || e == ERR_DUPLICATE;
        f->why = e;
        return;
    }
    start_or_ask(n, f);
}

/* The provider says no: that is final for what the ledger decides, weather for the rest. */
static void on_refusal(struct node *n, uint32_t peer, const struct wire_message *m)
{
    struct bulk_fetch *f = find(n, &m->id, NULL);
    if (f == NULL || f->provider != peer || finished(f)) {
        return;
    }
    LOG("fetch_refused", LOG_HASH("right", &f->right), LOG_NUM("code", m->index));
    f->failed = m->index == ERR_FORBIDDEN || m->index == ERR_REVOKED;
    f->why = m->index == ERR_FORBIDDEN ? ERR_FORBIDDEN : ERR_REVOKED;
    node_tell_watchers(n);
}

void bulk_message(struct node *n, uint32_t peer, enum peer_link link, struct bytes message)
{
    struct wire_message m;
    size_t mark = arena_mark(&n->work);
    enum err e = wire_decode(message, &n->work, &m);
    if (e != ERR_NONE) {
        peers_drop(n->peers, peer, link, "a message that cannot be read");
    } else if (link == PEER_LINK_BULK_IN) {
        bulk_serve(n, peer, &m);
    } else if (m.kind == WIRE_REFUSAL) {
        on_refusal(n, peer, &m);
    } else {
        for (uint32_t i = 0; i < BULK_FETCHES_MAX; i++) {
            struct bulk_fetch *f = &n->fetch[i];
            if (!f->used || finished(f) || f->provider != peer || !hash_equal(&f->seal, &m.id)) {
                continue;
            }
            if (m.kind == WIRE_MANIFEST) {
                on_manifest(n, f, m.payload);
            } else if (m.kind == WIRE_CHUNK && f->fetch != NULL) {
                feed(n, f,
                     (struct fetch_event){ .kind = FETCH_CHUNK,
                                           .now_ms = node_now_ms(n),
                                           .index = m.index,
                                           .chunk = m.payload });
            }
        }
    }
    arena_release(&n->work, mark);
}

void bulk_tick(struct node *n, uint64_t now_ms)
{
    for (uint32_t i = 0; i < BULK_FETCHES_MAX; i++) {
        struct bulk_fetch *f = &n->fetch[i];
        if (!f->used) {
            continue;
        }
        if (finished(f)) {
            /* Not at the end itself: the last acknowledgement is still on its way out. */
            want_links(n, f->provider);
            continue;
        }
        if (f->fetch != NULL) {
            feed(n, f, (struct fetch_event){ .kind = FETCH_TICK, .now_ms = now_ms });
        } else if (now_ms - f->asked_ms > (uint64_t)BULK_ASK_AGAIN_MS * n->timer_scale &&
                   peers_up(n->peers, f->provider, PEER_LINK_BULK_OUT)) {
            start_or_ask(n, f);
        }
    }
}

static enum err remember(struct node *n, const struct hash *right)
{
    char name[STORAGE_NAME_SIZE_MAX];
    struct storage d = node_disk(n);
    uint64_t size;
    node_name("fetches", right, "", name);
    if (d.size(d.ctx, name, &size) == ERR_NONE) {
        return ERR_NONE;
    }
    return d.replace(d.ctx, name, bytes_of_str("fetch\n"));
}

/* In the place `f`, or in another where it is NULL; what has ended there is kept until all is well.
 */
static enum err start(struct node *n, const struct hash *right, const struct bulk_right *r,
                      struct bulk_fetch *f)
{
    char name[STORAGE_NAME_SIZE_MAX];
    struct bytes manifest;
    uint32_t provider = 0;
    if (!hash_equal(&r->right.holder, node_did(n, n->self))) {
        return ERR_FORBIDDEN;
    }
    if (r->right.state != RIGHT_ACTIVE) {
        return ERR_REVOKED;
    }
    if (!node_participant(n, &r->token.owner, &provider) || n->address[provider] == NULL ||
        provider == n->self) {
        return ERR_UNAVAILABLE;
    }
    f = f != NULL ? f : place(n);
    if (f == NULL) {
        return ERR_BUSY;
    }
    struct bulk_fetch wanted = { .used = true, .right = *right, .seal = r->seal->seal };
    wanted.manifest_hash = r->seal->manifest_hash;
    if (is_taken(n, &wanted)) {
        return ERR_DUPLICATE;
    }
    node_name("seals", &r->seal->seal, "", name);
    TRY(disk_folder(&n->disk, name));
    TRY(remember(n, right));
    release(f);
    *f = wanted;
    f->chunk_count = r->seal->chunk_count;
    f->provider = provider;
    node_name("seals", &f->seal, "manifest", name);
    if (node_read_file(&n->disk, name, TRANSFER_MANIFEST_SIZE_MAX, &n->work, &manifest) ==
        ERR_NONE) {
        (void)!begin(n, f, manifest); /* if it is not the one, it is fetched anew */
    }
    want_links(n, provider);
    if (n->peers != NULL && peers_up(n->peers, provider, PEER_LINK_BULK_OUT)) {
        f->linked = true;
        start_or_ask(n, f);
    }
    return ERR_NONE;
}

enum err node_fetch_start(struct node *n, const struct hash *right)
{
    struct bulk_right *r = NULL;
    struct bulk_fetch *f = find(n, right, NULL);
    if (f != NULL && !f->failed) {
        return ERR_NONE;
    }
    size_t mark = arena_mark(&n->work);
    enum err e = bulk_right(n, right, &n->work, &r);
    if (e == ERR_NONE) {
        e = start(n, right, r, f); /* again where it has failed: perhaps the reason is gone */
    }
    arena_release(&n->work, mark);
    return e;
}

enum err node_fetch_status(struct node *n, const struct hash *right, struct node_fetch *out)
{
    const struct bulk_fetch *f = find(n, right, NULL);
    if (f == NULL) {
        return ERR_NOT_FOUND;
    }
    *out = (struct node_fetch){
        .right = f->right, .seal = f->seal, .bytes = f->bytes, .reconnects = f->reconnects
    };
    if (f->fetch != NULL) {
        out->status = fetch_status(f->fetch);
    } else {
        out->status.chunks = f->chunk_count;
    }
    if (f->failed) {
        out->status.state = FETCH_FAILED;
    }
    if (out->status.state == FETCH_FAILED) {
        out->why = f->failed ? f->why : ERR_INTEGRITY; /* chunks that don't verify */
    }
    return ERR_NONE;
}

/* Orders of before the restart go on. */
static void resume(struct node *n)
{
    char path[NODE_PATH_SIZE + 16];
    (void)snprintf(path, sizeof path, "%s/fetches", n->space_dir);
    DIR *dir = opendir(path);
    for (const struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        struct hash right;
        if (hash_from_hex(e->d_name, &right) != ERR_NONE) {
            continue;
        }
        enum err bad = node_fetch_start(n, &right);
        if (bad != ERR_NONE) {
            LOG("fetch_not_resumed", LOG_HASH("right", &right), LOG_ERR(bad));
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
}

enum err bulk_open(struct node *n)
{
    TRY(disk_folder(&n->disk, "seals"));
    TRY(disk_folder(&n->disk, "fetches"));
    resume(n);
    return ERR_NONE;
}

void bulk_close(struct node *n)
{
    for (uint32_t i = 0; i < BULK_FETCHES_MAX; i++) {
        release(&n->fetch[i]);
    }
}
