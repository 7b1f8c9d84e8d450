#include "node/replica_parts_internal.h"

/* Anchors: blocks that the operator knows to be of this space's chain. Who sat once can still sign,
 * so a joiner that follows whatever is certified can be led along another history by keys that are
 * old enough. Blocks hash into one another, so one of an anchor's height settles all below it: it
 * is the anchor's, or the chain is another one. Above the newest anchor nothing is asked here. */

enum err replica_anchors_read(struct replica *r)
{
    uint32_t which, against;
    enum proof_step step;
    size_t mark = arena_mark(&r->work);
    enum err e = trust_anchors_read(r->suite, r->genesis, r->config.anchor, r->config.anchor_count,
                                    &r->work, r->anchor, &which, &against, &step);
    arena_release(&r->work, mark);
    return e;
}

static void tell(const struct replica *r, enum replica_anchor_kind kind, uint32_t number,
                 const struct hash *found)
{
    struct replica_anchor x = { .kind = kind,
                                .number = number,
                                .peer = r->sync.peer,
                                .height = r->anchor[number].height,
                                .tip = r->blocks.height,
                                .pinned = r->anchor[number].hash,
                                .found = *found };
    if (r->config.ports.anchor != NULL) {
        r->config.ports.anchor(r->config.ports.ctx, &x);
    }
}

/* What is kept of a block in memory is its leaf; its hash is for people. */
static enum err hash_in_log(struct replica *r, uint64_t height, struct hash *out)
{
    struct bytes wire = { NULL, 0 }, certificate = { NULL, 0 };
    struct block b;
    size_t mark = arena_mark(&r->work);
    enum err e = blocklog_read(&r->blocks, height, &r->work, &wire, &certificate);
    e = e == ERR_NONE ? block_decode(r->suite, wire, &r->work, &b) : e;
    arena_release(&r->work, mark);
    TRY(e);
    *out = b.hash;
    return ERR_NONE;
}

enum err replica_anchors_start(struct replica *r)
{
    static const struct hash NONE = { { 0 } };
    for (uint32_t i = 0; i < r->config.anchor_count; i++) {
        const struct trust_anchor *a = &r->anchor[i];
        struct hash leaf, found;
        proof_header_leaf(r->suite, &a->hash, &leaf);
        if (a->height <= r->blocks.base) {
            tell(r, REPLICA_ANCHOR_BELOW, i, &NONE);
        } else if (a->height <= r->blocks.height &&
                   !hash_equal(&leaf, blocklog_leaf(&r->blocks, a->height))) {
            TRY(hash_in_log(r, a->height, &found));
            tell(r, REPLICA_ANCHOR_LOG, i, &found);
            return ERR_INTEGRITY;
        }
    }
    return ERR_NONE;
}

static void part(struct replica *r)
{
    r->broken = true;
    r->off_anchor = true;
}

enum err replica_anchors_range(struct replica *r, const struct block *b, uint32_t count)
{
    uint64_t from = b[0].header.height, next = r->blocks.height + 1;
    for (uint32_t i = 0; i < r->config.anchor_count; i++) {
        const struct trust_anchor *a = &r->anchor[i];
        if (a->height < next || a->height - from >= count) {
            continue;
        }
        const struct block *x = &b[a->height - from];
        if (!hash_equal(&x->hash, &a->hash)) {
            tell(r, REPLICA_ANCHOR_PEER, i, &x->hash);
            return ERR_PROOF;
        }
        if (!blocklog_links(&r->blocks, &b[next - from].header.previous)) {
            tell(r, REPLICA_ANCHOR_APART, i, &r->blocks.tip);
            part(r);
            return ERR_PROOF;
        }
    }
    return ERR_NONE;
}

/* Of the lies about snapshots only these two are the operator's affair. */
void replica_anchors_lie(struct replica *r, uint32_t peer, enum proof_step why)
{
    struct replica_anchor x = { .kind = REPLICA_ANCHOR_WANTED, .peer = peer };
    x.kind = why == PROOF_ANCHOR ? REPLICA_ANCHOR_REFUSED : x.kind;
    if ((why == PROOF_TRUST || why == PROOF_ANCHOR) && r->config.ports.anchor != NULL) {
        r->config.ports.anchor(r->config.ports.ctx, &x);
    }
}

enum err replica_anchors_append(struct replica *r, const struct block *b)
{
    for (uint32_t i = 0; i < r->config.anchor_count; i++) {
        const struct trust_anchor *a = &r->anchor[i];
        if (a->height == b->header.height && !hash_equal(&a->hash, &b->hash)) {
            tell(r, REPLICA_ANCHOR_BLOCK, i, &b->hash);
            part(r);
            return ERR_INTEGRITY;
        }
    }
    return ERR_NONE;
}
