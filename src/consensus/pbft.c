#include "consensus/pbft_parts_internal.h"

#include <string.h>

enum { PASSES_MAX = 64 }; /* each pass votes, commits or enters a view: all three are bounded */

/* ---- what the other files use ---------------------------------------------------------------- */

struct pbft_effect *pbft_emit(struct pbft *p, enum pbft_effect_kind kind)
{
    ASSERT(p->out->count < PBFT_EFFECTS_MAX);
    struct pbft_effect *e = &p->out->effect[p->out->count++];
    *e = (struct pbft_effect){ .kind = kind, .to = PBFT_PEER_ALL };
    return e;
}

void pbft_send_bytes(struct pbft *p, uint32_t to, struct bytes message)
{
    struct pbft_effect *e = pbft_emit(p, PBFT_SEND);
    e->to = to;
    e->bytes = message;
}

/* The arena of a step holds PBFT_STEP_RESERVE beside the block in hand, so this cannot run out. */
void pbft_send(struct pbft *p, uint32_t to, const struct message *m)
{
    struct bytes wire = { NULL, 0 };
    enum err e = message_encode(m, &p->step, &wire);
    ASSERT(e == ERR_NONE);
    pbft_send_bytes(p, to, wire);
}

void pbft_sync(struct pbft *p, uint64_t height)
{
    if (height <= p->committed.height || (height <= p->sync_height && p->now_ms < p->sync_ms)) {
        return;
    }
    p->sync_height = height;
    p->sync_ms = p->now_ms + p->config.resend_ms;
    struct pbft_effect *e = pbft_emit(p, PBFT_SYNC);
    e->height = height;
}

bool pbft_can_sign(const struct pbft *p)
{
    return p->may_vote && p->config.self != PBFT_OBSERVER;
}

bool pbft_epoch_near(const struct pbft *p, uint64_t epoch)
{
    uint64_t now = genesis_epoch(p->config.genesis, p->now_ms);
    uint64_t newest = now > p->committed.epoch ? now : p->committed.epoch;
    return epoch >= p->since_epoch && epoch + 1 >= p->committed.epoch && epoch <= newest + 1;
}

uint64_t pbft_epoch_of(const struct pbft *p, uint64_t epoch)
{
    return epoch > p->since_epoch ? epoch : p->since_epoch;
}

uint32_t pbft_primary(uint32_t seats, uint64_t view, uint64_t epoch)
{
    ASSERT(seats > 0);
    return (uint32_t)((view % seats + epoch % seats) % seats);
}

uint32_t pbft_leader(const struct pbft *p, uint64_t epoch)
{
    return pbft_primary(p->seats, p->view, pbft_epoch_of(p, epoch));
}

enum err pbft_verify(const struct pbft *p, uint32_t seat, uint64_t epoch, const char *tag,
                     struct bytes msg, struct bytes signature)
{
    if (seat >= p->seats || signature.len != p->config.suite->signature_size) {
        return ERR_SIGNATURE;
    }
    if (!pbft_epoch_near(p, epoch)) {
        return ERR_STALE;
    }
    struct bytes key = p->config.keys.public_key(p->config.keys.ctx, seat, epoch);
    if (key.len == 0) {
        return ERR_NOT_FOUND;
    }
    bool good = suite_verify_tagged(p->config.suite, key, tag, msg, signature);
    return good ? ERR_NONE : ERR_SIGNATURE;
}

enum err pbft_verify_certificate(struct pbft *p, struct bytes wire, enum vote_kind kind,
                                 struct certificate *out)
{
    struct certificate c;
    TRY(certificate_decode(wire, &p->step, &c));
    if (c.kind != (uint32_t)kind || c.view > PBFT_VIEW_MAX || !pbft_epoch_near(p, c.epoch)) {
        return ERR_PROOF;
    }
    const struct kept_certificate *own = kind == VOTE_COMMIT ? &p->last : &p->prepared;
    if (!bytes_equal(wire, bytes_of(own->wire, own->size))) {
        TRY(certificate_verify(p->config.suite, &p->config.genesis->space, &c, p->seats,
                               &p->config.keys, &p->step));
    }
    *out = c;
    return ERR_NONE;
}

