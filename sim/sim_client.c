#include <stdlib.h>
#include <string.h>

#include "sim/sim_member_internal.h"
#include "sim/sim_parts_internal.h"

/* Clients: participants that sign transactions, hand them to a node, and ask again elsewhere, under
 * the same id, until some node says that it is committed. */

enum { ASK_AGAIN_MS = 1500 };

static enum err make_tx(struct world *w, const struct sim_right *r, enum sim_order_kind kind,
                        struct bytes *wire, struct sim_tx *t)
{
    struct sim_order order;
    struct bytes bytes = { NULL, 0 };
    uint8_t signature[SUITE_SIGNATURE_SIZE_MAX];
    struct arena *a = &w->scratch;
    TRY(kind == SIM_ORDER_ANY     ? sim_work(w, a, &order)
        : kind == SIM_ORDER_SEAT  ? sim_member_order(w, a, &order)
        : kind == SIM_ORDER_FLOOD ? sim_flood(w, a, &order)
                                  : sim_work_right(w, a, r, kind, &order));
    struct tx_body *body = &order.body;
    body->space = w->genesis.space;
    body->valid_until_ms = w->now_ms + w->window_ms;
    body->signer_count = 1;
    body->signer[0] = (struct tx_signer){ w->genesis.participant[order.from].id, 1 };
    TRY(tx_encode_body(body, a, &bytes));
    suite_sign_tagged(w->suite, w->participant_seed[order.from], "carnet/tx/v1", bytes, signature);
    struct bytes signed_by = bytes_of(signature, w->suite->signature_size);
    TRY(tx_encode(bytes, &signed_by, 1, a, wire));
    tx_id(w->suite, bytes, &t->id);
    if (order.granted != NULL) {
        order.granted->grant = t->id;
    }
    t->valid_until_ms = body->valid_until_ms;
    return ERR_NONE;
}

void sim_new_tx(struct world *w, const struct sim_right *r, enum sim_order_kind kind)
{
    if (w->tx_count == SIM_TXS_MAX) {
        return;
    }
    struct sim_tx *t = &w->tx[w->tx_count];
    struct bytes wire = { NULL, 0 };
    arena_reset(&w->scratch);
    enum err e = make_tx(w, r, kind, &wire, t);
    ASSERT(e == ERR_NONE);
    t->wire = malloc(wire.len);
    ASSERT(t->wire != NULL);
    memcpy(t->wire, wire.ptr, wire.len);
    t->len = wire.len;
    w->tx_count++;
}

static void ask(struct world *w, struct sim_tx *t, struct sim_node *n)
{
    t->asked_ms = w->now_ms;
    if (!n->up || n->liar != NULL) {
        return;
    }
    struct hash id;
    uint64_t now = (uint64_t)((int64_t)w->now_ms + n->skew_ms);
    struct sim_node *before = sim_enter(w, n);
    enum err e = replica_submit(n->replica, now, bytes_of(t->wire, t->len), &id);
    sim_leave(w, before);
    t->accepted = t->accepted || e == ERR_NONE;
    w->result->delivered[SIM_FLOOD] += e == ERR_BUSY ? 1 : 0;
    if (w->options.mutant == SIM_MUTANT_LOSE_TX && e == ERR_NONE) {
        t->committed = true;
    }
    /* Too late by the node's clock, or by that of the chain, which may be ahead of it. */
    uint64_t chain = replica_status(n->replica).tip.time_ms;
    bool late = e == ERR_STALE && (now > chain ? now : chain) >= t->valid_until_ms;
    if (!late && e != ERR_NONE && e != ERR_DUPLICATE && e != ERR_BUSY && e != ERR_DISK_FULL &&
        e != ERR_FAILED) {
        sim_violation(w, SIM_SERVICE, "n%u refuses a good transaction: %s", n->index, err_name(e));
    }
    sim_after(w, n);
}

/* The same transaction once more, as after an answer that was lost: a node that votes knows every
 * transaction whose window is open, wherever it began (FORMATS 15). */
