#include "node/scrub.h"

#include <dirent.h>
#include <stdio.h>

#include "node/node_internal.h"

static uint32_t wrong_find(const struct scrub *s, const struct hash *seal, uint32_t index)
{
    uint32_t i = 0;
    while (i < s->wrong_count &&
           (s->wrong[i].index != index || !hash_equal(&s->wrong[i].seal, seal))) {
        i++;
    }
    return i;
}

void scrub_remember(struct node *n, const struct hash *seal, uint32_t index, bool wrong)
{
    struct scrub *s = &n->scrub;
    uint32_t at = wrong_find(s, seal, index);
    if (!wrong && at < s->wrong_count) {
        s->wrong[at] = s->wrong[--s->wrong_count];
        LOG("scrub_chunk_whole_again", LOG_HASH("seal", seal), LOG_NUM("index", index));
    } else if (wrong && at == s->wrong_count) {
        LOG("scrub_wrong_chunk", LOG_HASH("seal", seal), LOG_NUM("index", index));
        if (at < SCRUB_WRONG_MAX) {
            s->wrong[s->wrong_count++] = (struct scrub_wrong){ *seal, index };
        }
    }
}

enum err scrub_chunk_fits(struct node *n, const struct manifest *m, uint32_t index,
                          struct bytes chunk)
{
    struct hash leaf;
    if (index >= m->chunk_count) {
        return ERR_RANGE;
    }
    merkle_leaf(n->suite, "carnet/chunk/v1", chunk, &leaf);
    bool same = chunk.len == m->sealed_size[index] && hash_equal(&leaf, &m->sealed_leaf[index]);
    return same ? ERR_NONE : ERR_INTEGRITY;
}

enum err scrub_read(struct node *n, const struct manifest *m, uint32_t index, struct bytes *out)
{
    struct bytes chunk;
    enum err e = node_seal_chunk(n, &m->seal, index, &n->work, &chunk);
    if (e == ERR_NOT_FOUND) {
        return e; /* not here yet, or not any more: who asks knows which */
    }
    e = e == ERR_NONE ? scrub_chunk_fits(n, m, index, chunk) : ERR_INTEGRITY;
    n->scrub.checked++;
    scrub_remember(n, &m->seal, index, e != ERR_NONE);
    TRY(e);
    *out = chunk;
    return ERR_NONE;
}

enum err scrub_manifest(struct node *n, const struct hash *seal, struct manifest *m,
                        struct hash *hash)
{
    struct bytes wire;
    TRY(node_seal_manifest(n, seal, &n->work, &wire));
    TRY(manifest_decode(wire, &n->work, m));
    manifest_hash(n->suite, wire, hash);
    return hash_equal(&m->seal, seal) ? ERR_NONE : ERR_INTEGRITY;
}

/* Chunks from out->next on, until so many bytes have been read or one call can tell no more. What
 * is missing is bad when its owner asks, and nothing to a walk: a fetch may be under way. */
static void walk_seal(struct node *n, const struct manifest *m, uint64_t bytes_max,
                      bool missing_is_bad, struct scrub_report *out)
{
    uint64_t bytes = 0;
    while (out->next < m->chunk_count && bytes < bytes_max && out->bad_count < SCRUB_CALL_BAD_MAX) {
        struct bytes chunk;
        size_t mark = arena_mark(&n->work);
        enum err e = scrub_read(n, m, out->next, &chunk);
        arena_release(&n->work, mark);
        if (e != ERR_NONE && (missing_is_bad || e != ERR_NOT_FOUND)) {
            out->bad[out->bad_count++] = out->next;
        }
        bytes += m->sealed_size[out->next++];
    }
}

enum err scrub_seal(struct node *n, const struct hash *seal, uint32_t from,
                    struct scrub_report *out)
{
    struct manifest m;
    struct scrub_report r = { .next = from };
    size_t mark = arena_mark(&n->work);
    enum err e = scrub_manifest(n, seal, &m, &r.manifest);
    if (e == ERR_NONE && from >= m.chunk_count) {
        e = ERR_RANGE;
    }
    if (e == ERR_NONE) {
        r.chunks = m.chunk_count;
        walk_seal(n, &m, SCRUB_CALL_BYTES, true, &r);
        *out = r;
    }
    arena_release(&n->work, mark);
    return e;
}

struct scrub_status scrub_status(const struct node *n)
{
    return (struct scrub_status){ n->scrub.checked, n->scrub.walks, n->scrub.wrong_count };
}

/* The seal that follows the cursor in the order of ids; false: there is none. */
static bool next_seal(struct node *n, struct hash *out)
{
    char path[NODE_PATH_SIZE + 16];
    bool found = false;
    (void)snprintf(path, sizeof path, "%s/seals", n->space_dir);
    DIR *dir = opendir(path);
    for (const struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        struct hash seal;
        if (hash_from_hex(e->d_name, &seal) == ERR_NONE &&
            hash_compare(&seal, &n->scrub.cursor) > 0 && (!found || hash_compare(&seal, out) < 0)) {
            *out = seal;
            found = true;
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return found;
}

void scrub_tick(struct node *n, uint64_t now_ms)
{
    struct scrub *s = &n->scrub;
    struct manifest m;
    struct hash hash;
    struct scrub_report r = { .next = s->next };
    if (now_ms < s->rest_until_ms) {
        return;
    }
    if (s->next == 0 && !next_seal(n, &s->cursor)) {
        s->cursor = (struct hash){ 0 };
        s->rest_until_ms = now_ms + (uint64_t)SCRUB_REST_MS * n->timer_scale;
        s->walks++;
        return;
    }
    size_t mark = arena_mark(&n->work);
    enum err e = scrub_manifest(n, &s->cursor, &m, &hash);
    if (e == ERR_NONE) {
        walk_seal(n, &m, SCRUB_TICK_BYTES, false, &r);
    } else if (e != ERR_NOT_FOUND) {
        LOG("scrub_wrong_manifest", LOG_HASH("seal", &s->cursor), LOG_ERR(e));
    }
    s->next = e == ERR_NONE && r.next < m.chunk_count ? r.next : 0;
    arena_release(&n->work, mark);
}
