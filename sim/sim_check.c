#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/proof.h"
#include "sim/sim_member_internal.h"

/* The invariants of DESIGN 8 that a network of honest nodes with bad luck must keep. */

void sim_violation(struct world *w, enum sim_invariant i, const char *format, ...)
{
    struct sim_result *r = w->result;
    char text[SIM_LINE_SIZE];
    int n = snprintf(text, sizeof text, "%s: ", sim_invariant_name(i));
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text + n, sizeof text - (size_t)n, format, args);
    va_end(args);
    r->broken |= 1u << i;
    sim_line(w, "VIOLATION %.120s", text);
    if (r->violation_count < SIM_VIOLATIONS_MAX) {
        memcpy(r->violation[r->violation_count], text, sizeof text);
    }
    r->violation_count++;
}

static struct sim_tx *find_tx(struct world *w, const struct hash *id)
{
    for (uint32_t i = 0; i < w->tx_count; i++) {
        if (hash_equal(&w->tx[i].id, id)) {
            return &w->tx[i];
        }
    }
    return NULL;
}

static bool signed_well(const struct world *w, const struct tx *tx)
{
    for (uint32_t i = 0; i < tx->body.signer_count; i++) {
        const struct did_document *d = genesis_participant(&w->genesis, &tx->body.signer[i].did);
        if (d == NULL || !suite_verify_tagged(w->suite, d->key[0].public_key, "carnet/tx/v1",
                                              tx->signed_bytes, tx->signature[i])) {
            return false;
        }
    }
    return tx->body.signer_count > 0;
}

/* Validity: signed, in its window, and in one block only. */
static void check_tx(struct world *w, const struct block *b, struct bytes wire)
{
    struct tx tx;
    uint64_t height = b->header.height;
    if (tx_decode(w->suite, wire, &w->scratch, &tx) != ERR_NONE || !signed_well(w, &tx)) {
        sim_violation(w, SIM_VALIDITY, "height %llu holds a transaction that nobody signed",
                      (unsigned long long)height);
        return;
    }
    uint64_t until = tx.body.valid_until_ms;
    if (until < b->header.time_ms ||
        until > b->header.time_ms + w->genesis.param[PARAM_TX_WINDOW_MS]) {
        sim_violation(w, SIM_VALIDITY, "height %llu holds a transaction out of its window",
                      (unsigned long long)height);
    }
    struct sim_tx *known = find_tx(w, &tx.id);
    if (known == NULL || known->height != 0) {
        sim_violation(w, SIM_VALIDITY, "height %llu holds a transaction %s",
                      (unsigned long long)height, known == NULL ? "of nobody" : "a second time");
        return;
    }
    known->height = height;
}

static void first_commit(struct world *w, uint32_t node, const struct replica_commit *c)
{
    struct block b;
    char label[24];
    if (block_decode(w->suite, c->block, &w->scratch, &b) != ERR_NONE ||
        b.header.height != c->tip.height || !hash_equal(&b.hash, &c->tip.hash)) {
        sim_violation(w, SIM_AGREEMENT, "n%u tells a block that is not what it says", node);
        return;
    }
    if (!hash_equal(&b.header.previous, &w->block[w->height].hash) && w->height > 0) {
        sim_violation(w, SIM_ORDER, "height %llu does not follow height %llu",
                      (unsigned long long)c->tip.height, (unsigned long long)w->height);
    }
    w->height = c->tip.height;
    w->tip_ms = b.header.time_ms;
    w->block[w->height] = (struct sim_block){ .hash = b.hash,
                                              .state_root = b.header.state_root,
                                              .receipt_root = b.header.receipt_root,
                                              .tx_count = b.tx_count,
                                              .wire = malloc(c->block.len),
                                              .len = c->block.len };
    ASSERT(w->block[w->height].wire != NULL);
    memcpy(w->block[w->height].wire, c->block.ptr, c->block.len);
    hasher_update(&w->trace, bytes_of_hash(&b.hash));
    sim_member_began(w, &b.header);
    for (uint32_t i = 0; i < b.tx_count; i++) {
        check_tx(w, &b, b.tx[i]);
    }
    sim_line(w, "n%u commits %s with %u transactions", node,
             sim_label(w, w->height, &b.hash, label), b.tx_count);
}

/* Of what was locked in one currency for another: settled, and refunded. */
static void count_exchanges(struct world *w, const struct receipt *r)
{
    for (uint32_t i = 0; i < r->event_count; i++) {
        const struct event *e = &r->event[i];
        struct money_moved m;
        if (e->contract == CONTRACT_MONEY && e->type >= EVENT_MONEY_SETTLED &&
            money_moved_decode(e->body, &w->scratch, &m) == ERR_NONE && m.exchange.len > 0) {
            w->result->settled += e->type == EVENT_MONEY_SETTLED ? 1 : 0;
            w->result->refunded += e->type == EVENT_MONEY_REFUNDED ? 1 : 0;
        }
    }
}

