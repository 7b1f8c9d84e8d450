/* Building blocks from what waits: a share to each class, round-robin by author, then age. */
#include "ledger/ledger_internal.h"

enum {
    FRAME_LENGTH_SIZE = 4,
    ARENA_ALIGNMENT = 16,
    LINK_FRAME_SHARE = 4, /* of a link's memory the frame takes a quarter; receipts need the rest */
    CLASS_SHARE = 4       /* of a block's places and bytes a class that waits has a quarter */
};

/* What a proposer has chosen so far: entries of the pool whose place in the block is not yet sure.
 */
struct choice {
    uint32_t *index;
    uint32_t count, count_max;
    size_t size, size_max; /* of the block's frame */
};

/* Those of one class that were not looked at yet, in the pool's order. */
struct line {
    const uint64_t *next, *end;
};

static bool invalid_for_ever(enum err e)
{
    return e == ERR_STALE || e == ERR_SIGNATURE || e == ERR_ENCODING;
}

/* Against the parent's state, as a validator will. */
static enum err choose_one(struct ledger *l, uint32_t index, size_t size_max, struct choice *c)
{
    struct bytes wire = mempool_bytes(&l->mempool, index);
    if (c->size + FRAME_LENGTH_SIZE + wire.len > size_max) {
        return ERR_SIZE;
    }
    struct tx tx;
    TRY(ledger_decode(l, wire, &tx));
    l->ctx.tx = &tx;
    TRY(tx_window_check(&l->ctx));
    if (replay_find(&l->replay, &tx.id) != NULL) {
        return ERR_DUPLICATE;
    }
    TRY(tx_signatures_check(&l->ctx));
    c->index[c->count++] = index;
    c->size += FRAME_LENGTH_SIZE + wire.len;
    return ERR_NONE;
}

/* The next of a class, while the block holds less than that. A transaction in an open ancestor
 * stays in the pool: the ancestor may yet be dropped. */
static enum err choose_of(struct ledger *l, struct line *line, uint32_t count_max, size_t size_max,
                          struct choice *c)
{
    for (; line->next < line->end && c->count < count_max; line->next++) {
        uint32_t index = mempool_order_index(*line->next);
        enum err e = choose_one(l, index, size_max, c);
        if (l->ctx.fatal != ERR_NONE) {
            return l->ctx.fatal;
        }
        if (e == ERR_SIZE && size_max < c->size_max) {
            return ERR_NONE; /* the class has its share; this one may come in what is left */
        }
        if (invalid_for_ever(e)) {
            mempool_remove(&l->mempool, &l->mempool.entry[index].id);
        }
    }
    return ERR_NONE;
}

static uint32_t share_of(uint32_t count)
{
    return count < CLASS_SHARE ? 1 : count / CLASS_SHARE;
}

/* First its share to each class, so that a flood of one keeps no other out; then what is left, to
 * the earlier first. */
static enum err choose_lines(struct ledger *l, struct line line[MEMPOOL_CLASSES], struct choice *c)
{
    for (uint32_t k = 0; k < MEMPOOL_CLASSES; k++) {
        uint32_t count = c->count + share_of(c->count_max);
        size_t size = c->size + c->size_max / CLASS_SHARE;
        count = count < c->count_max ? count : c->count_max;
        size = size < c->size_max ? size : c->size_max;
        TRY(choose_of(l, &line[k], count, size, c));
    }
    for (uint32_t k = 0; k < MEMPOOL_CLASSES; k++) {
        TRY(choose_of(l, &line[k], c->count_max, c->size_max, c));
    }
    return ERR_NONE;
}

/* Into the order that a block has: no class before an earlier one, and as chosen within it. */
static enum err by_class(struct ledger *l, struct choice *c)
{
    uint32_t *index = ARENA_ARRAY(&l->scratch, uint32_t, c->count_max), n = 0;
    if (index == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t k = 0; k < MEMPOOL_CLASSES; k++) {
        for (uint32_t i = 0; i < c->count; i++) {
            if (l->mempool.entry[c->index[i]].order_class == k) {
                index[n++] = c->index[i];
            }
        }
    }
    ASSERT(n == c->count);
    c->index = index;
    return ERR_NONE;
}

static enum err choose(struct ledger *l, struct choice *c)
{
    const uint64_t *order = mempool_order(&l->mempool);
    struct line line[MEMPOOL_CLASSES];
    uint32_t waiting = l->mempool.count, at = 0;
    for (uint32_t k = 0; k < MEMPOOL_CLASSES; k++) {
        line[k].next = order + at;
        while (at < waiting && l->mempool.entry[mempool_order_index(order[at])].order_class == k) {
            at++;
        }
        line[k].end = order + at;
    }
    TRY(choose_lines(l, line, c));
    return by_class(l, c);
}

/* Run what was chosen; what a rule keeps out stays in the pool for a later block. Full memory ends
 * the block, not the proposer. */
