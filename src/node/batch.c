#include <stdlib.h>
#include <string.h>

#include "node/node_internal.h"

/* Transactions by the hundred: the loop asks which signatures are not known, the workers verify
 * them, the loop submits. A ticket names a place and which of its tenants is meant. */

enum { PLACE_BITS = 8, PLACE_MASK = (1 << PLACE_BITS) - 1 };
_Static_assert((int)NODE_BATCHES_MAX <= PLACE_MASK + 1, "a place fits a ticket");

static struct batch_entry *entry_of(const struct node *n, uint32_t ticket)
{
    uint32_t place = ticket & PLACE_MASK;
    const struct batch_entry *e = place < NODE_BATCHES_MAX ? &n->batches.entry[place] : NULL;
    bool same = e != NULL && e->used && !e->forgotten && e->serial == ticket >> PLACE_BITS;
    return same ? (struct batch_entry *)(uintptr_t)e : NULL;
}

static void leave(struct batch_entry *e)
{
    free(e->fared);
    *e = (struct batch_entry){ 0 };
}

static enum err count_framed(struct bytes framed, uint32_t *count)
{
    struct reader r = reader_over(framed);
    uint32_t n = 0;
    if (framed.len > NODE_BATCH_SIZE_MAX) {
        return ERR_SIZE;
    }
    while (r.left > 0 && !r.bad) {
        struct bytes tx = reader_take(&r, reader_u32(&r));
        if (r.bad || tx.len == 0) {
            return ERR_ENCODING;
        }
        n++;
    }
    *count = n;
    return n == 0 ? ERR_ENCODING : n > NODE_BATCH_TXS_MAX ? ERR_SIZE : ERR_NONE;
}

/* A transaction that cannot be admitted asks nothing, and hears why when it is submitted. */
static uint32_t ask(struct node *n, struct bytes framed, struct ledger_signature *x)
{
    struct reader r = reader_over(framed);
    uint64_t now = node_now_ms(n);
    uint32_t count = 0;
    enum activity was = meter_turn(&n->meter, ACTIVITY_EXECUTE);
    while (r.left > 0 && count + TX_SIGNERS_MAX <= VERIFY_QUESTIONS_MAX) {
        struct bytes tx = reader_take(&r, reader_u32(&r));
        uint32_t asked = 0;
        if (ledger_admission(replica_ledger(n->replica), tx, now, x + count, &asked) == ERR_NONE) {
            count += asked;
        }
    }
    (void)meter_turn(&n->meter, was);
    return count;
}

static void submit_all(struct node *n, struct bytes framed, struct batch_entry *e)
{
    struct reader r = reader_over(framed);
    uint64_t now = node_now_ms(n);
    enum activity was = meter_turn(&n->meter, ACTIVITY_EXECUTE); /* one turn for all of them */
    for (uint32_t i = 0; i < e->count; i++) {
        struct hash id;
        e->fared[i] = replica_submit(n->replica, now, reader_take(&r, reader_u32(&r)), &id);
    }
    (void)meter_turn(&n->meter, was);
    e->done = true;
    node_settle(n);
}

void batch_verified(struct node *n, uint32_t place, struct bytes framed)
{
    struct batch_entry *e = &n->batches.entry[place];
    ASSERT(e->used && !e->done);
    submit_all(n, framed, e);
    if (e->forgotten) {
        leave(e);
        return;
    }
    node_tell_watchers(n);
}

static enum err take_place(struct node *n, uint32_t count, uint32_t *place)
{
    for (uint32_t i = 0; i < NODE_BATCHES_MAX; i++) {
        struct batch_entry *e = &n->batches.entry[i];
        if (!e->used) {
            *e = (struct batch_entry){ .used = true, .count = count };
            e->serial = ++n->batches.serial & (UINT32_MAX >> PLACE_BITS);
            e->fared = calloc(count, sizeof *e->fared);
            *place = i;
            if (e->fared == NULL) {
                leave(e);
            }
            return e->used ? ERR_NONE : ERR_BUSY;
        }
    }
    return ERR_BUSY;
}

enum err node_batch_submit(struct node *n, struct bytes framed, uint32_t *ticket)
{
    uint32_t count = 0, place = 0;
    TRY(count_framed(framed, &count));
    if (verify_full(n->verify, VERIFY_TXS)) {
        return ERR_BUSY;
    }
    TRY(take_place(n, count, &place));
    struct batch_entry *e = &n->batches.entry[place];
    struct ledger_signature *x = verify_room(n->verify);
    uint32_t questions = ask(n, framed, x);
    if (questions < VERIFY_QUESTIONS_MIN) {
        submit_all(n, framed, e);
    } else if (verify_start(n->verify, VERIFY_TXS, BATCH_PEER_FIRST + place, framed, x,
                            questions) != ERR_NONE) {
        leave(e);
        return ERR_BUSY;
    }
    *ticket = e->serial << PLACE_BITS | place;
    return ERR_NONE;
}

enum err node_batch_result(const struct node *n, uint32_t ticket, const enum err **fared,
                           uint32_t *count)
{
    const struct batch_entry *e = entry_of(n, ticket);
    if (e == NULL) {
        return ERR_NOT_FOUND;
    }
    if (!e->done) {
        return ERR_UNAVAILABLE;
    }
    *fared = e->fared;
    *count = e->count;
    return ERR_NONE;
}

void node_batch_end(struct node *n, uint32_t ticket)
{
    struct batch_entry *e = entry_of(n, ticket);
    if (e != NULL && e->done) {
        leave(e);
    } else if (e != NULL) {
        e->forgotten = true;
    }
}

void batch_close(struct node *n)
{
    for (uint32_t i = 0; i < NODE_BATCHES_MAX; i++) {
        leave(&n->batches.entry[i]);
    }
    for (uint32_t i = 0; i < BATCH_LEAVES_KEPT; i++) {
        free(n->batches.leaves[i].tx);
        n->batches.leaves[i] = (struct batch_leaves){ 0 };
    }
}
