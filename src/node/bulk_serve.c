#include <stdio.h>

#include "node/node_internal.h"

/* Serving: seals that this participant's node holds, to holders of rights on them, judged on every
 * chunk by the committed state: what is frozen or revoked half-way stops half-way. */

static enum err may_fetch(struct node *n, uint32_t peer, const struct wire_message *m)
{
    struct bulk_right *r = NULL;
    size_t mark = arena_mark(&n->work);
    uint64_t now = replica_status(n->replica).tip.time_ms;
    enum err e = bulk_right(n, &m->right, &n->work, &r);
    if (e == ERR_NOT_FOUND ||
        (e == ERR_NONE &&
         (!hash_equal(&r->right.holder, node_did(n, peer)) || !hash_equal(&r->right.seal, &m->id) ||
          !hash_equal(&r->token.owner, node_did(n, n->self))))) {
        e = ERR_FORBIDDEN;
    } else if (e == ERR_NONE && (r->right.state != RIGHT_ACTIVE || r->token.state != TOKEN_ACTIVE ||
                                 now >= r->right.until_ms || now >= r->token.valid_until_ms)) {
        e = ERR_REVOKED;
    }
    arena_release(&n->work, mark);
    return e;
}

/* What does not verify is not served: who asks would have to blame us for it, and asks again until
 * the owner has put the chunk back. */
static enum err sound_chunk(struct node *n, const struct hash *seal, uint32_t index,
                            struct bytes *out)
{
    struct manifest m;
    struct hash hash;
    TRY(scrub_manifest(n, seal, &m, &hash));
    if (index >= m.chunk_count) {
        return ERR_NOT_FOUND;
    }
    return scrub_read(n, &m, index, out);
}

static enum err serve(struct node *n, uint32_t peer, const struct wire_message *m)
{
    struct wire_message reply = { .kind = WIRE_MANIFEST, .id = m->id, .index = m->index };
    TRY(may_fetch(n, peer, m));
    if (m->kind == WIRE_MANIFEST_GET) {
        TRY(node_seal_manifest(n, &m->id, &n->work, &reply.payload));
    } else {
        reply.kind = WIRE_CHUNK;
        TRY(sound_chunk(n, &m->id, m->index, &reply.payload));
    }
    node_say(n, peer, PEER_LINK_BULK_IN, &reply);
    return ERR_NONE;
}

void bulk_serve(struct node *n, uint32_t peer, const struct wire_message *m)
{
    if (m->kind == WIRE_CHUNK_ACK) {
        LOG("chunk_acknowledged", LOG_NUM("peer", peer), LOG_HASH("seal", &m->id),
            LOG_NUM("index", m->index));
        return;
    }
    enum err e = m->kind == WIRE_MANIFEST_GET || m->kind == WIRE_CHUNK_GET ? serve(n, peer, m)
                                                                           : ERR_ENCODING;
    if (e != ERR_NONE) {
        struct wire_message no = { .kind = WIRE_REFUSAL, .id = m->right, .index = (uint32_t)e };
        LOG("seal_refused", LOG_NUM("peer", peer), LOG_HASH("seal", &m->id), LOG_ERR(e));
        node_say(n, peer, PEER_LINK_BULK_IN, &no);
    }
}

enum err node_seal_put_manifest(struct node *n, struct bytes manifest)
{
    char name[STORAGE_NAME_SIZE_MAX];
    struct manifest m;
    struct storage d = node_disk(n);
    size_t mark = arena_mark(&n->work);
    enum err e = manifest_decode(manifest, &n->work, &m);
    arena_release(&n->work, mark);
    TRY(e);
    node_name("seals", &m.seal, "", name);
    TRY(disk_folder(&n->disk, name));
    node_name("seals", &m.seal, "manifest", name);
    return d.replace(d.ctx, name, manifest);
}

/* A chunk that its manifest does not vouch for is not stored. */
static enum err check_chunk(struct node *n, const struct hash *seal, uint32_t index,
                            struct bytes chunk)
{
    struct manifest m;
    struct hash hash;
    TRY(scrub_manifest(n, seal, &m, &hash));
    return scrub_chunk_fits(n, &m, index, chunk);
}

enum err node_seal_put_chunk(struct node *n, const struct hash *seal, uint32_t index,
                             struct bytes chunk)
{
    char name[STORAGE_NAME_SIZE_MAX], number[16];
    struct storage d = node_disk(n);
    size_t mark = arena_mark(&n->work);
    enum err e = check_chunk(n, seal, index, chunk);
    arena_release(&n->work, mark);
    TRY(e);
    (void)snprintf(number, sizeof number, "%u", index);
    node_name("seals", seal, number, name);
    TRY(d.replace(d.ctx, name, chunk));
    scrub_remember(n, seal, index, false);
    return ERR_NONE;
}

enum err node_seal_manifest(struct node *n, const struct hash *seal, struct arena *a,
                            struct bytes *out)
{
    char name[STORAGE_NAME_SIZE_MAX];
    node_name("seals", seal, "manifest", name);
    return node_read_file(&n->disk, name, TRANSFER_MANIFEST_SIZE_MAX, a, out);
}

enum err node_seal_chunk(struct node *n, const struct hash *seal, uint32_t index, struct arena *a,
                         struct bytes *out)
{
    char name[STORAGE_NAME_SIZE_MAX], number[16];
    (void)snprintf(number, sizeof number, "%u", index);
    node_name("seals", seal, number, name);
    return node_read_file(&n->disk, name, sealing_size_max(SEALING_CHUNK_MAX), a, out);
}
