#include "node/replica_parts_internal.h"

#include <string.h>

/* What a node does before its first message: raise the boot number, read both logs, bring the
 * ledger to the newest block it has kept, and tell consensus what it has signed. */

static enum err raise_boot(struct replica *r)
{
    const struct storage *d = &r->config.ports.disk;
    uint8_t raw[12];
    size_t len = 0;
    enum err e = d->read(d->ctx, "boot", 0, raw, sizeof raw, &len);
    if (e != ERR_NONE && e != ERR_NOT_FOUND) {
        return e;
    }
    uint64_t boot = 0;
    if (e == ERR_NONE) {
        struct reader in = reader_over(bytes_of(raw, len));
        boot = reader_u64(&in);
        uint32_t crc = reader_u32(&in);
        if (reader_done(&in) != ERR_NONE || crc != crc32c(0, bytes_of(raw, 8))) {
            return ERR_CORRUPT;
        }
    }
    struct buf b = buf_over(raw, sizeof raw);
    buf_put_u64(&b, boot + 1);
    buf_put_u32(&b, crc32c(0, bytes_of(raw, 8)));
    TRY(d->replace(d->ctx, "boot", buf_bytes(&b)));
    r->boot = boot + 1;
    return ERR_NONE;
}

static enum err store_change(void *user, const struct state_change *c)
{
    struct replica *r = user;
    return r->config.ports.store_change(r->config.ports.ctx, c);
}

/* The ledger at genesis, which the block log starts from in any case. */
static enum err start_ledger(struct replica *r, bool *resume, struct bytes *header,
                             struct merkle_frontier *history)
{
    const struct replica_ports *p = &r->config.ports;
    uint64_t height = 0;
    enum err e = p->store_tip(p->ctx, &height, header, history);
    if (e != ERR_NONE && e != ERR_NOT_FOUND) {
        return e;
    }
    *resume = e == ERR_NONE && height > 0;
    r->marked = height;
    if (*resume) {
        if (header->len > sizeof r->header) {
            return ERR_CORRUPT;
        }
        memcpy(r->header, header->ptr, header->len);
        r->header_len = header->len;
        TRY(ledger_resume(r->ledger, bytes_of(r->header, r->header_len), history));
        return replica_sit(r);
    }
    TRY(ledger_start(r->ledger, r, store_change));
    return p->store_mark(p->ctx, 0, (struct bytes){ NULL, 0 }, ledger_history(r->ledger));
}

static enum err remember_block(struct replica *r, uint64_t height, uint64_t tip_ms, bool *more)
{
    struct bytes wire = { NULL, 0 }, certificate = { NULL, 0 };
    struct block b;
    TRY(blocklog_read(&r->blocks, height, &r->work, &wire, &certificate));
    TRY(block_decode(r->suite, wire, &r->work, &b));
    /* Nothing in an older block can still have its window open. */
    *more = b.header.time_ms + r->genesis->param[PARAM_TX_WINDOW_MS] >= tip_ms;
    for (uint32_t i = 0; *more && i < b.tx_count; i++) {
        struct tx tx;
        size_t mark = arena_mark(&r->work);
        TRY(tx_decode(r->suite, b.tx[i], &r->work, &tx));
        enum err e = ledger_remember(r->ledger, &tx.id, tx.body.valid_until_ms);
        arena_release(&r->work, mark);
        if (e != ERR_NONE && e != ERR_DUPLICATE && e != ERR_STALE) {
            return e;
        }
    }
    return ERR_NONE;
}

static enum err remember_window(struct replica *r)
{
    struct ledger_tip tip = ledger_committed(r->ledger);
    bool more = true;
    for (uint64_t h = tip.height; more && h > r->blocks.base; h--) {
        size_t mark = arena_mark(&r->work);
        enum err e = h <= r->blocks.height ? remember_block(r, h, tip.time_ms, &more) : ERR_NONE;
        arena_release(&r->work, mark);
        TRY(e);
    }
    return ERR_NONE;
}

/* A last commit may name a block a few heights down: the ledger must know these headers. */
static enum err remember_headers(struct replica *r)
{
    uint64_t tip = ledger_committed(r->ledger).height;
    for (uint64_t i = 1; i <= PBFT_OPEN_MAX && i < tip && tip - i > r->blocks.base; i++) {
        struct bytes wire = { NULL, 0 }, certificate = { NULL, 0 };
        struct block b;
        size_t mark = arena_mark(&r->work);
        TRY(blocklog_read(&r->blocks, tip - i, &r->work, &wire, &certificate));
        TRY(block_decode(r->suite, wire, &r->work, &b));
        TRY(ledger_remember_header(r->ledger, b.header_bytes));
        arena_release(&r->work, mark);
    }
    return ERR_NONE;
}

