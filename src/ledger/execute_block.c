/* Executing blocks that others built. */
#include "ledger/ledger_internal.h"

/* Before anything of the block has run: signatures are judged against the parent's state. */
static enum err txs_admissible(struct ledger *l, const struct block *b)
{
    struct signature_batch *batch = ARENA_NEW(&l->scratch, struct signature_batch);
    if (batch == NULL) {
        return ERR_NO_SPACE;
    }
    batch->count = 0;
    ledger_context(l, CTX_NEWEST, b->header.time_ms, b->header.height);
    for (uint32_t i = 0; i < b->tx_count; i++) {
        struct tx tx;
        TRY(ledger_decode(l, b->tx[i], &tx));
        l->ctx.tx = &tx;
        TRY(tx_window_check(&l->ctx));
        if (replay_find(&l->replay, &tx.id) != NULL) {
            return ERR_DUPLICATE;
        }
        TRY(tx_signatures_gather(&l->ctx, batch));
    }
    return signature_batch_flush(&l->verified_signatures, batch);
}

static enum err txs_run(struct ledger *l, const struct block *b, struct block_run *run)
{
    for (uint32_t i = 0; i < b->tx_count; i++) {
        struct tx tx;
        TRY(ledger_decode(l, b->tx[i], &tx));
        TRY(block_run_tx(l, run, &tx));
    }
    return ERR_NONE;
}

static enum err roots_check(struct ledger *l, const struct block_run *run, const struct header *h)
{
    struct header own = { 0 };
    TRY(block_run_roots(l, run, &own));
    if (own.cost != h->cost) {
        return ERR_RANGE;
    }
    return hash_equal(&own.tx_root, &h->tx_root) &&
                   hash_equal(&own.receipt_root, &h->receipt_root) &&
                   hash_equal(&own.state_root, &h->state_root) &&
                   hash_equal(&own.next_committee_hash, &h->next_committee_hash)
               ? ERR_NONE
               : ERR_PROOF;
}

static enum err block_run_whole(struct ledger *l, const struct block *b)
{
    struct bytes wire;
    struct block_run run;
    struct link *link = l->chain[l->open_count + 1];
    arena_reset(&link->arena);
    TRY(txs_admissible(l, b));
    TRY(arena_copy(&link->arena, b->wire, &wire));
    TRY(block_run_begin(l, b->header.time_ms, b->tx_count, &run));
    enum err e = txs_run(l, b, &run);
    if (e == ERR_NONE) {
        e = roots_check(l, &run, &b->header);
    }
    if (e != ERR_NONE) {
        block_run_abandon(l, &run);
        return e;
    }
    block_run_seal(l, &run, &b->header, &b->hash, wire);
    return ERR_NONE;
}

enum err ledger_stand_on(struct ledger *l, const struct hash *parent)
{
    uint32_t depth;
    if (ledger_find(l, parent, &depth) == NULL) {
        return ERR_STATE;
    }
    ledger_drop_above(l, parent);
    return l->open_count == LEDGER_OPEN_MAX ? ERR_STATE : ERR_NONE;
}

enum err ledger_execute(struct ledger *l, struct bytes wire)
{
    struct block b;
    uint32_t depth;
    arena_reset(&l->scratch);
    TRY(block_decode(l->suite, wire, &l->scratch, &b));
    const struct link *open = ledger_find(l, &b.hash, &depth);
    if (open != NULL) {
        return depth > 0 && bytes_equal(open->wire, wire) ? ERR_NONE : ERR_STATE;
    }
    TRY(ledger_stand_on(l, &b.header.previous));
    if (wire.len > l->genesis->param[PARAM_BLOCK_SIZE_MAX]) {
        return ERR_RANGE;
    }
    TRY(header_check(l, &b.header));
    TRY(last_commit_check(l, &b.header, b.certificate_bytes));
    return block_run_whole(l, &b);
}

enum err ledger_execute_committed(struct ledger *l, struct bytes wire)
{
    struct block b;
    arena_reset(&l->scratch);
    TRY(block_decode(l->suite, wire, &l->scratch, &b));
    if (b.certificate_bytes.len > 0) {
        certificate_hash(l->suite, b.certificate_bytes, &l->verified);
    }
    return ledger_execute(l, wire);
}
