#include "node/replica_parts_internal.h"

/* Catching up: ranges of committed blocks from one peer at a time. A range is believed because its
 * blocks hash into one another from our tip up to a block with a commit certificate, whose signers'
 * keys lead to the roots in genesis. A peer whose range does not check is not asked again on this
 * connection. */

static bool can_ask(const struct replica *r, uint32_t i, bool must_claim)
{
    const struct peer *p = &r->peer[i];
    return i != r->config.self && p->up && !p->liar &&
           (!must_claim || p->height > r->blocks.height);
}

static bool next_peer(struct replica *r)
{
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t n = 1; n <= r->peer_count; n++) {
            uint32_t i = (r->sync.peer + n) % r->peer_count;
            if (can_ask(r, i, pass == 0)) {
                r->sync.peer = i;
                return true;
            }
        }
    }
    return false;
}

static void ask(struct replica *r)
{
    struct peer_message m = { .kind = PEER_GET_CHAIN,
                              .from = r->blocks.height + 1,
                              .count = REPLICA_CHAIN_BLOCKS_MAX };
    replica_send_message(r, r->sync.peer, &m);
    r->sync.deadline_ms = r->now_ms + 4 * (uint64_t)r->config.resend_ms;
}

static void stop(struct replica *r)
{
    r->sync.active = false;
    r->sync.pruned = false;
    r->sync.target = 0;
}

/* Every peer was asked in vain: wait for the next HELLO or the next wish of consensus. */
static void ask_next(struct replica *r)
{
    r->sync.tried++;
    if (r->sync.tried > r->peer_count || !next_peer(r)) {
        uint64_t target = r->sync.target;
        bool pruned = r->sync.pruned;
        stop(r);
        r->sync.target = pruned && replica_take_instead(r, target, true) ? target : 0;
        return;
    }
    ask(r);
}

void replica_sync_want(struct replica *r, uint64_t height)
{
    if (height <= r->blocks.height) {
        return;
    }
    r->sync.target = height > r->sync.target ? height : r->sync.target;
    if (!r->sync.active && !replica_take_instead(r, height, false)) {
        r->sync.active = true;
        r->sync.tried = 0;
        ask_next(r);
    }
}

void replica_sync_tick(struct replica *r)
{
    if (r->sync.active && r->now_ms >= r->sync.deadline_ms) {
        ask_next(r);
    }
}

/* The headers make a chain, and each has its own body: what is certified is headers, and a block
 * that only goes back into the log is not executed. */
static enum err decode_range(struct replica *r, const struct peer_chain *c, struct block *b)
{
    for (uint32_t i = 0; i < c->count; i++) {
        TRY(block_decode(r->suite, c->block[i], &r->work, &b[i]));
        enum err body = proof_verify_body(r->suite, &b[i], &r->work);
        if (body == ERR_NO_SPACE) {
            return body;
        }
        if (body != ERR_NONE || b[i].header.height != c->from + i) {
            return ERR_PROOF;
        }
        if (i > 0 && !hash_equal(&b[i].header.previous, &b[i - 1].hash)) {
            return ERR_PROOF;
        }
    }
    return ERR_NONE;
}

static enum err check_range(struct replica *r, const struct peer_chain *c, struct block *b)
{
    TRY(decode_range(r, c, b));
    TRY(replica_anchors_range(r, b, c->count));
    const struct block *last = &b[c->count - 1];
    const struct block *next = &b[r->blocks.height + 1 - c->from];
    if (!blocklog_links(&r->blocks, &next->header.previous)) {
        return ERR_PROOF;
    }
    struct certificate cert;
    TRY(certificate_decode(c->certificate, &r->work, &cert));
    if (cert.kind != VOTE_COMMIT || cert.height != last->header.height ||
        !hash_equal(&cert.block, &last->hash) ||
        cert.epoch != genesis_epoch(r->genesis, last->header.time_ms)) {
        return ERR_PROOF;
    }
    /* A copy: looking for keys of other epochs may bring another one to its place. */
    struct committee sat = *replica_committee_at(r, cert.epoch);
    if (sat.count == 0 || !hash_equal(&last->header.committee_hash, &sat.hash)) {
        return ERR_PROOF;
    }
    /* One that is of no use here, of a committee that is not known, says nothing of the others. */
    (void)!replica_learn_keys(r, &c->keys);
    struct key_source keys = { r, replica_key };
    return certificate_verify(r->suite, &r->genesis->space, &cert, sat.count, &keys, &r->work);
}