void pbft_keep_certificate(struct kept_certificate *k, const struct certificate *c,
                           struct bytes wire)
{
    ASSERT(wire.len <= sizeof(k->wire));
    k->epoch = c->epoch;
    k->view = c->view;
    k->height = c->height;
    k->block = c->block;
    k->size = wire.len;
    memmove(k->wire, wire.ptr, wire.len);
}

void pbft_progress(struct pbft *p)
{
    p->progress_ms = p->now_ms;
    p->timeout_ms = p->config.view_timeout_ms;
    p->resend_ms = p->now_ms + p->config.resend_ms;
}

/* ---- events ---------------------------------------------------------------------------------- */

/* Where the shell says the committed chain stands. The certificate was checked by who synced. */
static enum err settle(struct pbft *p, const struct pbft_event *ev)
{
    struct certificate c;
    if (ev->certificate.len > 0) {
        TRY(certificate_decode(ev->certificate, &p->step, &c));
    }
    p->committed = ev->tip;
    if (ev->committee != NULL) {
        pbft_chain_forget(p);
        pbft_sit(p, ev->committee, ev->seat);
    }
    if (ev->certificate.len > 0) {
        pbft_keep_certificate(&p->last, &c, ev->certificate);
    }
    pbft_chain_forget(p);
    pbft_progress(p);
    return ERR_NONE;
}

/* A commit certificate of a later view is proof that a quorum has left ours. */
static void follow_certificate(struct pbft *p)
{
    if (pbft_has_last(p) && p->last.view > p->view && p->last.view <= PBFT_VIEW_MAX) {
        pbft_enter(p, p->last.view);
    }
}

static enum err on_start(struct pbft *p, const struct pbft_event *ev)
{
    if (p->started) {
        return ERR_STATE;
    }
    TRY(settle(p, ev));
    p->started = true;
    p->may_vote = ev->yes;
    p->view_ms = p->now_ms;
    pbft_log_committee(p);
    follow_certificate(p);
    return ERR_NONE;
}

static enum err on_synced(struct pbft *p, const struct pbft_event *ev)
{
    if (ev->tip.height <= p->committed.height) {
        return ERR_STALE;
    }
    TRY(settle(p, ev));
    struct pbft_effect *drop = pbft_emit(p, PBFT_DROP);
    drop->block = p->committed.hash;
    drop->height = p->committed.height;
    follow_certificate(p);
    return ERR_NONE;
}

static enum err on_committee(struct pbft *p, const struct pbft_event *ev)
{
    if (ev->committee->number < p->number) {
        return ERR_STALE;
    }
    if (p->started && p->committed.height + 1 < ev->committee->since_height) {
        return ERR_STATE; /* SYNCED will say it */
    }
    if (!p->started) {
        p->committed = ev->tip;
    }
    pbft_sit(p, ev->committee, ev->seat);
    return ERR_NONE;
}

static enum err on_may_vote(struct pbft *p, const struct pbft_event *ev)
{
    p->may_vote = ev->yes;
    return ERR_NONE;
}

static enum err on_peer_up(struct pbft *p, const struct pbft_event *ev)
{
    if (ev->from < p->seats) {
        pbft_say_view(p, ev->from);
        pbft_say_votes(p, ev->from);
    }
    return ERR_NONE;
}

static bool outstanding(const struct pbft *p)
{
    return p->changing || !p->resolved || p->chain_count > 0;
}

static enum err on_tick(struct pbft *p, const struct pbft_event *ev)
{
    p->pending = ev->pending;
    p->oldest_ms = ev->oldest_ms;
    p->declined = false;
    if (p->now_ms >= pbft_view_deadline(p)) {
        pbft_enter(p, p->view + 1);
    } else if (outstanding(p) && p->now_ms >= p->resend_ms) {
        p->resend_ms = p->now_ms + p->config.resend_ms;
        if (p->changing || p->progress_ms <= p->view_ms) {
            pbft_say_view(p, PBFT_PEER_ALL);
        }
        pbft_say_votes(p, PBFT_PEER_ALL);
    }
    return ERR_NONE;
}

/* More than f liars may ask for any view, and a view is entered by adding one to another. */
static bool views_in_range(const struct message *m)
{
    bool good = m->view <= PBFT_VIEW_MAX && m->vote.vote.view <= PBFT_VIEW_MAX;
    for (uint32_t i = 0; i < m->change_count; i++) {
        good = good && m->change[i].view <= PBFT_VIEW_MAX;
    }
    return good;
}

