#include "node/replica_parts_internal.h"

#include <string.h>

/* Consensus asks by effects, this file carries them out and brings the answers back as events. */

enum activity replica_turn(const struct replica *r, enum activity to)
{
    return activity_turn(&r->config.ports.activity, to);
}

static void replica_follow(struct replica *r, struct follow f)
{
    ASSERT(r->follow_count < REPLICA_FOLLOW_MAX);
    r->follow[(r->follow_at + r->follow_count) % REPLICA_FOLLOW_MAX] = f;
    r->follow_count++;
}

static enum err fold_change(void *user, const struct state_change *c)
{
    struct replica *r = user;
    return r->config.ports.store_change(r->config.ports.ctx, c);
}

/* The committed block may have closed an epoch for another committee. */
static enum err follow_committee(struct replica *r)
{
    enum err e = replica_sit(r);
    if (e != ERR_NONE) {
        r->broken = true; /* the state that was just written cannot be read */
    }
    return e;
}

/* The block log comes first: what the ledger knows as committed is in the log's memory at least,
 * and nothing is said to anybody before both are durable. */
enum err replica_commit_block(struct replica *r, const struct hash *block, struct bytes certificate)
{
    struct bytes wire = { NULL, 0 };
    struct block b;
    const struct receipt *receipt = NULL;
    uint32_t count = 0;
    TRY(ledger_block_bytes(r->ledger, block, &wire));
    TRY(block_decode(r->suite, wire, &r->work, &b));
    if (b.header.height != ledger_committed(r->ledger).height + 1) {
        return ERR_STATE;
    }
    TRY(ledger_receipts(r->ledger, block, &receipt, &count));
    TRY(replica_append_block(r, &b, certificate));
    ASSERT(b.header_bytes.len <= sizeof r->header);
    memcpy(r->header, b.header_bytes.ptr, b.header_bytes.len);
    r->header_len = b.header_bytes.len;
    enum activity was = replica_turn(r, ACTIVITY_DISK);
    enum err e = ledger_commit(r->ledger, block, r, fold_change);
    (void)replica_turn(r, was);
    if (e != ERR_NONE) {
        /* The folded view took part of a block: only a restart, which replays the log, mends it. */
        r->broken = true;
        return e;
    }
    struct ledger_tip tip = ledger_committed(r->ledger);
    replica_note(r, &tip, receipt, count);
    return follow_committee(r);
}

enum err replica_execute(struct replica *r, struct bytes block)
{
    enum activity was = replica_turn(r, ACTIVITY_EXECUTE);
    enum err e = ledger_execute(r->ledger, block);
    (void)replica_turn(r, was);
    return e;
}

static void carry_persist(struct replica *r, const struct pbft_effect *e)
{
    uint64_t offset = 0;
    enum err err = ERR_NONE;
    if (!reclog_has_room(&r->votes, e->bytes.len)) {
        err = replica_persist(r);
    }
    if (err == ERR_NONE) {
        err = reclog_append(&r->votes, e->height, &e->bytes, 1, &offset);
    }
    r->persisted++;
    if (err != ERR_NONE) {
        /* A vote that cannot be kept must never be said: silence until a restart. */
        r->broken = true;
        r->disk_failed = true;
    }
}

static void carry_send(struct replica *r, const struct pbft_effect *e)
{
    uint32_t peer = REPLICA_PEER_ALL;
    if (e->to != PBFT_PEER_ALL) {
        if (e->to >= r->seating.now.count) {
            return;
        }
        peer = r->participant_of[e->to];
    }
    replica_send(r, peer, e->bytes);
}

/* While a change of the committee waits, an epoch that is over is closed first: at its last
 * instant.
 */
static uint64_t next_time(const struct replica *r, const struct ledger_tip *top, bool *closing)
{
    uint64_t time = r->now_ms > top->time_ms ? r->now_ms : top->time_ms + 1;
    uint64_t end = committee_epoch_end_ms(r->genesis, top->epoch);
    *closing = top->committee_changes && time >= end && top->time_ms < end;
    return *closing ? end : time;
}

static struct hash build(struct replica *r, const struct hash *parent, bool empty, uint32_t most)
{
    struct hash none = { { 0 } };
    struct ledger_tip committed = ledger_committed(r->ledger);
    if (!hash_equal(parent, &committed.hash) && !ledger_is_open(r->ledger, parent)) {
        return none;
    }
    ledger_drop_above(r->ledger, parent);
    struct ledger_tip top = ledger_newest(r->ledger);
    if (ledger_pending(r->ledger) == 0 && !empty) {
        return none;
    }
    struct bytes out = { NULL, 0 };
    bool closing = false;
    uint64_t time = next_time(r, &top, &closing);
    struct pbft_status s = pbft_status(r->pbft);
    const struct hash *self = &r->genesis->participant[r->config.self].id;
    struct block b;
    ledger_build_at_most(r->ledger, most);
    if (ledger_build(r->ledger, parent, time, self, s.last_certificate, &out) != ERR_NONE ||
        block_decode(r->suite, out, &r->work, &b) != ERR_NONE) {
        return none;
    }
    if (b.tx_count == 0 && !empty && !closing) {
        ledger_drop_above(r->ledger, parent);
        return none;
    }
    return b.hash;
}

