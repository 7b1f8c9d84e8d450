#include "consensus/pbft_parts_internal.h"

#include <string.h>

/* ---- the chain of the view ------------------------------------------------------------------- */

static struct ledger_tip top(const struct pbft *p, uint32_t count)
{
    if (count == 0) {
        return p->committed;
    }
    const struct kept *k = pbft_kept(p, &p->chain[count - 1]);
    ASSERT(k != NULL);
    return (struct ledger_tip){ .height = k->height,
                                .time_ms = k->time_ms,
                                .epoch = k->epoch,
                                .hash = k->hash,
                                .state_root = k->state_root,
                                .committee_hash = k->committee_hash };
}

struct ledger_tip pbft_chain_at(const struct pbft *p, uint32_t index)
{
    ASSERT(index < p->chain_count);
    return top(p, index + 1);
}

static struct bytes kept_certificate(const struct pbft *p, const struct kept *k)
{
    return bytes_of(p->pool + k->at + 1 + k->certificate_at, k->certificate_size);
}

struct bytes pbft_chain_certificate(const struct pbft *p, uint32_t index, uint64_t *height)
{
    const struct kept *k = pbft_kept(p, &p->chain[index]);
    ASSERT(k != NULL);
    *height = k->certificate_height;
    return kept_certificate(p, k);
}

static void drop_above(struct pbft *p, uint32_t count)
{
    struct ledger_tip t = top(p, count);
    struct pbft_effect *e = pbft_emit(p, PBFT_DROP);
    e->block = t.hash;
    e->height = t.height;
}

/* Cut what is accepted to `count` blocks. */
void pbft_chain_cut(struct pbft *p, uint32_t count)
{
    ASSERT(count <= p->chain_count);
    if (p->open_count > count) {
        drop_above(p, count);
        p->open_count = count;
    }
    p->chain_count = count;
    p->executing = false;
}

void pbft_chain_forget(struct pbft *p)
{
    p->chain_count = 0;
    p->open_count = 0;
    p->executing = false;
    p->resolved = false;
}

bool pbft_chain_to(struct pbft *p, const struct hash *tip, struct hash *missing)
{
    struct hash list[PBFT_OPEN_MAX];
    uint32_t count = 0;
    struct hash at = *tip;
    uint64_t height = 0; /* of the block above, 0: none yet */
    memset(missing, 0, sizeof(*missing));
    while (!hash_equal(&at, &p->committed.hash)) {
        const struct kept *k = pbft_kept(p, &at);
        if (k == NULL) {
            *missing = at;
            return false;
        }
        bool follows =
            (height == 0 || k->height + 1 == height) && hash_equal(&k->committee_hash, &p->sits);
        if (count == PBFT_OPEN_MAX || k->height <= p->committed.height || !follows) {
            return false; /* not on what is committed here: nothing to fetch would change that */
        }
        height = k->height;
        list[count++] = at;
        at = k->previous;
    }
    if (count > 0 && height != p->committed.height + 1) {
        return false;
    }
    uint32_t common = 0;
    while (common < count && common < p->chain_count &&
           hash_equal(&p->chain[common], &list[count - 1 - common])) {
        common++;
    }
    if (common < p->chain_count) {
        pbft_chain_cut(p, common);
    }
    for (uint32_t i = common; i < count; i++) {
        p->chain[i] = list[count - 1 - i];
    }
    p->chain_count = count;
    return true;
}

static struct announced *announced_by(struct pbft *p, uint64_t height, uint32_t seat)
{
    ASSERT(seat < GENESIS_SEATS_MAX);
    return &p->announced[height % PBFT_HEIGHTS][seat];
}

struct candidate {
    struct hash block;
    bool own, voted; /* this seat's own vote; a vote at all */
    uint64_t epoch;  /* of the vote */
};

/* The block that stands next in this view: the one voted for already; else the primary's, by its
 * prepare vote, of which the first at a height is the only one counted; else by its word alone, for
 * the vote is on its way while it is being made durable. */