static enum err on_message(struct pbft *p, const struct pbft_event *ev)
{
    static enum err (*const ON_MESSAGE[MESSAGE_KIND_END])(struct pbft *, uint32_t,
                                                          const struct message *) = {
        [MESSAGE_PROPOSE] = pbft_on_propose,         [MESSAGE_VOTE] = pbft_on_vote,
        [MESSAGE_VIEW_CHANGE] = pbft_on_view_change, [MESSAGE_NEW_VIEW] = pbft_on_new_view,
        [MESSAGE_GET_BLOCK] = pbft_on_get_block,     [MESSAGE_BLOCK] = pbft_on_block,
    };
    struct message m = { .kind = MESSAGE_KIND_END };
    TRY(message_decode(ev->bytes, &p->step, &m));
    ASSERT(m.kind < MESSAGE_KIND_END);
    if (!views_in_range(&m)) {
        return ERR_RANGE;
    }
    return ON_MESSAGE[m.kind](p, ev->from, &m);
}

/* Everything that follows from what is now known, until nothing more does. */
static void advance(struct pbft *p)
{
    bool moved = !p->handing;
    for (uint32_t pass = 0; moved && pass < PASSES_MAX; pass++) {
        moved = pbft_join(p);
        moved = pbft_lead(p) || moved;
        moved = pbft_resolve(p) || moved;
        moved = pbft_chain_grow(p) || moved;
        moved = pbft_vote_chain(p) || moved;
        moved = (!p->handing && pbft_commit(p)) || moved;
        moved = moved && !p->handing;
    }
    if (p->handing) {
        return;
    }
    pbft_execute_next(p);
    pbft_build(p);
    bool waiting = !p->changing && (!p->resolved || p->chain_count > 0);
    if (waiting && !p->waiting) {
        p->waiting_ms = p->now_ms;
        p->resend_ms = p->now_ms + p->config.resend_ms;
    }
    p->waiting = waiting;
    pbft_log_trim(p);
}

enum err pbft_step(struct pbft *p, const struct pbft_event *ev, struct pbft_effects *out)
{
    static enum err (*const ON_EVENT[])(struct pbft *, const struct pbft_event *) = {
        [PBFT_START] = on_start,         [PBFT_REPLAY] = pbft_on_replay,
        [PBFT_MESSAGE] = on_message,     [PBFT_EXECUTED] = pbft_on_executed,
        [PBFT_BUILT] = pbft_on_built,    [PBFT_SYNCED] = on_synced,
        [PBFT_TICK] = on_tick,           [PBFT_MAY_VOTE] = on_may_vote,
        [PBFT_COMMITTEE] = on_committee, [PBFT_PEER_UP] = on_peer_up,
    };
    ASSERT((size_t)ev->kind < COUNT(ON_EVENT));
    out->count = 0;
    bool before = ev->kind == PBFT_REPLAY || ev->kind == PBFT_START;
    if (before == p->started && ev->kind != PBFT_COMMITTEE) {
        return ERR_STATE;
    }
    arena_reset(&p->step);
    p->out = out;
    p->now_ms = ev->now_ms > p->now_ms ? ev->now_ms : p->now_ms;
    enum err e = ON_EVENT[ev->kind](p, ev);
    if (e != ERR_NONE) {
        ASSERT(out->count == 0);
        return e;
    }
    if (p->started) {
        advance(p);
    }
    return ERR_NONE;
}

/* ---- life and queries ------------------------------------------------------------------------ */

size_t pbft_memory_size(const struct pbft_config *config)
{
    return sizeof(struct pbft) + config->message_bytes + config->blocks_bytes + 256;
}