/* The receipts that are told are those that the header's root is over: a client can prove its own.
 */
static bool under_root(struct world *w, const struct replica_commit *c, const struct hash *root)
{
    struct hash *leaf = ARENA_ARRAY(&w->scratch, struct hash, c->receipt_count + 1), own;
    ASSERT(leaf != NULL);
    for (uint32_t i = 0; i < c->receipt_count; i++) {
        proof_receipt_leaf(w->suite, c->receipt[i].wire, &leaf[i]);
    }
    merkle_root(w->suite, leaf, c->receipt_count, &own);
    return hash_equal(&own, root);
}

static void check_receipts(struct world *w, uint32_t node, const struct replica_commit *c)
{
    if (!under_root(w, c, &w->block[c->tip.height].receipt_root)) {
        sim_violation(w, SIM_RECEIPTS, "n%u tells receipts for height %llu that its header denies",
                      node, (unsigned long long)c->tip.height);
    }
    if (c->receipt_count != w->block[c->tip.height].tx_count) {
        sim_violation(w, SIM_RECEIPTS, "n%u tells %u receipts for height %llu", node,
                      c->receipt_count, (unsigned long long)c->tip.height);
    }
    sim_uses_told(w, c->tip.height, c->receipt, c->receipt_count);
    for (uint32_t i = 0; i < c->receipt_count; i++) {
        struct sim_tx *t = find_tx(w, &c->receipt[i].transaction);
        if (t != NULL && !t->committed) {
            t->committed = true;
            t->applied = c->receipt[i].status == RECEIPT_OK;
            w->result->applied += t->applied ? 1 : 0;
            count_exchanges(w, &c->receipt[i]);
        }
        if (t != NULL && !t->told) {
            t->told = true;
            t->status = c->receipt[i].status;
            sim_broker_told(w, &c->receipt[i]);
        }
    }
}

/* Agreement, and that each node tells every height once and in order. */
void sim_check_commit(struct world *w, uint32_t node, const struct replica_commit *c)
{
    struct sim_node *n = &w->node[node];
    uint64_t height = c->tip.height;
    if (n->told != UINT64_MAX && height != n->told + 1) {
        sim_violation(w, SIM_ORDER, "n%u tells height %llu after %llu", node,
                      (unsigned long long)height, (unsigned long long)n->told);
    }
    n->told = height;
    if (height > w->height + 1 || height >= SIM_HEIGHTS_MAX) {
        sim_violation(w, SIM_ORDER, "n%u tells height %llu, which nobody has reached", node,
                      (unsigned long long)height);
        return;
    }
    arena_reset(&w->scratch);
    if (height == w->height + 1) {
        first_commit(w, node, c);
    } else if (!hash_equal(&w->block[height].hash, &c->tip.hash) ||
               !hash_equal(&w->block[height].state_root, &c->tip.state_root)) {
        sim_violation(w, SIM_AGREEMENT, "n%u commits another block at height %llu", node,
                      (unsigned long long)height);
        return;
    }
    check_receipts(w, node, c);
}

/* What a node has kept and could not tell anybody before it crashed is committed all the same. */
void sim_check_start(struct world *w, uint32_t node)
{
    struct replica *r = w->node[node].replica;
    uint64_t tip = replica_status(r).tip.height;
    for (uint64_t height = w->height + 1; height <= tip; height++) {
        struct replica_commit c = { .tip = { .height = height } };
        struct block b;
        arena_reset(&w->scratch);
        struct sim_node *before = sim_enter(w, &w->node[node]);
        enum err e = replica_block(r, height, &w->scratch, &c.block, &c.certificate);
        sim_leave(w, before);
        if (e != ERR_NONE || block_decode(w->suite, c.block, &w->scratch, &b) != ERR_NONE) {
            return; /* the log is being fetched again: others have these blocks */
        }
        c.tip.hash = b.hash;
        first_commit(w, node, &c);
    }
}

static struct sim_vote *vote_slot(struct world *w, uint32_t seat, const struct vote *v)
{
    uint64_t h = (v->height * 0x9e3779b97f4a7c15u) ^ (v->view * 0xbf58476d1ce4e5b9u) ^
                 ((uint64_t)seat << 8) ^ v->kind;
    for (uint64_t i = h % SIM_VOTES_MAX;; i = (i + 1) % SIM_VOTES_MAX) {
        struct sim_vote *s = &w->vote[i];
        if (!s->used || (s->seat == seat && s->kind == v->kind && s->epoch == v->epoch &&
                         s->view == v->view && s->height == v->height)) {
            return s;
        }
    }
}