/* A later block of the range may carry this block's certificate in its body. */
static struct bytes certificate_of(const struct peer_chain *c, const struct block *b, uint32_t i)
{
    if (i + 1 == c->count) {
        return c->certificate;
    }
    for (uint32_t k = i + 1; k < c->count && k <= i + PBFT_OPEN_MAX; k++) {
        if (b[k].header.last_commit.height == b[i].header.height) {
            return b[k].certificate_bytes;
        }
    }
    return (struct bytes){ NULL, 0 };
}

/* The folded view stands above a log that lost its end: the block only goes back into the log, and
 * its transactions into the replay window. */
static enum err restore_block(struct replica *r, const struct block *b, struct bytes certificate)
{
    struct ledger_tip tip = ledger_committed(r->ledger);
    if (b->header.height == tip.height && !hash_equal(&b->hash, &tip.hash)) {
        return ERR_CORRUPT;
    }
    for (uint32_t i = 0; i < b->tx_count; i++) {
        struct tx tx;
        size_t mark = arena_mark(&r->work);
        TRY(tx_decode(r->suite, b->tx[i], &r->work, &tx));
        enum err e = ledger_remember(r->ledger, &tx.id, tx.body.valid_until_ms);
        arena_release(&r->work, mark);
        if (e != ERR_NONE && e != ERR_DUPLICATE && e != ERR_STALE) {
            return e;
        }
    }
    return replica_append_block(r, b, certificate);
}

static enum err apply_block(struct replica *r, const struct block *b, struct bytes certificate)
{
    if (b->header.height <= ledger_committed(r->ledger).height) {
        return restore_block(r, b, certificate);
    }
    if (!ledger_is_open(r->ledger, &b->hash)) {
        TRY(replica_execute(r, b->wire));
    }
    return replica_commit_block(r, &b->hash, certificate);
}

static enum err apply_range(struct replica *r, const struct peer_chain *c, const struct block *b)
{
    /* Consensus may begin, and commit, in the middle of a range: always the next one after the log.
     */
    for (uint64_t next = r->blocks.height + 1; next < c->from + c->count;
         next = r->blocks.height + 1) {
        uint32_t i = (uint32_t)(next - c->from);
        size_t mark = arena_mark(&r->work);
        enum err e = apply_block(r, &b[i], certificate_of(c, b, i));
        arena_release(&r->work, mark);
        TRY(e);
        TRY(replica_begin_if_whole(r));
    }
    return ERR_NONE;
}

/* Consensus hears where the ledger stands now. */
static void synced(struct replica *r, struct bytes certificate)
{
    if (r->seating.told != r->seating.now.number) {
        replica_tell_committee(r);
        return;
    }
    struct pbft_event ev = { .kind = PBFT_SYNCED,
                             .now_ms = r->now_ms,
                             .from = PBFT_OBSERVER,
                             .tip = ledger_committed(r->ledger),
                             .certificate = certificate };
    (void)!replica_step(r, &ev);
}

static enum err use_range(struct replica *r, const struct peer_chain *c, bool *believed)
{
    struct block *b = ARENA_ARRAY(&r->work, struct block, c->count);
    if (b == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(check_range(r, c, b));
    *believed = true;
    enum err e = apply_range(r, c, b);
    if (!r->started) {
        return e;
    }
    synced(r,
           r->blocks.height == c->from + c->count - 1 ? c->certificate : (struct bytes){ NULL, 0 });
    return e;
}

enum err replica_on_chain(struct replica *r, uint32_t peer, const struct peer_chain *c)
{
    struct peer *p = &r->peer[peer];
    if (!r->sync.active || peer != r->sync.peer) {
        return ERR_STALE;
    }
    p->height = c->committed;
    uint64_t last = c->from + c->count - 1;
    r->sync.pruned = r->sync.pruned || (c->count == 0 && c->committed > r->blocks.height);
    if (c->count == 0 || c->from > r->blocks.height + 1 || c->from == 0) {
        ask_next(r);
        return c->count == 0 ? ERR_NONE : ERR_STALE;
    }
    bool believed = last <= r->blocks.height;
    enum err e = believed ? ERR_STALE : use_range(r, c, &believed);
    if (e != ERR_NONE && believed && e != ERR_STALE) {
        stop(r); /* a certified block that does not execute here is our trouble, not the peer's */
        return e;
    }
    if (!believed) {
        p->liar = true;
        ask_next(r);
        return e;
    }
    r->sync.tried = 0;
    if (r->blocks.height < r->sync.target) {
        ask(r);
    } else {
        stop(r);
    }
    return ERR_NONE;
}