enum err pbft_init(const struct pbft_config *config, struct arena *arena, struct pbft **out)
{
    uint32_t seats = config->genesis->seat_count;
    if (seats == 0 || seats > GENESIS_SEATS_MAX || config->view_timeout_ms == 0 ||
        config->view_timeout_max_ms < config->view_timeout_ms || config->resend_ms == 0 ||
        config->message_bytes < 2 * PBFT_STEP_RESERVE ||
        (config->self != PBFT_OBSERVER && config->self >= seats)) {
        return ERR_RANGE;
    }
    struct pbft *p = ARENA_NEW(arena, struct pbft);
    uint8_t *pool = arena_alloc(arena, config->blocks_bytes);
    struct arena step;
    if (p == NULL || pool == NULL || arena_split(arena, config->message_bytes, &step) != ERR_NONE) {
        return ERR_NO_SPACE;
    }
    p->config = *config;
    p->step = step;
    p->pool = pool;
    p->seats = seats;
    p->quorum = committee_quorum(seats);
    p->faulty = committee_faulty_max(seats);
    p->sits = config->genesis->committee_hash;
    p->timeout_ms = config->view_timeout_ms;
    p->pace =
        pace_begin((uint32_t)config->genesis->param[PARAM_BLOCK_TXS_MAX], config->view_timeout_ms);
    *out = p;
    return ERR_NONE;
}

/* When an idle primary wants its empty block, or forever. */
static uint64_t idle_deadline(const struct pbft *p)
{
    bool idle = !p->changing && p->chain_count == 0 && !p->building && pbft_can_sign(p) &&
                pbft_leader(p, p->committed.epoch) == p->config.self;
    return idle ? p->committed.time_ms + p->config.genesis->param[PARAM_IDLE_BLOCK_MS] : UINT64_MAX;
}

struct pbft_status pbft_status(const struct pbft *p)
{
    uint64_t deadline = pbft_view_deadline(p);
    uint64_t resend = outstanding(p) ? p->resend_ms : UINT64_MAX;
    uint64_t idle = idle_deadline(p);
    deadline = resend < deadline ? resend : deadline;
    deadline = idle < deadline ? idle : deadline;
    return (struct pbft_status){
        .view = p->view,
        .committed = p->committed.height,
        .prepared = p->prepared.height,
        .primary = pbft_leader(p, p->committed.epoch),
        .view_changes = p->view_changes,
        .equivocations = p->equivocations,
        .changing = p->changing,
        .may_vote = p->may_vote,
        .log_ahead = p->log_ahead,
        .deadline_ms = deadline,
        .last_certificate = bytes_of(p->last.wire, p->last.size),
    };
}

struct epochs {
    uint64_t *epoch;
    uint32_t count;
};

static void add_epoch(struct epochs *e, bool some, uint64_t epoch)
{
    bool there = !some || e->count == PBFT_EPOCHS_MAX;
    for (uint32_t i = 0; i < e->count; i++) {
        there = there || e->epoch[i] == epoch;
    }
    if (!there) {
        e->epoch[e->count++] = epoch;
    }
}

/* Own words first. View changes of others stand in a NEW-VIEW, and who sent one may have told its
 * key to nobody else; liars, who alone would do that, are too few to fill the list. */
uint32_t pbft_epochs(const struct pbft *p, uint64_t epoch[PBFT_EPOCHS_MAX])
{
    struct epochs e = { epoch, 0 };
    bool stuck = outstanding(p) && p->now_ms >= p->progress_ms + p->config.view_timeout_ms;
    if (!p->started || p->config.self == PBFT_OBSERVER || !stuck) {
        return 0;
    }
    add_epoch(&e, true, pbft_epoch_of(p, p->committed.epoch));
    add_epoch(&e, p->prepared.size > 0, p->prepared.epoch);
    add_epoch(&e, p->last.size > 0, p->last.epoch);
    for (uint32_t i = 0; i < 2 * PBFT_HEIGHTS; i++) {
        const struct ballot *b = &p->ballot[i % 2][i / 2][p->config.self];
        add_epoch(&e, b->cast && b->height > p->committed.height, b->epoch);
    }
    for (uint32_t s = 0; s < p->seats; s++) {
        const struct ask *a = &p->ask[s];
        add_epoch(&e, a->heard && a->view == p->view, a->epoch);
        add_epoch(&e, a->heard && a->view == p->view && a->prepared, a->prepared_epoch);
    }
    return e.count;
}

bool pbft_last_vote(const struct pbft *p, struct vote *out)
{
    if (p->voted) {
        *out = p->last_vote;
    }
    return p->voted;
}

enum err pbft_block(const struct pbft *p, const struct hash *block, struct bytes *out)
{
    const struct kept *k = pbft_kept(p, block);
    if (k == NULL) {
        return ERR_NOT_FOUND;
    }
    *out = pbft_kept_block(p, k);
    return ERR_NONE;
}
