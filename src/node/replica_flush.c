#include "node/replica_parts_internal.h"

#include <string.h>

/* The order that safety rests on: logs, one sync each; then what the shell is told; then the folded
 * view's mark, so that a crash in between tells a block twice and never not at all; then what peers
 * are told. */

enum err replica_persist(struct replica *r)
{
    if (r->broken) {
        return ERR_FAILED;
    }
    enum err e = reclog_flush(&r->blocks.log);
    if (e == ERR_NONE) {
        e = reclog_flush(&r->votes);
    }
    r->disk_failed = e != ERR_NONE;
    return e;
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

void replica_notify(struct replica *r)
{
    for (uint32_t i = 0; i < r->notice_count; i++) {
        tell(r, &r->notice[i]);
    }
    r->notice_count = 0;
    arena_reset(&r->notice_arena);
}

void replica_note(struct replica *r, const struct ledger_tip *tip, const struct receipt *receipt,
                  uint32_t count)
{
    const struct receipt *kept = NULL;
    struct notice n = { .tip = *tip, .receipt_count = count };
    bool room = r->notice_count < REPLICA_NOTICES_MAX &&
                copy_receipts(&r->notice_arena, receipt, count, &kept) == ERR_NONE;
    if (!room && replica_persist(r) == ERR_NONE) {
        /* No room to wait: make what there is durable now and tell while the receipts live. */
        replica_notify(r);
        n.receipt = receipt;
        tell(r, &n);
        return;
    }
    if (!room) {
        r->broken = true; /* neither memory nor disk takes it: the restart replays it */
        return;
    }
    n.receipt = kept;
    r->notice[r->notice_count++] = n;
}

static enum err mark_store(struct replica *r)
{
    struct ledger_tip tip = ledger_committed(r->ledger);
    bool soon = r->config.fold_every_block || r->maker.wanted;
    if (tip.height < r->marked + (soon ? 1 : REPLICA_FOLD_BLOCKS)) {
        return ERR_NONE;
    }
    const struct replica_ports *p = &r->config.ports;
    TRY(p->store_mark(p->ctx, tip.height, bytes_of(r->header, r->header_len),
                      ledger_history(r->ledger)));
    r->marked = tip.height;
    return ERR_NONE;
}

static enum err make_durable(struct replica *r)
{
    TRY(replica_persist(r));
    TRY(replica_save_keys(r));
    replica_notify(r);
    if (r->broken) {
        return ERR_CORRUPT;
    }
    TRY(mark_store(r));
    replica_make_begin(r);
    return ERR_NONE;
}

enum err replica_flush(struct replica *r, uint64_t now_ms)
{
    r->now_ms = now_ms;
    enum err e = make_durable(r);
    r->disk_failed = e != ERR_NONE;
    if (e != ERR_NONE) {
        return e;
    }
    for (uint32_t i = 0; i < r->out_count; i++) {
        r->config.ports.send(r->config.ports.ctx, r->out[i].peer, r->out[i].bytes);
    }
    r->out_count = 0;
    arena_reset(&r->out_arena);
    replica_advance_seed(r);
    arena_reset(&r->work);
    return ERR_NONE;
}
