#include "node/replica_parts_internal.h"

/* The block log read back: for peers that lag behind, for proofs and for queries. */

enum err replica_block(struct replica *r, uint64_t height, struct arena *a, struct bytes *block,
                       struct bytes *certificate)
{
    return blocklog_read(&r->blocks, height, a, block, certificate);
}

static void put_key_of(struct replica *r, uint32_t seat, uint64_t epoch, struct peer_keys *keys)
{
    struct key_slot *slot = replica_key_slot(r, seat, epoch);
    if (slot != NULL && slot->epoch == epoch) {
        replica_put_key(keys, seat, slot, r->suite);
    }
}

/* The keys of a certificate's signers, for somebody who may not have them. */
static void put_signers(struct replica *r, struct bytes certificate, struct peer_keys *keys)
{
    struct certificate c;
    if (certificate.len == 0 || certificate_decode(certificate, &r->work, &c) != ERR_NONE) {
        return;
    }
    for (uint32_t seat = 0; seat < GENESIS_SEATS_MAX; seat++) {
        if ((c.seats >> seat & 1) != 0) {
            put_key_of(r, seat, c.epoch, keys);
        }
    }
}

/* Keys of the epoch in which the range ends, and of the one in which the first block's last commit
 * was made when that is another: a range never holds more than that (see range_end). */
static void chain_keys(struct replica *r, struct peer_chain *c)
{
    struct block first;
    struct certificate last, before;
    put_signers(r, c->certificate, &c->keys);
    if (certificate_decode(c->certificate, &r->work, &last) != ERR_NONE ||
        block_decode(r->suite, c->block[0], &r->work, &first) != ERR_NONE ||
        first.certificate_bytes.len == 0 ||
        certificate_decode(first.certificate_bytes, &r->work, &before) != ERR_NONE) {
        return;
    }
    /* Signers of the first epoch differ from block to block: all that are known of it. */
    for (uint32_t seat = 0; seat < GENESIS_SEATS_MAX; seat++) {
        if (before.epoch != last.epoch) {
            put_key_of(r, seat, before.epoch, &c->keys);
        }
        if ((last.seats >> seat & 1) == 0) {
            put_key_of(r, seat, last.epoch, &c->keys);
        }
    }
}

static bool ends_epoch(struct replica *r, struct bytes wire)
{
    struct block b = { 0 };
    size_t mark = arena_mark(&r->work);
    enum err e = block_decode(r->suite, wire, &r->work, &b);
    arena_release(&r->work, mark);
    return e == ERR_NONE && committee_closes(r->genesis, &b.header);
}

/* The first block that can end a range is one whose own certificate is in the log: at most the
 * pipeline's depth apart. Past the wanted size the range ends at the first such block; it also ends
 * with the first block of an epoch after that of its first block, and with one that closes an epoch
 * for another committee: who asks does not know that one before. */
static enum err collect(struct replica *r, uint64_t from, uint32_t count, struct peer_chain *c)
{
    size_t bytes = 0;
    uint64_t first_epoch = 0;
    uint32_t taken = 0;
    for (uint32_t i = 0; i < PEER_CHAIN_MAX && from + i <= r->blocks.height; i++) {
        struct bytes block = { NULL, 0 }, certificate = { NULL, 0 };
        struct certificate cert;
        TRY(blocklog_read(&r->blocks, from + i, &r->work, &block, &certificate));
        bytes += block.len;
        if (bytes > r->message_max - REPLICA_SMALL_MESSAGES) {
            break;
        }
        c->block[i] = block;
        if (certificate.len == 0 || certificate_decode(certificate, &r->work, &cert) != ERR_NONE) {
            continue;
        }
        first_epoch = taken == 0 ? cert.epoch : first_epoch;
        c->certificate = certificate;
        taken = i + 1;
        if (taken >= count || bytes > r->block_max || cert.epoch != first_epoch ||
            ends_epoch(r, block)) {
            break;
        }
    }
    c->count = taken;
    return ERR_NONE;
}

enum err replica_serve_chain(struct replica *r, uint32_t peer, uint64_t from, uint32_t count)
{
    struct peer_chain *c = ARENA_NEW(&r->work, struct peer_chain);
    if (c == NULL) {
        return ERR_NO_SPACE;
    }
    if (from == 0) {
        return ERR_RANGE;
    }
    c->from = from;
    c->committed = r->blocks.height;
    /* No blocks below a committed height say that they are not kept here any more. */
    TRY(from <= r->blocks.base ? ERR_NONE : collect(r, from, count, c));
    if (c->count > 0) {
        chain_keys(r, c);
    }
    struct peer_message m = { .kind = PEER_CHAIN, .chain = c };
    replica_send_message(r, peer, &m);
    return ERR_NONE;
}