/* What the shell keeps of blocks may be behind the log, as the folded view is. */
static enum err tell_replayed(struct replica *r, struct bytes wire, struct bytes certificate,
                              const struct hash *block)
{
    struct replica_commit c = { .tip = ledger_committed(r->ledger),
                                .block = wire,
                                .certificate = certificate };
    if (!r->config.tell_replayed) {
        return ERR_NONE;
    }
    TRY(ledger_receipts(r->ledger, block, &c.receipt, &c.receipt_count));
    r->config.ports.committed(r->config.ports.ctx, &c);
    return ERR_NONE;
}

static enum err replay_block(struct replica *r, uint64_t height)
{
    struct bytes wire = { NULL, 0 }, certificate = { NULL, 0 };
    struct block b;
    TRY(blocklog_read(&r->blocks, height, &r->work, &wire, &certificate));
    TRY(block_decode(r->suite, wire, &r->work, &b));
    TRY(ledger_execute_committed(r->ledger, wire));
    memcpy(r->header, b.header_bytes.ptr, b.header_bytes.len);
    r->header_len = b.header_bytes.len;
    TRY(ledger_commit(r->ledger, &b.hash, r, store_change));
    TRY(replica_sit(r));
    return tell_replayed(r, wire, certificate, &b.hash);
}

static enum err replay_blocks(struct replica *r)
{
    const struct replica_ports *p = &r->config.ports;
    for (uint64_t h = ledger_committed(r->ledger).height + 1; h <= r->blocks.height; h++) {
        size_t mark = arena_mark(&r->work);
        enum err e = replay_block(r, h);
        arena_release(&r->work, mark);
        TRY(e);
    }
    uint64_t height = ledger_committed(r->ledger).height;
    if (height == r->marked) {
        return ERR_NONE;
    }
    r->marked = height;
    return p->store_mark(p->ctx, height, bytes_of(r->header, r->header_len),
                         ledger_history(r->ledger));
}

static enum err replay_vote(void *user, uint64_t offset, uint64_t height, struct bytes body)
{
    struct replica *r = user;
    (void)offset;
    (void)height;
    struct pbft_event ev = { .kind = PBFT_REPLAY, .now_ms = r->now_ms, .bytes = body };
    return pbft_step(r->pbft, &ev, &r->effects) == ERR_NONE ? ERR_NONE : ERR_CORRUPT;
}

/* The newest commit certificate in the log: that of the tip, or of a descendant's ancestor just
 * below. */
struct bytes replica_newest_certificate(struct replica *r)
{
    for (uint64_t i = 0; i <= 2 * PBFT_OPEN_MAX && i < r->blocks.height - r->blocks.base; i++) {
        struct bytes wire = { NULL, 0 }, certificate = { NULL, 0 };
        if (blocklog_read(&r->blocks, r->blocks.height - i, &r->work, &wire, &certificate) !=
            ERR_NONE) {
            break;
        }
        if (certificate.len > 0) {
            return certificate;
        }
    }
    return (struct bytes){ NULL, 0 };
}

static void begin_consensus(struct replica *r)
{
    size_t mark = arena_mark(&r->work);
    struct pbft_event ev = { .kind = PBFT_START,
                             .now_ms = r->now_ms,
                             .from = PBFT_OBSERVER,
                             .yes = r->cleared,
                             .tip = ledger_committed(r->ledger),
                             .certificate = replica_newest_certificate(r),
                             .committee = &r->seating.now,
                             .seat = r->seat };
    r->started = true;
    r->seating.told = r->seating.now.number;
    (void)!replica_step(r, &ev);
    arena_release(&r->work, mark);
    r->tick_due = true;
}

/* A block that the ledger will not execute again is a block that the log did not keep well: cut
 * there, and fetch from peers (FORMATS 17). */
static enum err replay_or_cut(struct replica *r)
{
    enum err e = replay_blocks(r);
    if (e == ERR_NONE || e == ERR_DISK_FULL || e == ERR_FAILED || e == ERR_NO_SPACE ||
        e == ERR_VERSION) {
        return e; /* of the disk, of memory, of this release: the block is none the worse */
    }
    uint64_t height = ledger_committed(r->ledger).height;
    struct hash tip = ledger_committed(r->ledger).hash;
    TRY(blocklog_cut(&r->blocks, height, &tip));
    return replay_blocks(r);
}