static bool candidate(struct pbft *p, const struct ledger_tip *parent, struct candidate *out)
{
    uint64_t height = parent->height + 1;
    uint32_t leader = pbft_leader(p, parent->epoch);
    uint32_t seat[2] = { p->config.self, leader };
    for (uint32_t i = 0; i < 2; i++) {
        if (seat[i] == PBFT_OBSERVER) {
            continue;
        }
        const struct ballot *b = pbft_ballot(p, VOTE_PREPARE, height, seat[i]);
        if (b->cast && b->height == height && b->view == p->view) {
            *out = (struct candidate){ b->block, i == 0, true, b->epoch };
            return true;
        }
    }
    const struct announced *a = announced_by(p, height, leader);
    bool some = a->height == height && a->view == p->view;
    if (some) {
        *out = (struct candidate){ .block = a->block };
    }
    return some;
}

/* FORMATS 10: an honest clock's bounds, for a block that no quorum has judged yet. */
static bool timely(const struct pbft *p, const struct kept *k)
{
    const uint64_t *param = p->config.genesis->param;
    return k->time_ms <= p->now_ms + param[PARAM_TIME_AHEAD_MS] &&
           (k->undated || k->time_ms + param[PARAM_TIME_BEHIND_MS] >= k->arrived_ms);
}

static bool accept_next(struct pbft *p)
{
    struct ledger_tip parent = top(p, p->chain_count);
    struct candidate c;
    if (!candidate(p, &parent, &c)) {
        return false;
    }
    const struct kept *k = pbft_kept(p, &c.block);
    if (k == NULL) {
        pbft_want(p, WANT_CHAIN, &c.block);
        return false;
    }
    bool drained = p->chain_count == 0 ||
                   (parent.epoch == p->committed.epoch && k->epoch == p->committed.epoch);
    if (!drained || k->failed || (c.voted && k->epoch != c.epoch) ||
        k->height != parent.height + 1 || k->time_ms <= parent.time_ms ||
        !hash_equal(&k->previous, &parent.hash) || !hash_equal(&k->committee_hash, &p->sits)) {
        return false;
    }
    if (!c.own && !timely(p, k) && !pbft_prepared(p, k->height, &k->hash)) {
        return false;
    }
    p->chain[p->chain_count++] = k->hash;
    return true;
}

bool pbft_chain_grow(struct pbft *p)
{
    bool grew = false;
    while (!p->changing && p->resolved && p->chain_count < PBFT_OPEN_MAX && accept_next(p)) {
        grew = true;
    }
    return grew;
}

/* ---- execution and building ------------------------------------------------------------------ */

void pbft_execute_next(struct pbft *p)
{
    if (p->executing || p->open_count == p->chain_count) {
        return;
    }
    const struct kept *k = pbft_kept(p, &p->chain[p->open_count]);
    ASSERT(k != NULL);
    if (k->failed) {
        return;
    }
    p->executing = true;
    p->executed = k->hash;
    struct pbft_effect *e = pbft_emit(p, PBFT_EXECUTE);
    e->block = k->hash;
    e->height = k->height;
    e->bytes = pbft_kept_block(p, k);
}

/* A hash covers a block's header, and the body only through the roots in it. So a block that does
 * not execute is thrown away: who sent it may have kept the header and spoilt the rest. One that
 * came from anybody is asked for again, elsewhere; one that the primary proposed costs it the view.
 * Not at once: where it is this node that lacks something, a key for one, questions and answers
 * would chase each other, whatever else is asked for in between. */
