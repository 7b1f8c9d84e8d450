#include "node/replica_parts_internal.h"

#include <string.h>

/* The order that safety rests on: logs; then what the shell is told; then the folded view's mark,
 * so that a crash in between tells a block twice and never not at all; then what peers are told.
 *
 * Every record that is handed to a log has a number, and every message and every commit to be told
 * has the number of the last record before it. It goes when the records up to that one are durable,
 * and not before: whether a sync was waited for here or went on elsewhere while events came in. */

/* A sync is over: of the records it covered all or none are durable. */
static void land(struct replica *r, enum err e)
{
    reclog_land(&r->blocks.log, e);
    reclog_land(&r->votes, e);
    r->in_flight = false;
    r->durable = e == ERR_NONE ? r->flying : r->durable;
    r->disk_failed = e != ERR_NONE;
    r->disk_error = e;
}

void replica_synced(struct replica *r, uint64_t now_ms, enum err e)
{
    ASSERT(r->in_flight);
    r->now_ms = now_ms;
    r->landed_badly = e != ERR_NONE;
    land(r, e);
}

/* The block log first: the vote log is cut in the belief that committed blocks are kept. */
enum err replica_persist(struct replica *r)
{
    if (r->broken) {
        return ERR_FAILED;
    }
    enum activity was = replica_turn(r, ACTIVITY_DISK);
    if (r->in_flight) {
        land(r, r->config.ports.sync_wait(r->config.ports.ctx));
    }
    enum err e = reclog_flush(&r->blocks.log);
    if (e == ERR_NONE) {
        e = reclog_flush(&r->votes);
    }
    (void)replica_turn(r, was);
    r->disk_failed = e != ERR_NONE;
    r->disk_error = e;
    r->durable = e == ERR_NONE ? r->persisted : r->durable;
    return e;
}

enum err replica_append_block(struct replica *r, const struct block *b, struct bytes certificate)
{
    TRY(replica_anchors_append(r, b));
    if (r->in_flight && blocklog_flushes(&r->blocks, b, certificate)) {
        TRY(replica_persist(r));
    }
    TRY(blocklog_append(&r->blocks, b, certificate));
    r->persisted++;
    return ERR_NONE;
}

static bool batch_empty(const struct batch *b)
{
    return b->notice_done == b->notice_count && b->out_done == b->out_count;
}

/* Write what waits and have it synced elsewhere; one sync at a time, and for all that has come. */
static enum err depart(struct replica *r)
{
    const char *name[REPLICA_SYNC_LOGS];
    uint32_t count = 0;
    bool sync = false;
    enum activity was = replica_turn(r, ACTIVITY_DISK);
    enum err e = reclog_depart(&r->blocks.log, &sync);
    if (e == ERR_NONE && sync) {
        name[count++] = r->blocks.log.name;
    }
    e = e == ERR_NONE ? reclog_depart(&r->votes, &sync) : e;
    if (e == ERR_NONE && sync) {
        name[count++] = r->votes.name;
    }
    r->flying = r->persisted;
    e = e == ERR_NONE && count > 0 ? r->config.ports.sync(r->config.ports.ctx, name, count) : e;
    (void)replica_turn(r, was);
    if (e != ERR_NONE || count == 0) {
        land(r, e);
        return e;
    }
    r->in_flight = true;
    r->newer = batch_empty(&r->batch[1 - r->newer]) ? 1 - r->newer : r->newer;
    return ERR_NONE;
}

/* After a sync that failed the disk is left alone until the next call. */
static enum err persist_or_depart(struct replica *r, bool wait)
{
    if (wait || r->config.ports.sync == NULL || (!r->in_flight && r->votes.replace)) {
        return replica_persist(r);
    }
    if (r->broken) {
        return ERR_FAILED;
    }
    bool rest = r->in_flight || r->landed_badly;
    r->landed_badly = false;
    TRY(rest ? ERR_NONE : depart(r));
    return r->disk_failed ? r->disk_error : ERR_NONE;
}

static enum err copy_bytes(struct arena *a, struct bytes x, struct bytes *out)
{
    if (x.len == 0) {
        *out = x;
        return ERR_NONE;
    }
    return arena_copy(a, x, out);
}

static enum err copy_events(struct arena *a, const struct receipt *in, struct receipt *out)
{
    struct event *events = ARENA_ARRAY(a, struct event, in->event_count);
    if (events == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < in->event_count; i++) {
        events[i] = in->event[i];
        TRY(copy_bytes(a, in->event[i].body, &events[i].body));
    }
    out->event = events;
    return ERR_NONE;
}

/* Receipts live in the ledger until the next commit; a batch may hold several. */
static enum err copy_receipts(struct arena *a, const struct receipt *in, uint32_t count,
                              const struct receipt **out)
{
    struct receipt *list = ARENA_ARRAY(a, struct receipt, count);
    if (list == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < count; i++) {
        list[i] = in[i];
        TRY(copy_events(a, &in[i], &list[i]));
        TRY(copy_bytes(a, in[i].wire, &list[i].wire));
    }
    *out = list;
    return ERR_NONE;
}