/* Blocks that were committed together have one certificate, that of the last. Where a crash has
 * left others of them and not it, nothing here proves them: this seat may be counted in it by a
 * vote that never became durable and that nobody has heard. They go, and come back with a
 * certificate. What is folded was durable, with all votes before it. */
static enum err cut_unproven(struct replica *r)
{
    uint64_t from = ledger_committed(r->ledger).height, at = r->blocks.height;
    from = from > r->blocks.base ? from : r->blocks.base;
    struct bytes wire = { NULL, 0 }, certificate = { NULL, 0 };
    struct block above;
    struct hash previous = { { 0 } };
    for (; at > from && r->blocks.height - at <= PBFT_OPEN_MAX; at--) {
        if (blocklog_read(&r->blocks, at, &r->work, &wire, &certificate) != ERR_NONE ||
            block_decode(r->suite, wire, &r->work, &above) != ERR_NONE) {
            return ERR_NONE; /* the replay looks at damaged ones */
        }
        if (certificate.len > 0) {
            break;
        }
        previous = above.header.previous;
    }
    bool found = at == from || certificate.len > 0;
    return found && at < r->blocks.height ? blocklog_cut(&r->blocks, at, &previous) : ERR_NONE;
}

/* The block log and the folded view must tell the same story where both have a block. */
static enum err same_history(const struct replica *r)
{
    struct ledger_tip tip = ledger_committed(r->ledger);
    struct hash leaf;
    proof_header_leaf(r->suite, &tip.hash, &leaf);
    bool both = r->blocks.height >= tip.height && tip.height > r->blocks.base;
    bool differ = both && !hash_equal(&leaf, blocklog_leaf(&r->blocks, tip.height));
    return differ ? ERR_CORRUPT : ERR_NONE;
}

/* A log that begins above genesis is good only under a view that stands at its base or above. */
static enum err join_log(struct replica *r, bool resume)
{
    struct ledger_tip tip = ledger_committed(r->ledger);
    if (resume) {
        return tip.height < r->blocks.base ? ERR_CORRUPT : ERR_NONE;
    }
    if (r->blocks.base > 0) {
        return blocklog_restart(&r->blocks, 0, &tip.hash, ledger_history(r->ledger));
    }
    blocklog_begin(&r->blocks, &tip.hash);
    return ERR_NONE;
}

/* What the log holds of an earlier committee must not be taken for this one's. */
static enum err read_votes(struct replica *r)
{
    enum reclog_end end = RECLOG_CLEAN;
    struct pbft_event ev = { .kind = PBFT_COMMITTEE,
                             .now_ms = r->now_ms,
                             .tip = ledger_committed(r->ledger),
                             .committee = &r->seating.now,
                             .seat = r->seat };
    TRY(pbft_step(r->pbft, &ev, &r->effects));
    TRY(reclog_open(&r->votes, &r->work, r, replay_vote, &end));
    r->votes_damaged = r->votes_damaged || end == RECLOG_DAMAGED;
    r->seating.told = r->seating.now.number;
    return ERR_NONE;
}

/* Votes for a committee whose closing block is not here: the block log lost its end. Nothing is
 * signed before it is there again, and then those votes are read. */
enum err replica_begin_if_whole(struct replica *r)
{
    if (r->started || r->blocks.height < ledger_committed(r->ledger).height) {
        return ERR_NONE;
    }
    TRY(remember_headers(r));
    if (r->seating.told != r->seating.now.number) {
        TRY(read_votes(r));
    }
    if (!pbft_status(r->pbft).log_ahead) {
        begin_consensus(r);
    }
    return ERR_NONE;
}

enum err replica_recover(struct replica *r)
{
    bool resume = false;
    struct bytes header = { NULL, 0 };
    struct merkle_frontier history;
    enum reclog_end end = RECLOG_CLEAN;
    TRY(raise_boot(r));
    TRY(replica_load_keys(r));
    TRY(replica_install_taken(r));
    TRY(replica_load_hand_overs(r));
    TRY(blocklog_load_base(&r->blocks));
    TRY(start_ledger(r, &resume, &header, &history));
    TRY(join_log(r, resume));
    TRY(blocklog_open(&r->blocks, &r->work, &end));
    size_t mark = arena_mark(&r->work);
    enum err cut = cut_unproven(r);
    arena_release(&r->work, mark);
    TRY(cut);
    TRY(replica_anchors_start(r));
    if (resume) {
        TRY(same_history(r));
        TRY(remember_window(r));
    }
    if (resume && r->blocks.height >= ledger_committed(r->ledger).height) {
        TRY(remember_headers(r));
    }
    TRY(replay_or_cut(r));
    TRY(read_votes(r));
    return replica_begin_if_whole(r);
}
