#include "consensus/pbft_parts_internal.h"

#include <string.h>

#define VIEW_CHANGE_TAG "carnet/view-change/v1"

/* The tip that a NEW-VIEW proposes again: the highest certificate of its view changes. */
struct choice {
    bool some;
    uint64_t view, height;
    struct hash block;
    uint64_t epoch;     /* the newest that a view change was signed in: names the primary */
    uint64_t committed; /* the highest that one claims */
};

static uint64_t highest(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void fresh_view(struct pbft *p, uint64_t view)
{
    p->view = view;
    p->view_ms = p->now_ms;
    p->resend_ms = p->now_ms + p->config.resend_ms;
    p->resolved = false;
    p->waiting = false;
    for (uint32_t i = 0; i < PBFT_BLOCKS_KEPT_MAX; i++) {
        p->kept[i].failed = false; /* a block proposed again is tried again */
    }
}

/* ---- asking for a view ----------------------------------------------------------------------- */

enum err pbft_keep_change(struct pbft *p, const struct view_change *c)
{
    struct certificate prepared;
    if (c->seat >= p->seats || c->body.len > VIEW_CHANGE_BODY_SIZE_MAX ||
        c->signature.len > SUITE_SIGNATURE_SIZE_MAX) {
        return ERR_SIZE;
    }
    if (c->prepared.len > 0) {
        TRY(certificate_decode(c->prepared, &p->step, &prepared));
    }
    struct ask *a = &p->ask[c->seat];
    *a = (struct ask){ .heard = true,
                       .prepared = c->prepared.len > 0,
                       .view = c->view,
                       .epoch = c->epoch,
                       .committed = c->committed,
                       .size = c->body.len };
    if (a->prepared) {
        a->prepared_view = prepared.view;
        a->prepared_height = prepared.height;
        a->prepared_epoch = prepared.epoch;
        a->block = prepared.block;
    }
    ASSERT(c->body.ptr != NULL); /* a signed body names a space: it is never empty */
    ASSERT(c->signature.ptr != NULL);
    memcpy(a->body, c->body.ptr, c->body.len);
    memcpy(a->signature, c->signature.ptr, c->signature.len);
    return ERR_NONE;
}

static struct view_change change_of(const struct pbft *p, uint32_t seat)
{
    const struct ask *a = &p->ask[seat];
    return (struct view_change){ .body = bytes_of(a->body, a->size),
                                 .signature =
                                     bytes_of(a->signature, p->config.suite->signature_size) };
}

static void say_change(struct pbft *p, uint32_t to)
{
    struct message m = { .kind = MESSAGE_VIEW_CHANGE, .change_count = 1 };
    m.change[0] = change_of(p, p->config.self);
    pbft_send(p, to, &m);
}

/* A commit certificate says all that a prepared one says. The newest is told where it is later than
 * what the vote log has: after a crash the block log may hold a block, in whose certificate this
 * seat is counted, and the vote log not what it had prepared for it. */
static const struct kept_certificate *last_word(const struct pbft *p)
{
    const struct kept_certificate *own = &p->prepared, *last = &p->last;
    bool later = own->size == 0 || last->view > own->view ||
                 (last->view == own->view && last->height > own->height);
    return pbft_has_last(p) && last->view < p->view && later ? last : own;
}

/* After this nothing of an earlier view is signed any more: the certificate in the VIEW-CHANGE is
 * the last word of this seat on all of them. */
static void ask_for_view(struct pbft *p)
{
    const struct kept_certificate *word = last_word(p);
    /* Of an epoch that peers no longer look at: then what it prepared is decided, and who voted to
     * commit the newest decided block holds a certificate that is not old. */
    bool old = word->epoch + 1 < p->committed.epoch;
    struct view_change c = { .space = p->config.genesis->space,
                             .epoch = pbft_epoch_of(p, p->committed.epoch),
                             .view = p->view,
                             .seat = p->config.self,
                             .committed = p->committed.height,
                             .prepared = bytes_of(word->wire, old ? 0 : word->size) };
    enum err e = view_change_body_encode(&c, &p->step, &c.body);
    ASSERT(e == ERR_NONE);
    uint8_t signature[SUITE_SIGNATURE_SIZE_MAX] = { 0 };
    const struct pbft_signer *signer = &p->config.signer;
    if (signer->sign(signer->ctx, c.epoch, VIEW_CHANGE_TAG, c.body, signature) != ERR_NONE) {
        return;
    }
    c.signature = bytes_of(signature, p->config.suite->signature_size);
    e = pbft_keep_change(p, &c);
    ASSERT(e == ERR_NONE);
    pbft_log_change(p);
    say_change(p, PBFT_PEER_ALL);
}

static bool has_own_open(const struct pbft *p)
{
    bool own = false;
    for (uint32_t i = 0; i < p->chain_count; i++) {
        const struct kept *k = pbft_kept(p, &p->chain[i]);
        own = own || (k != NULL && k->built_ms > 0);
    }
    return own;
}

void pbft_enter(struct pbft *p, uint64_t view)
{
    ASSERT(view > p->view);
    if (has_own_open(p)) {
        pace_lost(&p->pace);
    }
    uint64_t doubled = p->timeout_ms * 2;
    uint64_t most = p->config.view_timeout_max_ms;
    p->timeout_ms = doubled < most ? doubled : most;
    fresh_view(p, view);
    p->changing = true;
    p->based = false;
    p->majority = false;
    p->new_view_size = 0;
    p->ahead = 0;
    pbft_log_view(p);
    if (p->config.self != PBFT_OBSERVER) {
        p->seat_view[p->config.self] = view;
    }
    if (pbft_can_sign(p)) {
        ask_for_view(p);
    }
}

static uint32_t asking(const struct pbft *p, uint64_t view)
{
    uint32_t count = 0;
    for (uint32_t s = 0; s < p->seats; s++) {
        count += p->seat_view[s] >= view ? 1 : 0;
    }
    return count;
}

/* FORMATS 12: views are joined on f+1 support. Joining the smallest one above ours that so many ask
 * for, again and again, ends at the largest: so go there at once, with one VIEW-CHANGE. */
bool pbft_join(struct pbft *p)
{
    uint64_t best = 0;
    for (uint32_t s = 0; s < p->seats; s++) {
        uint64_t view = p->seat_view[s];
        if (view > p->view && view > best && asking(p, view) > p->faulty) {
            best = view;
        }
    }
    if (best > 0) {
        pbft_enter(p, best);
        return true;
    }
    if (p->changing && !p->majority && asking(p, p->view) >= p->quorum) {
        p->majority = true;
        p->view_ms = p->now_ms;
    }
    return false;
}

static uint64_t later(uint64_t since_ms, uint64_t wait_ms)
{
    return since_ms > UINT64_MAX - wait_ms ? UINT64_MAX : since_ms + wait_ms;
}

/* When the primary is voted out. While a quorum has not yet asked for a view there is no use in
 * asking for the next. A request that is passed over while others commit is patient, but not for
 * ever. */
uint64_t pbft_view_deadline(const struct pbft *p)
{
    if (!p->started || p->handing) {
        return UINT64_MAX;
    }
    if (p->changing) {
        return p->majority ? later(p->view_ms, p->timeout_ms) : UINT64_MAX;
    }
    uint64_t deadline = UINT64_MAX;
    uint64_t moved = highest(p->progress_ms, p->view_ms);
    if (p->waiting) {
        deadline = later(highest(moved, p->waiting_ms), p->timeout_ms);
    }
    if (p->oldest_ms > 0) {
        uint64_t soon = later(highest(moved, p->oldest_ms), p->timeout_ms);
        uint64_t last = later(highest(p->view_ms, p->oldest_ms), p->config.view_timeout_max_ms);
        soon = last < soon ? last : soon;
        deadline = soon < deadline ? soon : deadline;
    }
    return deadline;
}

/* ---- entering it ----------------------------------------------------------------------------- */

static void choose(struct choice *c, const struct ask *a)
{
    bool above = !c->some || a->prepared_view > c->view ||
                 (a->prepared_view == c->view && a->prepared_height > c->height);
    if (a->prepared && above) {
        c->some = true;
        c->view = a->prepared_view;
        c->height = a->prepared_height;
        c->block = a->block;
    }
    c->epoch = highest(c->epoch, a->epoch);
    c->committed = highest(c->committed, a->committed);
}

#ifdef PBFT_MUTANTS
/* The paper's reading, height by height: without a certificate for the first height a null block
 * would stand there, and nothing can be chained to it. */
static void choose_per_height(struct pbft *p, struct choice *c)
{
    if (MUTANT(p, MUTANT_PER_HEIGHT) && c->some && c->height > p->committed.height + 1) {
        c->some = false;
    }
}
#endif

/* What is committed here in an earlier view is on the chain of every later one; a choice that says
 * otherwise is not of 2f+1 seats with at most f liars. */
static bool contradicts(const struct pbft *p, const struct choice *c, uint64_t view)
{
    if (!pbft_has_last(p) || p->last.view >= view) {
        return false;
    }
    if (!c->some || c->height < p->last.height) {
        return true;
    }
    return c->height == p->last.height && !hash_equal(&c->block, &p->last.block);
}

static void adopt(struct pbft *p, uint64_t view, const struct choice *c)
{
    fresh_view(p, view);
    p->changing = false;
    p->based = c->some;
    p->base = c->block;
    p->base_height = c->height;
    p->ahead = c->committed;
    p->new_view_size = 0;
    p->view_changes++;
    pbft_log_view(p);
    if (p->config.self != PBFT_OBSERVER) {
        p->seat_view[p->config.self] = view;
    }
}

/* The chain of the view, block by block from its tip down to what is committed here. */
bool pbft_resolve(struct pbft *p)
{
    if (p->changing || p->resolved) {
        return false;
    }
    if (p->ahead > p->committed.height) {
        pbft_sync(p, p->ahead);
    }
    if (!p->based || p->base_height <= p->committed.height) {
        pbft_chain_cut(p, 0);
        p->resolved = true;
        return true;
    }
    if (p->base_height > p->committed.height + PBFT_OPEN_MAX) {
        pbft_sync(p, p->base_height - PBFT_OPEN_MAX);
        return false;
    }
    struct hash missing;
    if (pbft_chain_to(p, &p->base, &missing)) {
        p->resolved = true;
    } else if (!hash_is_zero(&missing)) {
        pbft_want(p, WANT_CHAIN, &missing);
    }
    return p->resolved;
}

/* The primary's prepare vote for the tip goes with its NEW-VIEW when it can vote at once; while it
 * must fetch or execute the chain first, the vote follows by itself. */
static void say_new_view(struct pbft *p, struct message *m, bool based)
{
    if (based && pbft_resolve(p)) {
        (void)pbft_vote_chain(p);
        m->voted = pbft_own_vote(p, VOTE_PREPARE, p->base_height, &m->vote) &&
                   m->vote.vote.view == p->view;
    }
    struct bytes wire = { NULL, 0 };
    enum err e = message_encode(m, &p->step, &wire);
    ASSERT(e == ERR_NONE && wire.len <= sizeof(p->new_view));
    memcpy(p->new_view, wire.ptr, wire.len);
    p->new_view_size = wire.len;
    pbft_log_new_view(p);
    pbft_send_bytes(p, PBFT_PEER_ALL, wire);
}

static void include_epoch(const struct pbft *p, uint64_t epoch, bool of_it, struct message *m,
                          struct choice *c)
{
    for (uint32_t s = 0; s < p->seats && m->change_count < p->quorum; s++) {
        const struct ask *a = &p->ask[s];
        if (a->heard && a->view == p->view && (a->epoch == epoch) == of_it &&
            pbft_epoch_near(p, a->epoch)) {
            m->change[m->change_count++] = change_of(p, s);
            choose(c, a);
        }
    }
}

bool pbft_lead(struct pbft *p)
{
    if (!p->changing || !pbft_can_sign(p)) {
        return false;
    }
    uint64_t epoch = 0;
    for (uint32_t s = 0; s < p->seats; s++) {
        if (p->ask[s].heard && p->ask[s].view == p->view) {
            epoch = highest(epoch, p->ask[s].epoch);
        }
    }
    if (pbft_leader(p, epoch) != p->config.self) {
        return false;
    }
    struct message m = { .kind = MESSAGE_NEW_VIEW, .view = p->view };
    struct choice c = { .some = false };
    include_epoch(p, epoch, true, &m, &c); /* one of the newest epoch names the primary */
    include_epoch(p, epoch, false, &m, &c);
#ifdef PBFT_MUTANTS
    choose_per_height(p, &c);
#endif
    if (m.change_count < p->quorum || contradicts(p, &c, p->view)) {
        return false;
    }
    adopt(p, p->view, &c);
    say_new_view(p, &m, c.some && c.height > p->committed.height);
    return true;
}

/* ---- messages -------------------------------------------------------------------------------- */

/* `seen` is the certificate that was found good last: view changes mostly carry the same one. */
static enum err check_change(struct pbft *p, const struct view_change *c, struct bytes *seen)
{
    if (c->seat >= p->seats || !hash_equal(&c->space, &p->config.genesis->space)) {
        return ERR_PROOF;
    }
    TRY(pbft_verify(p, c->seat, c->epoch, VIEW_CHANGE_TAG, c->body, c->signature));
    if (c->prepared.len == 0) {
        return ERR_NONE;
    }
    struct certificate prepared;
    TRY(certificate_decode(c->prepared, &p->step, &prepared));
    if (seen->len == 0 || !bytes_equal(*seen, c->prepared)) {
        enum vote_kind kind = prepared.kind == VOTE_COMMIT ? VOTE_COMMIT : VOTE_PREPARE;
        TRY(pbft_verify_certificate(p, c->prepared, kind, &prepared));
        *seen = c->prepared;
    }
    return prepared.view < c->view ? ERR_NONE : ERR_PROOF;
}

/* A seat that asks for a view that has begun: the primary says its NEW-VIEW again. */
static enum err help_asker(struct pbft *p, const struct view_change *c)
{
    if (p->new_view_size == 0 || c->seat >= p->seats || c->seat == p->config.self ||
        p->now_ms < p->helped_ms[c->seat]) {
        return ERR_STALE;
    }
    TRY(pbft_verify(p, c->seat, c->epoch, VIEW_CHANGE_TAG, c->body, c->signature));
    p->helped_ms[c->seat] = p->now_ms + p->config.resend_ms;
    pbft_send_bytes(p, c->seat, bytes_of(p->new_view, p->new_view_size));
    return ERR_NONE;
}

/* Who committed a block of a later epoch asks again for the same view. */
static bool heard_already(const struct ask *a, const struct view_change *c)
{
    return a->heard && (a->view > c->view || (a->view == c->view && a->epoch >= c->epoch));
}

enum err pbft_on_view_change(struct pbft *p, uint32_t from, const struct message *m)
{
    (void)from;
    const struct view_change *c = &m->change[0];
    if (c->view < p->view || (c->view == p->view && !p->changing)) {
        return help_asker(p, c);
    }
    if (c->seat < p->seats && heard_already(&p->ask[c->seat], c)) {
        return ERR_DUPLICATE;
    }
    struct bytes seen = { NULL, 0 };
    TRY(check_change(p, c, &seen));
    TRY(pbft_keep_change(p, c));
    p->seat_view[c->seat] = highest(p->seat_view[c->seat], c->view);
    pbft_sync(p, c->committed);
    return ERR_NONE;
}

/* Every view change of it is good, of its own seat and for this view. */
static enum err check_new_view(struct pbft *p, const struct message *m, struct choice *out)
{
    struct choice c = { .some = false };
    struct bytes seen = { NULL, 0 };
    uint32_t seats = 0;
    if (m->change_count < p->quorum || m->change_count > p->seats) {
        return ERR_PROOF;
    }
    for (uint32_t i = 0; i < m->change_count; i++) {
        const struct view_change *v = &m->change[i];
        if (v->view != m->view || v->seat >= p->seats || (seats >> v->seat & 1) != 0) {
            return ERR_PROOF;
        }
        seats |= 1u << v->seat;
        TRY(check_change(p, v, &seen));
        struct ask a = { .prepared = v->prepared.len > 0,
                         .epoch = v->epoch,
                         .committed = v->committed };
        if (a.prepared) {
            struct certificate cert;
            TRY(certificate_decode(v->prepared, &p->step, &cert));
            a.prepared_view = cert.view;
            a.prepared_height = cert.height;
            a.block = cert.block;
        }
        choose(&c, &a);
    }
#ifdef PBFT_MUTANTS
    choose_per_height(p, &c);
#endif
    *out = c;
    return ERR_NONE;
}

enum err pbft_on_new_view(struct pbft *p, uint32_t from, const struct message *m)
{
    if (m->view < p->view) {
        return ERR_STALE;
    }
    if (m->view == p->view && !p->changing) {
        return ERR_DUPLICATE;
    }
    struct choice c = { .some = false };
    TRY(check_new_view(p, m, &c));
    if (from != pbft_primary(p->seats, m->view, c.epoch)) {
        return ERR_PEER;
    }
    const struct vote *v = &m->vote.vote;
    if (m->voted && (!c.some || v->kind != VOTE_PREPARE || v->view != m->view ||
                     v->height != c.height || !hash_equal(&v->block, &c.block))) {
        return ERR_PROOF;
    }
    if (contradicts(p, &c, m->view)) {
        return ERR_PROOF;
    }
    if (pbft_has_last(p) && p->last.view > m->view) {
        return ERR_STALE;
    }
    adopt(p, m->view, &c);
    if (m->voted) {
        (void)pbft_count(p, &m->vote); /* a bad vote is only a missing one */
    }
    return ERR_NONE;
}

/* A view change is signed in the epoch of the newest committed block. When a block of a much later
 * epoch commits while the view is asked for, nobody who has it looks at that word any more: it is
 * said anew. Nothing of an earlier view is signed in between, so it says the same, but for a
 * certificate of what is decided meanwhile. */
void pbft_say_view(struct pbft *p, uint32_t to)
{
    if (p->new_view_size > 0) {
        pbft_send_bytes(p, to, bytes_of(p->new_view, p->new_view_size));
    } else if (p->changing && pbft_can_sign(p)) {
        const struct ask *own = &p->ask[p->config.self];
        if (own->heard && own->view == p->view && pbft_epoch_near(p, own->epoch)) {
            say_change(p, to);
        } else {
            ask_for_view(p);
        }
    }
}