static void ask_again(struct world *w)
{
    struct hash id;
    uint32_t from = (uint32_t)sim_below(&w->random, w->tx_count + 1);
    struct sim_node *n = &w->node[sim_below(&w->random, w->nodes)];
    const struct sim_tx *t = NULL;
    for (uint32_t i = 0; i < w->tx_count && t == NULL; i++) {
        const struct sim_tx *one = &w->tx[(from + i) % w->tx_count];
        t = one->height > 0 && one->valid_until_ms > w->now_ms ? one : NULL;
    }
    if (t == NULL || !n->up || n->liar != NULL) {
        return;
    }
    struct replica_status s = replica_status(n->replica);
    if (!s.voting || s.tip.height < t->height) {
        return;
    }
    uint64_t now = (uint64_t)((int64_t)w->now_ms + n->skew_ms);
    struct sim_node *before = sim_enter(w, n);
    enum err e = replica_submit(n->replica, now, bytes_of(t->wire, t->len), &id);
    sim_leave(w, before);
    if (e == ERR_NONE) {
        sim_violation(w, SIM_VALIDITY, "n%u takes a transaction again that is in block %llu",
                      n->index, (unsigned long long)t->height);
    }
    sim_after(w, n);
}

/* Told, or in a block whose only witness crashed before it could tell: then a client finds it by
 * asking for its id. */
static bool settled(const struct sim_tx *t)
{
    return t->committed || t->height != 0;
}

uint32_t sim_waiting(const struct world *w)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->tx_count; i++) {
        const struct sim_tx *t = &w->tx[i];
        n += t->accepted && !settled(t) && t->valid_until_ms > w->now_ms ? 1 : 0;
    }
    return n;
}

bool sim_probed(const struct world *w)
{
    for (uint32_t i = w->first_probe; i < w->tx_count; i++) {
        if (settled(&w->tx[i])) {
            return true;
        }
    }
    return w->tx_count == SIM_TXS_MAX;
}

/* After the healing one transaction at a time, until one is committed: old ones may expire. */
static void probe(struct world *w)
{
    uint32_t last = w->tx_count;
    bool open = last > w->first_probe && w->tx[last - 1].valid_until_ms > w->now_ms;
    if (!open && !sim_probed(w)) {
        sim_new_tx(w, NULL, SIM_ORDER_ANY);
    }
}

/* One participant sends more than its share of a node's pool to one node. What is refused is asked
 * again like everything else. */
static void flood(struct world *w)
{
    struct sim_node *n = &w->node[sim_below(&w->random, w->nodes)];
    for (; w->flood > 0 && w->tx_count < SIM_TXS_MAX - SIM_TXS_KEPT; w->flood--) {
        sim_new_tx(w, NULL, SIM_ORDER_FLOOD);
        ask(w, &w->tx[w->tx_count - 1], n);
    }
    w->flood = 0;
}

static void new_orders(struct world *w)
{
    uint64_t count = 1 + sim_below(&w->random, w->result->orders);
    for (uint64_t i = 0; i < count && w->tx_count < SIM_TXS_MAX - SIM_TXS_KEPT; i++) {
        sim_new_tx(w, NULL, SIM_ORDER_ANY);
    }
    if (w->flood > 0) {
        flood(w);
    }
}

void sim_client(struct world *w)
{
    if (w->healed) {
        probe(w);
    } else if (sim_chance(&w->random, 300)) {
        ask_again(w);
    }
    if (!w->healed) {
        new_orders(w);
    }
    sim_brokers(w);
    sim_members(w);
    for (uint32_t i = 0; i < w->tx_count; i++) {
        struct sim_tx *t = &w->tx[i];
        if (!settled(t) && !t->held && w->now_ms >= t->asked_ms + ASK_AGAIN_MS) {
            ask(w, t, &w->node[sim_below(&w->random, w->nodes)]);
        }
    }
    sim_schedule(w, (struct sim_event){ .at_ms = w->now_ms + 50 + sim_below(&w->random, 200),
                                        .kind = SIM_CLIENT });
}
