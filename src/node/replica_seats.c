#include "node/replica_parts_internal.h"

#include <string.h>

/* Who sits on the committee, as this node's committed state says; which of its own keys, if any,
 * sign for it; and where the epoch keys of the others are kept (FORMATS 13). */

/* Room for the committee, the seat that the last change took, and one that sat long ago. */
uint32_t replica_rows_max(const struct genesis *g)
{
    uint32_t seats = g->participant_count;
    return 2 * (seats < GENESIS_SEATS_MAX ? seats : GENESIS_SEATS_MAX) + 1;
}

static bool sits(const struct committee *c, const struct hash *root)
{
    for (uint32_t i = 0; i < c->count; i++) {
        if (hash_equal(&c->seat[i].root, root)) {
            return true;
        }
    }
    return false;
}

struct key_slot *replica_row_slots(struct replica *r, const struct hash *root)
{
    for (uint32_t i = 0; i < r->seating.rows; i++) {
        if (r->seating.row[i].used && hash_equal(&r->seating.row[i].root, root)) {
            return &r->key[(size_t)i * REPLICA_KEY_EPOCHS];
        }
    }
    return NULL;
}

/* In an empty row, else in that of a root which no committee at hand lists. */
static struct key_row *row_for(struct replica *r)
{
    struct key_row *old = NULL;
    for (uint32_t i = 0; i < r->seating.rows; i++) {
        struct key_row *row = &r->seating.row[i];
        if (!row->used) {
            return row;
        }
        if (!sits(&r->seating.now, &row->root) && !sits(&r->seating.before, &row->root) &&
            !sits(&r->seating.older, &row->root)) {
            old = row;
        }
    }
    return old;
}

struct key_slot *replica_row_add(struct replica *r, const struct hash *root)
{
    struct key_slot *slots = replica_row_slots(r, root);
    struct key_row *row = slots != NULL ? NULL : row_for(r);
    if (row == NULL) {
        return slots;
    }
    ASSERT(r->key != NULL);
    *row = (struct key_row){ true, *root };
    slots = &r->key[(size_t)(row - r->seating.row) * REPLICA_KEY_EPOCHS];
    memset(slots, 0, REPLICA_KEY_EPOCHS * sizeof *slots);
    return slots;
}

/* The keys under this root are our own. */
static bool leads_to(const struct replica *r, const struct epoch_seed *seed,
                     const struct hash *leaves, const struct hash *root)
{
    struct hash own;
    if (seed == NULL || leaves == NULL) {
        return false;
    }
    merkle_root(r->suite, leaves, (uint64_t)1 << r->genesis->param[PARAM_EPOCH_KEY_LOG2], &own);
    return hash_equal(&own, root);
}

/* A seat whose keys are not here (another disk has them, or they are used up) is watched only. */
static void take_own_seat(struct replica *r)
{
    const struct replica_config *c = &r->config;
    uint32_t seat = r->seat_of[c->self];
    r->seat = PBFT_OBSERVER;
    r->seating.seed = NULL;
    r->seating.leaves = NULL;
    if (seat == PBFT_OBSERVER) {
        return;
    }
    const struct hash *root = &r->seating.now.seat[seat].root;
    if (leads_to(r, c->seed, c->epoch_leaves, root)) {
        r->seating.seed = c->seed;
        r->seating.leaves = c->epoch_leaves;
    } else if (leads_to(r, c->next_seed, c->next_leaves, root)) {
        r->seating.seed = c->next_seed;
        r->seating.leaves = c->next_leaves;
    }
    r->seat = r->seating.seed == NULL ? PBFT_OBSERVER : seat;
}

static void number_seats(struct replica *r)
{
    const struct genesis *g = r->genesis;
    for (uint32_t i = 0; i < r->peer_count; i++) {
        uint32_t seat = committee_seat_of(&r->seating.now, &g->participant[i].id);
        r->seat_of[i] = seat == GENESIS_SEATS_MAX ? PBFT_OBSERVER : seat;
        if (seat != GENESIS_SEATS_MAX) {
            r->participant_of[seat] = i;
        }
    }
    for (uint32_t i = 0; i < r->seating.now.count; i++) {
        struct key_slot *slots = replica_row_add(r, &r->seating.now.seat[i].root);
        ASSERT(slots != NULL);
    }
    take_own_seat(r);
}

void replica_sit_at_genesis(struct replica *r)
{
    committee_of_genesis(r->genesis, &r->seating.now);
    number_seats(r);
}

const struct committee *replica_committee(const struct replica *r)
{
    return &r->seating.now;
}

enum err replica_sit(struct replica *r)
{
    struct committee next;
    ledger_committee_next(r->ledger, &next);
    if (next.number == r->seating.now.number) {
        return ERR_NONE;
    }
    r->seating.before.count = 0;
    if (next.since_epoch > 0) {
        TRY(ledger_committee(r->ledger, next.since_epoch - 1, &r->seating.before));
    }
    r->seating.now = next;
    number_seats(r);
    /* Who begins from a snapshot never sat with them, and has blocks of theirs to check. */
    for (uint32_t i = 0; i < r->seating.before.count; i++) {
        (void)replica_row_add(r, &r->seating.before.seat[i].root);
    }
    r->hello_ms = r->now_ms; /* keys and height, to all: who is behind hears of it */
    r->tick_due = true;
    r->keys_dirty = true;
    return ERR_NONE;
}

static bool epoch_sat(const struct replica *r, uint64_t epoch)
{
    return r->seating.older.count > 0 && r->seating.older_epoch == epoch;
}

const struct committee *replica_committee_at(struct replica *r, uint64_t epoch)
{
    if (epoch >= r->seating.now.since_epoch) {
        return &r->seating.now;
    }
    if (r->seating.before.count > 0 && epoch >= r->seating.before.since_epoch) {
        return &r->seating.before;
    }
    if (epoch_sat(r, epoch)) {
        return &r->seating.older;
    }
    if (ledger_committee(r->ledger, epoch, &r->seating.older) != ERR_NONE) {
        r->seating.older.count = 0; /* damage: no key is found, so nothing is believed */
    }
    for (uint32_t i = 0; i < r->seating.older.count; i++) {
        struct key_slot *slots = replica_row_add(r, &r->seating.older.seat[i].root);
        ASSERT(slots != NULL);
    }
    r->seating.older_epoch = epoch;
    return &r->seating.older;
}