static enum err run_chosen(struct ledger *l, const struct choice *c, struct block_run *run,
                           struct bytes *taken)
{
    for (uint32_t i = 0; i < c->count; i++) {
        struct tx tx;
        struct bytes wire = mempool_bytes(&l->mempool, c->index[i]);
        TRY(ledger_decode(l, wire, &tx));
        enum err e = block_run_tx(l, run, &tx);
        if (e == ERR_NONE) {
            taken[run->run.count - 1] = wire;
        } else if (e == ERR_NO_SPACE) {
            l->ctx.fatal = ERR_NONE;
            return ERR_NONE;
        } else if (e != ERR_RANGE) {
            return e;
        }
    }
    return ERR_NONE;
}

/* The header of a block on the newest one, but for what execution says. */
static enum err header_begin(struct ledger *l, uint64_t time_ms, const struct hash *proposer,
                             struct bytes certificate, struct header *h)
{
    const struct link *parent = ledger_top(l);
    struct committee sits;
    uint32_t version_set = 0;
    TRY(version_set_next(l, &version_set));
    committee_after(l, parent, &sits);
    *h = (struct header){ .version_set = version_set,
                          .height = parent->tip.height + 1,
                          .time_ms = time_ms,
                          .previous = parent->tip.hash,
                          .committee_hash = sits.hash,
                          .proposer = *proposer };
    merkle_frontier_root(l->suite, &parent->history, &h->history_root);
    TRY(last_commit_of(l, certificate, &h->last_commit));
    TRY(header_check(l, h));
    return last_commit_check(l, h, certificate);
}

/* Fill the frame, whose memory was reserved before the receipts took theirs. */
static enum err frame_fill(struct ledger *l, const struct header *h, struct bytes certificate,
                           const struct bytes *tx, struct arena frame, struct hash *hash,
                           struct bytes *out)
{
    struct bytes header;
    TRY(header_encode(h, &l->scratch, &header));
    header_hash(l->suite, header, hash);
    return block_encode(header, certificate, tx, h->tx_count, &frame, out);
}

static enum err build_run(struct ledger *l, struct header *h, struct bytes certificate,
                          const struct choice *c, struct bytes *out)
{
    struct link *link = l->chain[l->open_count + 1];
    size_t frame_size = c->size + ARENA_ALIGNMENT;
    uint8_t *frame = arena_alloc(&link->arena, frame_size);
    struct bytes *taken = ARENA_ARRAY(&l->scratch, struct bytes, c->count);
    struct block_run run;
    struct hash hash;
    if (frame == NULL || taken == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(block_run_begin(l, h->time_ms, c->count, &run));
    enum err e = run_chosen(l, c, &run, taken);
    if (e == ERR_NONE) {
        e = block_run_roots(l, &run, h);
    }
    if (e == ERR_NONE) {
        e = frame_fill(l, h, certificate, taken, arena_over(frame, frame_size), &hash, out);
    }
    if (e != ERR_NONE) {
        block_run_abandon(l, &run);
        return e;
    }
    block_run_seal(l, &run, h, &hash, *out);
    return ERR_NONE;
}

void ledger_build_at_most(struct ledger *l, uint32_t txs)
{
    l->build_most = txs;
}

enum err ledger_build(struct ledger *l, const struct hash *parent, uint64_t time_ms,
                      const struct hash *proposer, struct bytes certificate, struct bytes *out)
{
    struct header h;
    struct choice c = { .size = 2 * FRAME_LENGTH_SIZE + HEADER_SIZE_MAX + certificate.len };
    struct bytes wire;
    arena_reset(&l->scratch);
    TRY(ledger_stand_on(l, parent));
    TRY(header_begin(l, time_ms, proposer, certificate, &h));
    mempool_sweep(&l->mempool, time_ms);
    struct link *link = l->chain[l->open_count + 1];
    arena_reset(&link->arena);
    uint64_t txs_max = l->genesis->param[PARAM_BLOCK_TXS_MAX];
    uint64_t size_max = l->genesis->param[PARAM_BLOCK_SIZE_MAX];
    uint64_t room = link->arena.size / LINK_FRAME_SHARE;
    if (must_be_empty(l, &h)) {
        txs_max = 0;
    }
    if (l->build_most > 0 && l->build_most < txs_max) {
        txs_max = l->build_most;
    }
    c.count_max = l->mempool.count < txs_max ? l->mempool.count : (uint32_t)txs_max;
    c.size_max = size_max < room ? size_max : room;
    c.index = ARENA_ARRAY(&l->scratch, uint32_t, c.count_max);
    if (c.index == NULL) {
        return ERR_NO_SPACE;
    }
    ledger_context(l, CTX_NEWEST, time_ms, h.height);
    TRY(choose(l, &c));
    TRY(build_run(l, &h, certificate, &c, &wire));
    *out = wire;
    return ERR_NONE;
}