/* What was written a moment ago must come back as it was: a disk that put it elsewhere is found
 * here, before anybody relies on it, and the restart fetches the block again. */
static void tell(struct replica *r, const struct notice *n)
{
    struct replica_commit c = { .tip = n->tip,
                                .receipt = n->receipt,
                                .receipt_count = n->receipt_count };
    size_t mark = arena_mark(&r->work);
    if (r->broken ||
        blocklog_read(&r->blocks, n->tip.height, &r->work, &c.block, &c.certificate) != ERR_NONE) {
        r->broken = true;
    } else {
        r->config.ports.committed(r->config.ports.ctx, &c);
    }
    arena_release(&r->work, mark);
}

static void tell_batch(struct replica *r, struct batch *b)
{
    while (b->notice_done < b->notice_count && b->notice[b->notice_done].needs <= r->durable) {
        tell(r, &b->notice[b->notice_done++]);
    }
    if (b->notice_done == b->notice_count) {
        b->notice_done = b->notice_count = 0;
        arena_reset(&b->notice_arena);
    }
}

static void tell_durable(struct replica *r)
{
    tell_batch(r, &r->batch[1 - r->newer]);
    tell_batch(r, &r->batch[r->newer]);
}

static void send_batch(struct replica *r, struct batch *b)
{
    while (b->out_done < b->out_count && b->out[b->out_done].needs <= r->durable) {
        const struct out_message *m = &b->out[b->out_done++];
        r->config.ports.send(r->config.ports.ctx, m->peer, m->bytes);
    }
    if (b->out_done == b->out_count) {
        b->out_done = b->out_count = 0;
        arena_reset(&b->out_arena);
    }
}

void replica_note(struct replica *r, const struct ledger_tip *tip, const struct receipt *receipt,
                  uint32_t count)
{
    const struct receipt *kept = NULL;
    struct batch *b = &r->batch[r->newer];
    struct notice n = { .needs = r->persisted, .tip = *tip, .receipt_count = count };
    bool room = b->notice_count < REPLICA_NOTICES_MAX &&
                copy_receipts(&b->notice_arena, receipt, count, &kept) == ERR_NONE;
    if (!room && replica_persist(r) == ERR_NONE) {
        /* No room to wait: make what there is durable now and tell while the receipts live. */
        tell_durable(r);
        n.receipt = receipt;
        tell(r, &n);
        return;
    }
    if (!room) {
        r->broken = true; /* neither memory nor disk takes it: the restart replays it */
        return;
    }
    n.receipt = kept;
    b->notice[b->notice_count++] = n;
}

/* The view never stands above the log, so the log is waited for: once in so many blocks. */
static enum err mark_store(struct replica *r)
{
    struct ledger_tip tip = ledger_committed(r->ledger);
    bool soon = r->config.fold_every_block || r->maker.wanted;
    if (tip.height < r->marked + (soon ? 1 : REPLICA_FOLD_BLOCKS)) {
        return ERR_NONE;
    }
    TRY(r->durable == r->persisted ? ERR_NONE : replica_persist(r));
    tell_durable(r);
    if (r->broken) {
        return ERR_CORRUPT;
    }
    const struct replica_ports *p = &r->config.ports;
    enum activity was = replica_turn(r, ACTIVITY_DISK);
    enum err e = p->store_mark(p->ctx, tip.height, bytes_of(r->header, r->header_len),
                               ledger_history(r->ledger));
    (void)replica_turn(r, was);
    TRY(e);
    r->marked = tip.height;
    return ERR_NONE;
}

static enum err make_durable(struct replica *r, bool wait)
{
    TRY(persist_or_depart(r, wait));
    TRY(replica_save_keys(r));
    tell_durable(r);
    if (r->broken) {
        return ERR_CORRUPT;
    }
    TRY(mark_store(r));
    replica_make_begin(r);
    return ERR_NONE;
}

static enum err flush(struct replica *r, uint64_t now_ms, bool wait)
{
    r->now_ms = now_ms;
    enum err e = make_durable(r, wait);
    r->disk_failed = e != ERR_NONE;
    if (e != ERR_NONE) {
        r->disk_error = e;
        return e;
    }
    send_batch(r, &r->batch[1 - r->newer]);
    send_batch(r, &r->batch[r->newer]);
    if (r->durable == r->persisted) {
        replica_advance_seed(r);
    }
    arena_reset(&r->work);
    return ERR_NONE;
}

enum err replica_flush(struct replica *r, uint64_t now_ms)
{
    return flush(r, now_ms, false);
}

enum err replica_flush_now(struct replica *r, uint64_t now_ms)
{
    return flush(r, now_ms, true);
}
