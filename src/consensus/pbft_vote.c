#include "consensus/pbft_parts_internal.h"

#include <string.h>

#define VOTE_TAG "carnet/vote/v1"

/* ---- ballots --------------------------------------------------------------------------------- */

struct ballot *pbft_ballot(struct pbft *p, uint32_t kind, uint64_t height, uint32_t seat)
{
    ASSERT(kind == VOTE_PREPARE || kind == VOTE_COMMIT);
    ASSERT(seat < GENESIS_SEATS_MAX);
    return &p->ballot[kind - 1][height % PBFT_HEIGHTS][seat];
}

static uint64_t newest(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Heights that f+1 seats have voted for are real, whoever the f are. */
static void sync_beyond(struct pbft *p)
{
    for (uint32_t i = 0; i < p->seats; i++) {
        uint32_t support = 0;
        for (uint32_t s = 0; s < p->seats; s++) {
            support += p->seat_height[s] >= p->seat_height[i] ? 1 : 0;
        }
        if (support > p->faulty && p->seat_height[i] > p->committed.height + PBFT_HEIGHTS) {
            pbft_sync(p, p->seat_height[i] - PBFT_OPEN_MAX);
        }
    }
}

/* What can be refused before the signature is looked at. */
static enum err judge(struct pbft *p, const struct signed_vote *v)
{
    const struct vote *x = &v->vote;
    if ((x->kind != VOTE_PREPARE && x->kind != VOTE_COMMIT) || v->seat >= p->seats) {
        return ERR_ENCODING;
    }
    if (!hash_equal(&x->space, &p->config.genesis->space)) {
        return ERR_PROOF;
    }
    /* A commit vote of an older view still proves what it commits; a prepare vote proves nothing.
     */
    if (x->height <= p->committed.height || (x->kind == VOTE_PREPARE && x->view < p->view)) {
        return ERR_STALE;
    }
    const struct ballot *b = pbft_ballot(p, x->kind, x->height, v->seat);
    if (!b->cast || b->height < x->height || (b->height == x->height && b->view < x->view)) {
        return ERR_NONE;
    }
    bool same = b->height == x->height && b->view == x->view;
    return same ? ERR_DUPLICATE : ERR_STALE;
}

static void fill(struct ballot *b, const struct signed_vote *v)
{
    *b = (struct ballot){ .cast = true,
                          .epoch = v->vote.epoch,
                          .view = v->vote.view,
                          .height = v->vote.height,
                          .block = v->vote.block };
    memcpy(b->signature, v->signature.ptr, v->signature.len);
}

#ifdef PBFT_MUTANTS
/* The seat takes the second proposal too, and forgets that it has voted. */
static enum err forget_first(struct pbft *p, struct ballot *b, const struct signed_vote *v)
{
    fill(b, v);
    p->chain_count = p->open_count = 0;
    p->executing = false;
    memset(pbft_ballot(p, VOTE_PREPARE, b->height, p->config.self), 0, sizeof(*b));
    memset(pbft_ballot(p, VOTE_COMMIT, b->height, p->config.self), 0, sizeof(*b));
    return ERR_NONE;
}
#define SECOND_VOTE(p, b, v) (MUTANT(p, MUTANT_VOTES_TWICE) ? forget_first(p, b, v) : ERR_DUPLICATE)
#else
#define SECOND_VOTE(p, b, v) ERR_DUPLICATE
#endif

/* Double signing: the first vote stands, the second is counted as what it is. */
static enum err judge_second(struct pbft *p, const struct signed_vote *v)
{
    struct ballot *b = pbft_ballot(p, v->vote.kind, v->vote.height, v->seat);
    ASSERT(b->cast);
    if (hash_equal(&b->block, &v->vote.block)) {
        return ERR_DUPLICATE;
    }
    TRY(pbft_verify(p, v->seat, v->vote.epoch, VOTE_TAG, v->wire, v->signature));
    p->equivocations++;
    return SECOND_VOTE(p, b, v);
}

enum err pbft_count(struct pbft *p, const struct signed_vote *v)
{
    enum err e = judge(p, v);
    if (e == ERR_DUPLICATE) {
        return judge_second(p, v);
    }
    TRY(e);
    TRY(pbft_verify(p, v->seat, v->vote.epoch, VOTE_TAG, v->wire, v->signature));
    p->seat_view[v->seat] = newest(p->seat_view[v->seat], v->vote.view);
    if (v->vote.height > p->committed.height + PBFT_HEIGHTS) {
        p->seat_height[v->seat] = newest(p->seat_height[v->seat], v->vote.height);
        return ERR_NONE;
    }
    fill(pbft_ballot(p, v->vote.kind, v->vote.height, v->seat), v);
    return ERR_NONE;
}

static bool same_ballot(const struct ballot *a, const struct ballot *b)
{
    return b->cast && a->view == b->view && a->height == b->height && a->epoch == b->epoch &&
           hash_equal(&a->block, &b->block);
}

static uint32_t support(const struct pbft *p, uint32_t kind, const struct ballot *what)
{
    uint32_t count = 0;
    for (uint32_t s = 0; s < p->seats; s++) {
        count += same_ballot(what, &p->ballot[kind - 1][what->height % PBFT_HEIGHTS][s]) ? 1 : 0;
    }
    return count;
}

static struct ballot ballot_for(const struct pbft *p, uint64_t height, const struct hash *block)
{
    const struct kept *k = pbft_kept(p, block);
    ASSERT(k != NULL);
    return (struct ballot){
        .cast = true, .epoch = k->epoch, .view = p->view, .height = height, .block = *block
    };
}

bool pbft_prepared(const struct pbft *p, uint64_t height, const struct hash *block)
{
    struct ballot b = ballot_for(p, height, block);
    return support(p, VOTE_PREPARE, &b) >= p->quorum;
}

static struct certificate certify(struct pbft *p, uint32_t kind, const struct ballot *what,
                                  struct bytes *wire)
{
    struct certificate c = { .epoch = what->epoch,
                             .kind = kind,
                             .view = what->view,
                             .height = what->height,
                             .block = what->block };
    for (uint32_t s = 0; s < p->seats; s++) {
        const struct ballot *b = pbft_ballot(p, kind, what->height, s);
        if (same_ballot(what, b)) {
            c.seats |= 1u << s;
            c.signature[c.count++] = bytes_of(b->signature, p->config.suite->signature_size);
        }
    }
    ASSERT(c.count >= p->quorum);
    enum err e = certificate_encode(&c, &p->step, wire);
    ASSERT(e == ERR_NONE);
    return c;
}

/* ---- own votes ------------------------------------------------------------------------------- */

static bool sign(struct pbft *p, const struct vote *v, uint8_t *signature, struct signed_vote *out)
{
    enum err e = vote_encode(v, &p->step, &out->wire);
    ASSERT(e == ERR_NONE);
    out->vote = *v;
    out->seat = p->config.self;
    out->signature = bytes_of(signature, p->config.suite->signature_size);
    const struct pbft_signer *signer = &p->config.signer;
    return signer->sign(signer->ctx, v->epoch, VOTE_TAG, out->wire, signature) == ERR_NONE;
}

/* One vote a (view, height, kind), ever: the newest own ballot is never below what was signed. */
static bool may_cast(const struct pbft *p, const struct ballot *own, const struct ballot *what)
{
    if (!pbft_can_sign(p) || what->height <= p->floor) {
        return false;
    }
    return !own->cast || own->height < what->height ||
           (own->height == what->height && own->view < what->view);
}

/* The last vote is the furthest by epoch, view, height and kind: with pipelining a commit vote for
 * a block is signed after the prepare vote for the next, and HELLO must not look as if it forgot
 * one. */
void pbft_voted(struct pbft *p, const struct signed_vote *v)
{
    const struct vote *a = &v->vote, *b = &p->last_vote;
    bool further = a->epoch != b->epoch     ? a->epoch > b->epoch
                   : a->view != b->view     ? a->view > b->view
                   : a->height != b->height ? a->height > b->height
                                            : a->kind >= b->kind;
    if (p->voted && !further) {
        return;
    }
    p->voted = true;
    p->last_vote = *a;
    memcpy(p->last_signature, v->signature.ptr, v->signature.len);
}

static bool cast(struct pbft *p, uint32_t kind, const struct ballot *what)
{
    struct ballot *own = pbft_ballot(p, kind, what->height, p->config.self);
    if (!may_cast(p, own, what)) {
        return false;
    }
    struct vote v = { .space = p->config.genesis->space,
                      .epoch = what->epoch,
                      .kind = kind,
                      .view = what->view,
                      .height = what->height,
                      .block = what->block };
    uint8_t signature[SUITE_SIGNATURE_SIZE_MAX];
    struct signed_vote s;
    if (!sign(p, &v, signature, &s)) {
        return false; /* the epoch's seed is gone: others are past this block */
    }
    struct kept *k = pbft_keep(p, &what->block);
    ASSERT(k != NULL);
    fill(own, &s);
    p->seat_view[p->config.self] = newest(p->seat_view[p->config.self], v.view);
    if (kind == VOTE_PREPARE) {
        pbft_log_block(p, k);
    }
    pbft_voted(p, &s);
    pbft_log_vote(p, &s);
    pbft_send(p, PBFT_PEER_ALL, &(struct message){ .kind = MESSAGE_VOTE, .vote = s });
    return true;
}

static bool higher(const struct ballot *b, const struct kept_certificate *c)
{
    return c->size == 0 || b->view > c->view || (b->view == c->view && b->height > c->height);
}

/* The prepared certificate is durable before the commit vote that rests on it. */
static bool cast_commit(struct pbft *p, const struct ballot *what)
{
    struct ballot *own = pbft_ballot(p, VOTE_COMMIT, what->height, p->config.self);
    if (!may_cast(p, own, what) || support(p, VOTE_PREPARE, what) < p->quorum) {
        return false;
    }
    if (higher(what, &p->prepared)) {
        struct bytes wire = { NULL, 0 };
        struct certificate c = certify(p, VOTE_PREPARE, what, &wire);
        pbft_keep_certificate(&p->prepared, &c, wire);
        pbft_log_prepared(p);
    }
    return cast(p, VOTE_COMMIT, what);
}

/* FORMATS 12: the first vote of a view is for the tip it proposes again, and nothing below that tip
 * is voted for again. All of it is executed, so all ancestors are too. */
bool pbft_vote_chain(struct pbft *p)
{
    bool moved = false;
    if (p->changing || !p->resolved) {
        return false;
    }
    for (uint32_t i = 0; i < p->open_count; i++) {
        uint64_t height = p->committed.height + 1 + i;
        if (p->based && height < p->base_height && !MUTANT(p, MUTANT_ANCESTORS_AGAIN)) {
            continue;
        }
        struct ballot b = ballot_for(p, height, &p->chain[i]);
        moved = (pbft_can_sign(p) && cast(p, VOTE_PREPARE, &b)) || moved;
        moved = (pbft_can_sign(p) && cast_commit(p, &b)) || moved;
    }
    return moved;
}

/* ---- commits --------------------------------------------------------------------------------- */

/* How long those of its own took that were begun in this life. */
static void measure(struct pbft *p, uint32_t count)
{
    uint32_t blocks = 0, txs = 0;
    uint64_t since = UINT64_MAX;
    for (uint32_t i = 0; i < count; i++) {
        const struct kept *k = pbft_kept(p, &p->chain[i]);
        ASSERT(k != NULL);
        if (k->built_ms > 0) {
            blocks++;
            txs += k->txs;
            since = k->built_ms < since ? k->built_ms : since;
        }
    }
    if (blocks > 0) {
        since = newest(since, p->progress_ms);
        pace_committed(&p->pace, blocks, txs, p->now_ms > since ? p->now_ms - since : 0);
    }
}

/* The first `count` open blocks are committed by this certificate, which is the last one's own. */
static void commit_open(struct pbft *p, uint32_t count, const struct certificate *c,
                        struct bytes wire)
{
    ASSERT(count > 0 && count <= p->open_count);
    struct ledger_tip tip = p->committed;
    measure(p, count);
    for (uint32_t i = 0; i < count; i++) {
        tip = pbft_chain_at(p, i);
        struct pbft_effect *e = pbft_emit(p, PBFT_COMMIT);
        e->block = tip.hash;
        e->height = tip.height;
        e->bytes = i + 1 == count ? wire : bytes_of(NULL, 0);
    }
    p->committed = tip;
    p->handing = pbft_kept(p, &tip.hash)->ends;
    pbft_keep_certificate(&p->last, c, wire);
    p->chain_count -= count;
    p->open_count -= count;
    memmove(p->chain, p->chain + count, p->chain_count * sizeof(p->chain[0]));
    p->waiting = false;
    pbft_progress(p);
    if (c->view > p->view && !p->handing) {
        pbft_enter(p, c->view);
    }
}

/* A quorum of commit votes of one view, of any view: the highest block that has one. */
static bool certified(const struct pbft *p, struct ballot *out)
{
    for (uint64_t h = p->committed.height + PBFT_HEIGHTS; h > p->committed.height; h--) {
        for (uint32_t s = 0; s < p->seats; s++) {
            const struct ballot *b = &p->ballot[VOTE_COMMIT - 1][h % PBFT_HEIGHTS][s];
            if (b->cast && b->height == h && support(p, VOTE_COMMIT, b) >= p->quorum) {
                *out = *b;
                return true;
            }
        }
    }
    return false;
}

static bool commit_certified(struct pbft *p)
{
    struct ballot b;
    if (!certified(p, &b)) {
        return false;
    }
    uint64_t index = b.height - p->committed.height - 1;
    if (index < p->chain_count && hash_equal(&p->chain[index], &b.block)) {
        if (index >= p->open_count) {
            return false; /* being executed */
        }
        struct bytes wire = { NULL, 0 };
        struct certificate c = certify(p, VOTE_COMMIT, &b, &wire);
        commit_open(p, (uint32_t)index + 1, &c, wire);
        return true;
    }
    struct hash missing;
    if (pbft_chain_to(p, &b.block, &missing)) {
        return true;
    }
    if (!hash_is_zero(&missing) && index < PBFT_OPEN_MAX) {
        pbft_want(p, WANT_CERTIFIED, &missing);
    }
    pbft_sync(p, b.height);
    return false;
}

/* A block carries the newest commit certificate of its proposer, and who executed it has checked
 * it: votes that were lost come back this way. */
static bool commit_carried(struct pbft *p)
{
    for (uint32_t i = p->open_count; i-- > 1;) {
        uint64_t height;
        struct bytes wire = pbft_chain_certificate(p, i, &height);
        if (height <= p->committed.height || height > p->committed.height + i) {
            continue;
        }
        uint32_t index = (uint32_t)(height - p->committed.height - 1);
        struct certificate c;
        if (pbft_verify_certificate(p, wire, VOTE_COMMIT, &c) == ERR_NONE && c.height == height &&
            hash_equal(&c.block, &p->chain[index])) {
            commit_open(p, index + 1, &c, wire);
            return true;
        }
    }
    return false;
}

bool pbft_commit(struct pbft *p)
{
    bool moved = commit_certified(p);
    return commit_carried(p) || moved;
}

/* ---- messages -------------------------------------------------------------------------------- */

bool pbft_own_vote(struct pbft *p, uint32_t kind, uint64_t height, struct signed_vote *out)
{
    if (p->config.self == PBFT_OBSERVER) {
        return false;
    }
    struct ballot *b = pbft_ballot(p, kind, height, p->config.self);
    if (!b->cast || b->height != height) {
        return false;
    }
    out->vote = (struct vote){ .space = p->config.genesis->space,
                               .epoch = b->epoch,
                               .kind = kind,
                               .view = b->view,
                               .height = height,
                               .block = b->block };
    enum err e = vote_encode(&out->vote, &p->step, &out->wire);
    ASSERT(e == ERR_NONE);
    out->seat = p->config.self;
    out->signature = bytes_of(b->signature, p->config.suite->signature_size);
    return true;
}

static bool say_vote(struct pbft *p, uint32_t to, uint32_t kind, uint64_t height)
{
    struct message m = { .kind = MESSAGE_VOTE };
    if (!pbft_can_sign(p) || !pbft_own_vote(p, kind, height, &m.vote) ||
        (kind == VOTE_PREPARE && m.vote.vote.view != p->view)) {
        return false;
    }
    pbft_send(p, to, &m);
    return true;
}

/* The newest commit vote for something committed: 2f+1 of these bring a lagging peer up. */
static void say_committed(struct pbft *p, uint32_t to)
{
    uint64_t h = p->committed.height;
    for (uint32_t i = 0; i < PBFT_OPEN_MAX && h > 0; i++, h--) {
        if (say_vote(p, to, VOTE_COMMIT, h)) {
            return;
        }
    }
}

void pbft_say_votes(struct pbft *p, uint32_t to)
{
    for (uint64_t h = p->committed.height + 1; h <= p->committed.height + PBFT_OPEN_MAX; h++) {
        if (!p->changing) {
            (void)say_vote(p, to, VOTE_PREPARE, h);
        }
        (void)say_vote(p, to, VOTE_COMMIT, h);
    }
    if (to != PBFT_PEER_ALL) {
        say_committed(p, to);
    }
}

/* A prepare vote for what is committed here: its sender has missed the commit votes. Never an
 * answer to a commit vote, so two nodes cannot answer each other for ever. */
static enum err help_voter(struct pbft *p, const struct signed_vote *v)
{
    if (v->vote.kind != VOTE_PREPARE || v->seat >= p->seats || v->seat == p->config.self ||
        v->vote.height > p->committed.height || p->now_ms < p->helped_ms[v->seat]) {
        return ERR_STALE;
    }
    TRY(pbft_verify(p, v->seat, v->vote.epoch, VOTE_TAG, v->wire, v->signature));
    p->helped_ms[v->seat] = p->now_ms + p->config.resend_ms;
    say_committed(p, v->seat);
    return ERR_NONE;
}

enum err pbft_on_vote(struct pbft *p, uint32_t from, const struct message *m)
{
    (void)from;
    enum err e = pbft_count(p, &m->vote);
    if (e == ERR_STALE) {
        return help_voter(p, &m->vote);
    }
    TRY(e);
    sync_beyond(p);
    return ERR_NONE;
}