static enum err recent_block(struct replica *r, const struct hash *block, struct bytes *out)
{
    struct hash leaf;
    struct bytes certificate = { NULL, 0 };
    proof_header_leaf(r->suite, block, &leaf);
    for (uint32_t i = 0; i < REPLICA_RECENT_BLOCKS && i < r->blocks.height - r->blocks.base; i++) {
        uint64_t height = r->blocks.height - i;
        if (hash_equal(&leaf, blocklog_leaf(&r->blocks, height))) {
            return blocklog_read(&r->blocks, height, &r->work, out, &certificate);
        }
    }
    return ERR_NOT_FOUND;
}

enum err replica_serve_block(struct replica *r, uint32_t peer, const struct hash *block)
{
    struct bytes wire = { NULL, 0 }, message = { NULL, 0 };
    enum err e = pbft_block(r->pbft, block, &wire);
    if (e != ERR_NONE) {
        e = recent_block(r, block, &wire);
    }
    if (e == ERR_NOT_FOUND) {
        return ERR_NONE; /* another peer will have it */
    }
    TRY(e);
    TRY(peer_encode_block(wire, &r->work, &message));
    replica_send(r, peer, message);
    return ERR_NONE;
}

/* Canonical EpochKeys of a certificate's signers, or ERR_NOT_FOUND when one is no longer known. */
static enum err signer_keys(struct replica *r, const struct certificate *c, struct arena *a,
                            struct bytes *keys, uint32_t *count)
{
    uint32_t n = 0;
    for (uint32_t seat = 0; seat < GENESIS_SEATS_MAX; seat++) {
        if ((c->seats >> seat & 1) == 0) {
            continue;
        }
        const struct key_slot *slot = replica_key_slot(r, seat, c->epoch);
        if (slot == NULL || !slot->used || slot->epoch != c->epoch) {
            return ERR_NOT_FOUND;
        }
        struct epoch_key_proof k = { .seat = seat,
                                     .epoch = c->epoch,
                                     .public_key =
                                         bytes_of(slot->public_key, r->suite->public_size),
                                     .path = slot->path };
        TRY(epoch_key_encode(&k, a, &keys[n]));
        n++;
    }
    *count = n;
    return ERR_NONE;
}

static enum err certify(struct replica *r, struct bytes wire, struct bytes certificate,
                        struct arena *a, struct bytes *out)
{
    struct block b;
    struct certificate c;
    struct bytes keys[GENESIS_SEATS_MAX];
    uint32_t count = 0;
    TRY(block_decode(r->suite, wire, a, &b));
    TRY(certificate_decode(certificate, a, &c));
    TRY(signer_keys(r, &c, a, keys, &count));
    return proof_encode_certified(b.header_bytes, certificate, keys, count, a, out);
}

/* An ancestor that a descendant's certificate committed has none of its own; the next with one is
 * at most the pipeline's depth above. */
enum err replica_certified(struct replica *r, uint64_t height, struct arena *a,
                           struct bytes *certified, uint64_t *certified_height)
{
    for (uint64_t h = height == 0 ? 1 : height; h <= r->blocks.height; h++) {
        struct bytes block = { NULL, 0 }, certificate = { NULL, 0 };
        size_t mark = arena_mark(a);
        TRY(blocklog_read(&r->blocks, h, a, &block, &certificate));
        if (certificate.len > 0) {
            TRY(certify(r, block, certificate, a, certified));
            *certified_height = h;
            return ERR_NONE;
        }
        arena_release(a, mark);
        if (h - height > 2 * PBFT_OPEN_MAX) {
            break;
        }
    }
    return ERR_NOT_FOUND;
}

enum err replica_history_path(struct replica *r, uint64_t height, uint64_t count,
                              struct merkle_path *out)
{
    if (!r->started) {
        return ERR_UNAVAILABLE; /* the log is being fetched again */
    }
    return blocklog_prove(&r->blocks, height, count, out);
}

enum err replica_prune(struct replica *r, uint64_t keep, uint64_t *base)
{
    if (!r->started || r->broken || r->disk_failed) {
        return ERR_UNAVAILABLE;
    }
    TRY(replica_persist(r));
    return blocklog_prune_old(&r->blocks, r->genesis, r->marked, keep, &r->work, base);
}