static void carry_commit(struct replica *r, const struct pbft_effect *e)
{
    struct ledger_tip tip = ledger_committed(r->ledger);
    if (e->height <= tip.height && e->height != 0) {
        return; /* sync was faster */
    }
    struct bytes wire = { NULL, 0 };
    enum err err = ERR_NONE;
    if (!ledger_is_open(r->ledger, &e->block)) {
        err = pbft_block(r->pbft, &e->block, &wire);
        err = err == ERR_NONE ? replica_execute(r, wire) : err;
    }
    if (err == ERR_NONE) {
        err = replica_commit_block(r, &e->block, e->bytes);
    }
    if (err != ERR_NONE) {
        replica_sync_want(r, e->height);
    }
}

static void carry(struct replica *r, const struct pbft_effect *e)
{
    struct follow f = { .block = e->block };
    enum activity was;
    switch (e->kind) {
    case PBFT_PERSIST:
        carry_persist(r, e);
        break;
    case PBFT_SEND:
        carry_send(r, e);
        break;
    case PBFT_EXECUTE:
        f.kind = PBFT_EXECUTED;
        f.err = ledger_is_open(r->ledger, &e->block) ? ERR_NONE : replica_execute(r, e->bytes);
        replica_follow(r, f);
        break;
    case PBFT_BUILD:
        f.kind = PBFT_BUILT;
        was = replica_turn(r, ACTIVITY_EXECUTE);
        f.block = build(r, &e->block, e->empty, e->most);
        (void)replica_turn(r, was);
        replica_follow(r, f);
        break;
    case PBFT_COMMIT:
        carry_commit(r, e);
        break;
    case PBFT_DROP:
        ledger_drop_above(r->ledger, &e->block);
        break;
    case PBFT_SYNC:
        replica_sync_want(r, e->height);
        break;
    case PBFT_TRIM:
        reclog_restart(&r->votes);
        r->persisted++;
        break;
    }
}

static enum err step_one(struct replica *r, const struct pbft_event *ev)
{
    r->effects.count = 0;
    TRY(pbft_step(r->pbft, ev, &r->effects));
    for (uint32_t i = 0; i < r->effects.count; i++) {
        size_t mark = arena_mark(&r->work);
        carry(r, &r->effects.effect[i]);
        arena_release(&r->work, mark);
    }
    return ERR_NONE;
}

/* Consensus waits to hear who sits until the closing block is durable: a crash must not leave a
 * vote log that knows of a committee which the block log does not know of. */
void replica_tell_committee(struct replica *r)
{
    if (!r->started || r->seating.told == r->seating.now.number || replica_persist(r) != ERR_NONE) {
        return;
    }
    size_t mark = arena_mark(&r->work);
    struct pbft_event ev = { .kind = PBFT_COMMITTEE,
                             .now_ms = r->now_ms,
                             .from = PBFT_OBSERVER,
                             .tip = ledger_committed(r->ledger),
                             .committee = &r->seating.now,
                             .seat = r->seat };
    if (pbft_status(r->pbft).committed < ev.tip.height) {
        ev.kind = PBFT_SYNCED;
        ev.certificate = replica_newest_certificate(r);
    }
    r->seating.told = r->seating.now.number;
    (void)!replica_step(r, &ev);
    arena_release(&r->work, mark);
}

static struct pbft_event follow_event(const struct replica *r, const struct follow *f)
{
    struct pbft_event ev = { .kind = f->kind,
                             .now_ms = r->now_ms,
                             .from = PBFT_OBSERVER,
                             .block = f->block,
                             .err = f->err,
                             .pending = ledger_pending(r->ledger) };
    struct bytes wire = { NULL, 0 };
    if (f->kind == PBFT_BUILT && !hash_is_zero(&f->block) &&
        ledger_block_bytes(r->ledger, &f->block, &wire) == ERR_NONE) {
        ev.bytes = wire;
    }
    return ev;
}

enum err replica_step(struct replica *r, const struct pbft_event *ev)
{
    TRY(step_one(r, ev));
    /* Each answer may ask again; a step asks for at most what the pipeline holds, so this ends. The
     * bound is there so that a defect shows as a busy tick, not as a hang. */
    for (int n = 0; n < REPLICA_FOLLOW_MAX && r->follow_count > 0 && !r->broken; n++) {
        struct follow f = r->follow[r->follow_at];
        r->follow_at = (r->follow_at + 1) % REPLICA_FOLLOW_MAX;
        r->follow_count--;
        struct pbft_event next = follow_event(r, &f);
        (void)!step_one(r, &next);
    }
    r->tick_due = r->tick_due || r->follow_count > 0;
    return ERR_NONE;
}
