/* Taking in transactions. */
#include "ledger/ledger_internal.h"

/* Valid transactions use a part of it, so running out is a
 * property of the bytes and the same on every node. */
enum err ledger_decode(struct ledger *l, struct bytes wire, struct tx *out)
{
    arena_reset(&l->tx_arena);
    enum err e = tx_decode(l->suite, wire, &l->tx_arena, out);
    return e == ERR_NO_SPACE || e == ERR_SIZE ? ERR_ENCODING : e;
}

/* A full pool loses what one block holds with the next commit. */
enum { RETRY_POOL_MS = 1000 };

/* What its author's quota or a whole block cannot hold would wait for nothing, and a replica that
 * sees a transaction wait votes the primary out. */
static enum err cost_check(struct ledger *l, const struct tx_signer *author, uint64_t cost)
{
    struct quota_use used;
    uint64_t now = l->ctx.time_ms, epoch = l->genesis->epoch_ms;
    if (cost > l->genesis->param[PARAM_BLOCK_COST_MAX]) {
        return ERR_RANGE;
    }
    TRY(quota_used(&l->ctx, author, genesis_epoch(l->genesis, now), &used));
    used.author += mempool_cost(&l->mempool, &author->did);
    used.signer += mempool_signer_cost(&l->mempool, &author->did, author->key);
    if (!quota_fits(l->genesis, &used, cost)) {
        /* What waits may still expire unpaid, but the next epoch is sure. */
        l->retry_ms = epoch - (now - l->genesis->start_ms) % epoch;
        return ERR_BUSY;
    }
    return ERR_NONE;
}

/* All of admission but the signatures. The window is judged at the later of the caller's clock and
 * the chain's time: ids are forgotten by the latter, so a clock that is behind would take in again
 * what is in a block. */
static enum err admissible(struct ledger *l, const struct tx *tx, uint64_t now_ms,
                           struct pending *out)
{
    const struct ledger_tip tip = ledger_committed(l);
    uint64_t judged_ms = now_ms > tip.time_ms ? now_ms : tip.time_ms;
    const struct seen *seen = replay_find(&l->replay, &tx->id);
    if (mempool_has(&l->mempool, &tx->id) || (seen != NULL && seen->height <= tip.height)) {
        return ERR_DUPLICATE;
    }
    const struct contract_method *m =
        method_find(l->contracts, tx->body.method, l->chain[0]->header.version_set);
    if (m == NULL) {
        return ERR_UNSUPPORTED;
    }
    ledger_context(l, CTX_COMMITTED, judged_ms, tip.height);
    l->ctx.tx = tx;
    TRY(tx_window_check(&l->ctx));
    struct pending p = { .id = tx->id,
                         .author = tx->body.signer[0].did,
                         .key = tx->body.signer[0].key,
                         .valid_until_ms = tx->body.valid_until_ms,
                         .arrival_ms = now_ms,
                         .cost = tx_cost(m, tx),
                         .order_class = method_class(m) };
    TRY(cost_check(l, &tx->body.signer[0], p.cost));
    if (!mempool_may_take(&l->mempool, &p.author, (uint32_t)tx->wire.len, now_ms)) {
        l->retry_ms = RETRY_POOL_MS;
        return ERR_BUSY;
    }
    *out = p;
    return ERR_NONE;
}

enum err ledger_admission(struct ledger *l, struct bytes tx_bytes, uint64_t now_ms,
                          struct ledger_signature out[TX_SIGNERS_MAX], uint32_t *count)
{
    struct tx tx;
    struct pending p;
    TRY(ledger_decode(l, tx_bytes, &tx));
    TRY(admissible(l, &tx, now_ms, &p));
    return tx_signatures_ask(&l->ctx, out, count);
}

enum err ledger_submit(struct ledger *l, struct bytes tx_bytes, uint64_t now_ms, struct hash *id)
{
    struct tx tx;
    struct pending p;
    TRY(ledger_decode(l, tx_bytes, &tx));
    TRY(admissible(l, &tx, now_ms, &p));
    TRY(tx_signatures_check(&l->ctx));
    enum err e = mempool_add(&l->mempool, p, tx_bytes);
    if (e == ERR_BUSY) {
        mempool_sweep(&l->mempool, now_ms);
        e = mempool_add(&l->mempool, p, tx_bytes);
    }
    if (e == ERR_BUSY && mempool_make_room(&l->mempool, &p.author, (uint32_t)tx_bytes.len)) {
        e = mempool_add(&l->mempool, p, tx_bytes);
    }
    l->retry_ms = RETRY_POOL_MS;
    TRY(e);
    *id = tx.id;
    return ERR_NONE;
}

enum err ledger_block_admission(struct ledger *l, struct bytes block, struct ledger_signature *out,
                                uint32_t max, uint32_t *count)
{
    struct block b;
    uint32_t n = 0;
    arena_reset(&l->scratch);
    TRY(block_decode(l->suite, block, &l->scratch, &b));
    ledger_context(l, CTX_NEWEST, b.header.time_ms, b.header.height);
    for (uint32_t i = 0; i < b.tx_count && n + TX_SIGNERS_MAX <= max; i++) {
        struct tx tx;
        uint32_t asked;
        TRY(ledger_decode(l, b.tx[i], &tx));
        l->ctx.tx = &tx;
        if (tx_signatures_ask(&l->ctx, out + n, &asked) == ERR_NONE) {
            n += asked;
        }
    }
    *count = n;
    return ERR_NONE;
}

uint64_t ledger_retry_ms(const struct ledger *l)
{
    return l->retry_ms;
}

void ledger_vouch(struct ledger *l, const struct ledger_signature *x)
{
    verified_add(&l->verified_signatures, x);
    l->verified_signatures.counts.vouched++;
}

struct ledger_signature_counts ledger_signature_counts(const struct ledger *l)
{
    return l->verified_signatures.counts;
}

uint32_t ledger_pending(const struct ledger *l)
{
    return l->mempool.count;
}

uint64_t ledger_oldest_pending_ms(struct ledger *l)
{
    const struct pending *oldest = mempool_oldest(&l->mempool);
    return oldest == NULL ? 0 : oldest->arrival_ms;
}

struct bytes ledger_pending_at(struct ledger *l, uint32_t index)
{
    struct mempool *m = &l->mempool;
    (void)mempool_oldest(m);
    if (index >= m->end - m->first) {
        return bytes_of(NULL, 0);
    }
    struct bytes tx = mempool_bytes(m, m->first + index);
    return m->entry[m->first + index].gone ? bytes_of(tx.ptr, 0) : tx;
}