enum err pbft_on_executed(struct pbft *p, const struct pbft_event *ev)
{
    if (!p->executing || !hash_equal(&p->executed, &ev->block)) {
        return ERR_STALE;
    }
    p->executing = false;
    ASSERT(p->open_count < p->chain_count);
    if (ev->err == ERR_NONE) {
        p->open_count++;
        return ERR_NONE;
    }
    struct kept *k = pbft_keep(p, &ev->block);
    ASSERT(k != NULL);
    bool fetched = k->fetched;
    uint64_t height = k->height;
    k->failed = true;
    if (!k->persisted) {
        pbft_chain_cut(p, p->open_count);
        pbft_discard(p, k);
    }
    if (fetched) {
        p->spoilt = (struct want){ true, ev->block, p->now_ms + p->config.resend_ms };
    }
    if (fetched && !p->changing) {
        p->resolved = p->resolved && !(p->based && height <= p->base_height);
        return ERR_NONE;
    }
    if (!p->changing) {
        pbft_enter(p, p->view + 1);
    }
    return ERR_NONE;
}

static bool may_build(struct pbft *p, const struct ledger_tip *parent)
{
    if (p->changing || !p->resolved || !pbft_can_sign(p) || p->open_count != p->chain_count ||
        p->chain_count == PBFT_OPEN_MAX || parent->height < p->floor ||
        pbft_leader(p, parent->epoch) != p->config.self) {
        return false;
    }
    const struct ballot *b = pbft_ballot(p, VOTE_PREPARE, parent->height + 1, p->config.self);
    if (b->cast && (b->height > parent->height + 1 ||
                    (b->height == parent->height + 1 && b->view >= p->view))) {
        return false;
    }
    uint64_t now_epoch = genesis_epoch(p->config.genesis, p->now_ms);
    return p->chain_count == 0 ||
           (parent->epoch == p->committed.epoch && now_epoch <= p->committed.epoch);
}

/* The newest commit certificate; on an open parent never an older one, and never another one of the
 * same height, than the parent's own (FORMATS 11). */
static struct bytes newest_certificate(const struct pbft *p)
{
    struct bytes own = bytes_of(p->last.wire, p->last.size);
    if (p->chain_count == 0) {
        return own;
    }
    uint64_t height;
    struct bytes parent = pbft_chain_certificate(p, p->chain_count - 1, &height);
    return height >= p->last.height ? parent : own;
}

void pbft_build(struct pbft *p)
{
    struct ledger_tip parent = top(p, p->chain_count);
    if (p->building || p->declined || !may_build(p, &parent)) {
        return;
    }
    bool idle = p->chain_count == 0 &&
                p->now_ms >= parent.time_ms + p->config.genesis->param[PARAM_IDLE_BLOCK_MS];
    if (p->pending == 0 && !idle) {
        return;
    }
    p->building = true;
    struct pbft_effect *e = pbft_emit(p, PBFT_BUILD);
    e->block = parent.hash;
    e->height = parent.height + 1;
    e->bytes = newest_certificate(p);
    e->empty = idle;
    e->most = p->pace.most;
}

/* Said before the vote is written: others execute and write theirs while that becomes durable. It
 * binds to nothing, so after a crash in between another block may be announced. */
static void announce(struct pbft *p, const struct hash *hash)
{
    const struct kept *k = pbft_kept(p, hash);
    ASSERT(k != NULL);
    pbft_send(p, PBFT_PEER_ALL,
              &(struct message){
                  .kind = MESSAGE_PROPOSE, .view = p->view, .block = pbft_kept_block(p, k) });
}

enum err pbft_on_built(struct pbft *p, const struct pbft_event *ev)
{
    if (!p->building) {
        return ERR_STATE;
    }
    p->pending = ev->pending;
    if (ev->bytes.len == 0) {
        p->building = false;
        p->declined = true;
        return ERR_NONE;
    }
    struct block b;
    TRY(pbft_decode_block(p, ev->bytes, &b));
    p->building = false;
    struct ledger_tip parent = top(p, p->chain_count);
    uint64_t epoch = genesis_epoch(p->config.genesis, b.header.time_ms);
    bool fits = may_build(p, &parent) && hash_equal(&b.header.previous, &parent.hash) &&
                b.header.height == parent.height + 1 &&
                hash_equal(&b.header.committee_hash, &p->sits) &&
                (p->chain_count == 0 || epoch == p->committed.epoch);
    if (!fits || pbft_store(p, &b) != ERR_NONE) {
        p->declined = true;
        drop_above(p, p->open_count);
        return ERR_NONE;
    }
    pbft_keep(p, &b.hash)->built_ms = p->now_ms;
    p->chain[p->chain_count++] = b.hash;
    p->open_count++;
    announce(p, &b.hash);
    return ERR_NONE;
}