/* The newest view that these records of a vote log (FORMATS 17) leave their seat in. */
static uint64_t logged_view(struct bytes log)
{
    enum { CHECKSUM_AND_HEIGHT = 12, RECORD_VIEW = 4 };
    struct reader r = reader_over(log);
    uint64_t view = 0;
    while (!r.bad && r.left > 0) {
        uint32_t length = reader_u32(&r);
        (void)reader_take(&r, CHECKSUM_AND_HEIGHT);
        struct reader body = reader_over(reader_take(&r, length));
        view = reader_u8(&body) == RECORD_VIEW ? reader_u64(&body) : view;
    }
    return view;
}

/* A vote is in the vote log, durably, before anybody hears it; the log forgets what is committed,
 * and, when it is cut, the votes of views that the seat has left: none of them can be asked again.
 * Such a vote may still stand in a queue. */
static bool in_vote_log(struct world *w, uint32_t node, const struct vote *v)
{
    if (v->height <= replica_status(w->node[node].replica).tip.height) {
        return true;
    }
    const struct sim_disk *d = &w->node[node].disk;
    struct bytes wire = { NULL, 0 };
    const struct sim_file *f = sim_disk_find(d, "votes.log");
    if (f == NULL || vote_encode(v, &w->scratch, &wire) != ERR_NONE) {
        return false;
    }
    struct bytes log = bytes_of(f->data, d->sync_lies ? f->len : f->synced);
    return memmem(log.ptr, log.len, wire.ptr, wire.len) != NULL || logged_view(log) > v->view;
}

/* A seat's words bind it across restarts: one block for each kind, view and height. */
static void check_vote(struct world *w, uint32_t node, const struct sim_seen *seen)
{
    const struct vote *v = &seen->vote;
    struct sim_vote *s = vote_slot(w, node, v);
    struct committee c;
    if (!sim_committee(w, node, v->epoch, &c) || seen->seat >= c.count ||
        !hash_equal(&c.seat[seen->seat].participant, &w->genesis.participant[node].id)) {
        return; /* said again for another seat */
    }
    if (s->used) {
        if (!hash_equal(&s->block, &v->block) && !w->node[node].forgot) {
            sim_violation(w, SIM_VOTES, "n%u votes for two blocks at view %llu height %llu", node,
                          (unsigned long long)v->view, (unsigned long long)v->height);
        }
        return;
    }
    if (!w->node[node].forgot && !in_vote_log(w, node, v)) {
        sim_violation(w, SIM_VOTES,
                      "n%u says a vote that its log does not hold, view %llu height %llu", node,
                      (unsigned long long)v->view, (unsigned long long)v->height);
    }
    if (w->vote_count < SIM_VOTES_MAX / 2) {
        w->vote_count++;
        *s = (struct sim_vote){ true, node, v->kind, v->epoch, v->view, v->height, v->block };
    }
}

/* It is said again until it is answered; a reader wants to see it once. */
static void say_view(struct world *w, uint64_t *said, uint32_t node, const char *does,
                     uint64_t view)
{
    if (*said != view) {
        *said = view;
        sim_line(w, "n%u %s view %llu", node, does, (unsigned long long)view);
    }
}

static void tell_seen(struct world *w, uint32_t node, const struct sim_seen *seen)
{
    char label[24];
    unsigned long long view = seen->view;
    if (seen->kind == SIM_KIND_PROPOSE) {
        sim_line(w, "n%u proposes %s in view %llu", node,
                 sim_label(w, seen->height, &seen->block, label), view);
    } else if (seen->kind == SIM_KIND_VIEW_CHANGE && seen->seat == node) {
        say_view(w, &w->node[node].asked, node, "asks for", view);
    } else if (seen->kind == SIM_KIND_NEW_VIEW && node < w->seats) {
        say_view(w, &w->node[node].opened, node, "opens", view);
    }
}

void sim_check_sent(struct world *w, uint32_t node, struct bytes message)
{
    struct sim_seen seen;
    arena_reset(&w->scratch);
    if (sim_see(w->suite, message, &w->scratch, &seen) != ERR_NONE) {
        sim_violation(w, SIM_SERVICE, "n%u sends what cannot be read", node);
        return;
    }
    tell_seen(w, node, &seen);
    if (seen.has_vote) {
        check_vote(w, node, &seen);
    }
}

void sim_check_end(struct world *w)
{
    for (uint32_t i = 0; i < w->tx_count; i++) {
        if (w->tx[i].committed && w->tx[i].height == 0) {
            sim_violation(w, SIM_DURABILITY, "a transaction told as committed is in no block");
        }
    }
    sim_check_lies(w);
    sim_check_forged(w);
    if (w->result->violation_count == 0) {
        sim_check_replay(w);
    }
}
