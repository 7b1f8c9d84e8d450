#include "node/replica_parts_internal.h"

/* Transactions travel to all seats: new ones at once in batches, waiting ones again and again, a
 * few at a time, until they are committed or their window closes: whoever leads next must have
 * them. */

static void gossip_flush(struct replica *r)
{
    if (r->gossip_count == 0) {
        return;
    }
    size_t mark = arena_mark(&r->work);
    struct peer_txs *txs = ARENA_NEW(&r->work, struct peer_txs);
    if (txs != NULL) {
        txs->count = r->gossip_count;
        for (uint32_t i = 0; i < r->gossip_count; i++) {
            txs->tx[i] = r->gossip[i];
        }
        struct peer_message m = { .kind = PEER_TRANSACTIONS, .txs = txs };
        replica_send_message(r, REPLICA_PEER_ALL, &m);
    }
    arena_release(&r->work, mark);
    r->gossip_count = 0;
    arena_reset(&r->gossip_arena);
}

void replica_gossip_add(struct replica *r, struct bytes tx)
{
    struct bytes copy = { NULL, 0 };
    if (r->gossip_count == PEER_TXS_MAX || arena_copy(&r->gossip_arena, tx, &copy) != ERR_NONE) {
        gossip_flush(r);
        if (arena_copy(&r->gossip_arena, tx, &copy) != ERR_NONE) {
            return; /* said again with the waiting ones */
        }
    }
    if (r->gossip_count == 0) {
        r->gossip_ms = r->now_ms + r->config.gossip_ms;
    }
    r->gossip[r->gossip_count++] = copy;
}

/* The next of those that are not among the eldest, in turn. */
static struct bytes in_turn(struct replica *r)
{
    enum { ELDEST = REPLICA_AGAIN_MAX / 2 };
    bool past =
        r->gossip_cursor < ELDEST || ledger_pending_at(r->ledger, r->gossip_cursor).ptr == NULL;
    r->gossip_cursor = past ? ELDEST : r->gossip_cursor;
    return ledger_pending_at(r->ledger, r->gossip_cursor++);
}

/* Half of them are the oldest, for whose sake a primary is voted out; the others take turns. */
static void gossip_again(struct replica *r)
{
    uint32_t pending = ledger_pending(r->ledger);
    uint64_t oldest = ledger_oldest_pending_ms(r->ledger);
    if (pending == 0 || oldest + r->config.resend_ms > r->now_ms) {
        return;
    }
    uint32_t count = pending < REPLICA_AGAIN_MAX ? pending : REPLICA_AGAIN_MAX;
    for (uint32_t i = 0; i < count; i++) {
        bool eldest = i < REPLICA_AGAIN_MAX / 2;
        struct bytes tx = eldest ? ledger_pending_at(r->ledger, i) : in_turn(r);
        if (tx.len > 0 && tx.len <= REPLICA_GOSSIP_BYTES / 2) {
            replica_gossip_add(r, tx);
        }
    }
}

void replica_gossip_tick(struct replica *r)
{
    if (r->now_ms >= r->resend_ms) {
        gossip_again(r);
    }
    if (r->gossip_count > 0 && r->now_ms >= r->gossip_ms) {
        gossip_flush(r);
    }
}

enum err replica_on_txs(struct replica *r, const struct peer_txs *txs)
{
    enum err first = ERR_NONE;
    enum activity was = replica_turn(r, ACTIVITY_EXECUTE);
    for (uint32_t i = 0; i < txs->count; i++) {
        struct hash id;
        enum err e = ledger_submit(r->ledger, txs->tx[i], r->now_ms, &id);
        r->tick_due = r->tick_due || e == ERR_NONE;
        /* Said twice or too late is what gossip is like, not a fault of the peer. */
        bool fault = e != ERR_NONE && e != ERR_DUPLICATE && e != ERR_STALE && e != ERR_BUSY;
        first = fault && first == ERR_NONE ? e : first;
    }
    (void)replica_turn(r, was);
    return first;
}
