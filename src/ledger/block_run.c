/* Running the transactions of one block above the newest one. Proposer and validators come through
 * here alike, so what one builds the others reach. */
#include "ledger/ledger_internal.h"
#include "ledger/proof.h"

static enum err memory_take(struct ledger *l, uint32_t count_max, struct block_run *b)
{
    struct run *r = &b->run;
    r->receipt = ARENA_ARRAY(&b->link->arena, struct receipt, count_max);
    r->valid_until_ms = ARENA_ARRAY(&b->link->arena, uint64_t, count_max);
    r->tx_leaf = ARENA_ARRAY(&l->scratch, struct hash, count_max);
    r->receipt_leaf = ARENA_ARRAY(&l->scratch, struct hash, count_max);
    return r->receipt != NULL && r->valid_until_ms != NULL && r->tx_leaf != NULL &&
                   r->receipt_leaf != NULL
               ? ERR_NONE
               : ERR_NO_SPACE;
}

enum err block_run_begin(struct ledger *l, uint64_t time_ms, uint32_t count_max,
                         struct block_run *b)
{
    ASSERT(l->open_count < LEDGER_OPEN_MAX);
    struct link *link = l->chain[l->open_count + 1];
    struct block_run fresh = { .link = link };
    TRY(memory_take(l, count_max, &fresh));
    TRY(state_open(l->state));
    ledger_context(l, CTX_NEWEST, time_ms, ledger_top(l)->tip.height + 1);
    l->ctx.committee = &link->committee;
    l->ctx.keep = &link->arena;
    fresh.run.ctx = &l->ctx;
    fresh.run.keep = &link->arena;
    fresh.run.count_max = count_max;
    fresh.run.epoch = genesis_epoch(l->genesis, time_ms);
    enum err e = committee_begin(l, ledger_top(l), link);
    if (e != ERR_NONE) {
        state_drop(l->state);
        return e;
    }
    *b = fresh;
    return ERR_NONE;
}

enum err block_run_tx(struct ledger *l, struct block_run *b, const struct tx *tx)
{
    uint64_t height = l->ctx.height;
    TRY(replay_add(&l->replay, &tx->id, tx->body.valid_until_ms, height));
    enum err e = run_tx(&b->run, tx);
    if (e != ERR_NONE) {
        replay_remove(&l->replay, &tx->id);
        return e;
    }
    b->seen++;
    return ERR_NONE;
}

enum err block_run_roots(struct ledger *l, const struct block_run *b, struct header *h)
{
    const struct run *r = &b->run;
    h->cost = r->cost;
    h->tx_count = r->count;
    enum activity was = activity_turn(&l->activity, ACTIVITY_HASH);
    merkle_root(l->suite, r->tx_leaf, r->count, &h->tx_root);
    merkle_root(l->suite, r->receipt_leaf, r->count, &h->receipt_root);
    state_root(l->state, &h->state_root);
    (void)activity_turn(&l->activity, was);
    return committee_end(l, b->link, h);
}

void block_run_seal(struct ledger *l, struct block_run *b, const struct header *h,
                    const struct hash *hash, struct bytes wire)
{
    struct link *link = b->link;
    struct hash leaf;
    link->header = *h;
    link->tip = ledger_tip_of(l, h, hash);
    link->wire = wire;
    link->receipt = b->run.receipt;
    link->valid_until_ms = b->run.valid_until_ms;
    link->count = b->run.count;
    link->history = ledger_top(l)->history;
    proof_header_leaf(l->suite, hash, &leaf);
    merkle_frontier_append(l->suite, &link->history, &leaf);
    l->open_count++;
}

void block_run_abandon(struct ledger *l, struct block_run *b)
{
    for (uint32_t i = 0; i < b->seen; i++) {
        replay_remove(&l->replay, &b->run.receipt[i].transaction);
    }
    state_drop(l->state);
}