/* ---- messages -------------------------------------------------------------------------------- */

/* Who leads is said by the parent's epoch: the block's own or, on a committed one, an earlier. */
static bool leads(const struct pbft *p, uint32_t seat, uint64_t view, uint64_t epoch)
{
    uint64_t now = pbft_epoch_of(p, p->committed.epoch);
    return seat < p->seats && (seat == pbft_primary(p->seats, view, now) ||
                               seat == pbft_primary(p->seats, view, epoch) ||
                               (epoch > 0 && seat == pbft_primary(p->seats, view, epoch - 1)));
}

/* The first word of a seat for a view and height stands, and its vote is more than its word. A
 * second word is no proof of a lie, for nothing was signed: it is refused and not counted. */
static enum err judge_announced(struct pbft *p, uint32_t from, uint64_t view, const struct block *b)
{
    uint64_t height = b->header.height;
    const struct ballot *v = pbft_ballot(p, VOTE_PREPARE, height, from);
    const struct announced *a = announced_by(p, height, from);
    bool voted = v->cast && v->height == height, announced = a->height == height;
    if ((voted && v->view > view) || (announced && a->view > view)) {
        return ERR_STALE;
    }
    const struct hash *stands = voted && v->view == view       ? &v->block
                                : announced && a->view == view ? &a->block
                                                               : NULL;
    bool other = stands != NULL && !hash_equal(stands, &b->hash);
    bool again = stands != NULL && pbft_kept(p, &b->hash) != NULL;
    return other || again ? ERR_DUPLICATE : ERR_NONE;
}

/* Nobody has signed this: it counts for nothing, and is believed because the peer that says it
 * leads, as far as to execute it and to vote for it. */
enum err pbft_on_propose(struct pbft *p, uint32_t from, const struct message *m)
{
    struct block b;
    if (m->view < p->view) {
        return ERR_STALE;
    }
    TRY(pbft_decode_block(p, m->block, &b));
    uint64_t height = b.header.height, epoch = genesis_epoch(p->config.genesis, b.header.time_ms);
    if (height <= p->committed.height || height > p->committed.height + PBFT_HEIGHTS ||
        !pbft_epoch_near(p, epoch)) {
        return ERR_STALE;
    }
    if (!leads(p, from, m->view, epoch)) {
        return ERR_PEER;
    }
    TRY(judge_announced(p, from, m->view, &b));
    TRY(pbft_store(p, &b));
    *announced_by(p, height, from) = (struct announced){ m->view, height, b.hash };
    return ERR_NONE;
}

enum err pbft_on_get_block(struct pbft *p, uint32_t from, const struct message *m)
{
    const struct kept *k = pbft_kept(p, &m->hash);
    if (k == NULL || from >= p->seats) {
        return ERR_NOT_FOUND;
    }
    pbft_send(p, from, &(struct message){ .kind = MESSAGE_BLOCK, .block = pbft_kept_block(p, k) });
    return ERR_NONE;
}

/* Taken by its hash only, whoever sent it. */
enum err pbft_on_block(struct pbft *p, uint32_t from, const struct message *m)
{
    (void)from;
    struct block b;
    TRY(pbft_decode_block(p, m->block, &b));
    if (!pbft_wanted(p, &b.hash)) {
        return ERR_STALE;
    }
    bool had = pbft_kept(p, &b.hash) != NULL;
    TRY(pbft_store(p, &b));
    pbft_keep(p, &b.hash)->fetched = !had;
    return ERR_NONE;
}
