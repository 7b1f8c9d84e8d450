#include "sim/sim_member_internal.h"

/* Membership: seats come, get new keys and go, one change after the other, by transactions of those
 * who may decide it. The participant beside the seats is the first who comes. */

enum { HEIGHTS_AHEAD = 20, PATIENCE_EPOCHS = 3, AGAIN_MS = 2000 };
enum step { CHOOSE, PUT, PROPOSE, APPROVE, BEGIN };

struct epoch_seed *sim_seed_of(struct world *w, uint32_t i, const struct hash *root)
{
    return hash_equal(root, &w->root[i]) ? &w->first_seed[i] : &w->next_seed[i];
}

enum err sim_members_open(struct world *w)
{
    uint32_t log2 = (uint32_t)w->genesis.param[PARAM_EPOCH_KEY_LOG2];
    for (uint32_t i = 0; i < w->seats; i++) {
        w->root[i] = w->genesis.seat[i].root;
    }
    for (uint32_t i = 0; sim_asked(w, SIM_MEMBERS) && i <= w->seats; i++) {
        w->next_leaves[i] = ARENA_ARRAY(&w->genesis_arena, struct hash, (size_t)1 << log2);
        if (w->next_leaves[i] == NULL) {
            return ERR_NO_SPACE;
        }
        struct hash drawn = sim_hash(w);
        for (size_t k = 0; k < SUITE_SECRET_SIZE; k++) {
            w->next_seed[i].seed[k] = drawn.b[k % HASH_SIZE];
        }
        epoch_key_generate(w->suite, w->next_seed[i].seed, log2, w->next_leaves[i],
                           &w->next_root[i]);
    }
    return ERR_NONE;
}

/* Who sits in an epoch, as this node knows; false: it does not run. */
bool sim_committee(struct world *w, uint32_t node, uint64_t epoch, struct committee *out)
{
    const struct sim_node *n = &w->node[node];
    return n->up && ledger_committee(replica_ledger(n->replica), epoch, out) == ERR_NONE;
}

static bool newest_committee(struct world *w, struct committee *out)
{
    for (uint32_t i = 0; i < w->nodes; i++) {
        const struct sim_node *n = &w->node[i];
        if (n->up && n->liar == NULL && n->told != UINT64_MAX && n->told == w->height) {
            ledger_committee_next(replica_ledger(n->replica), out);
            return true;
        }
    }
    return false;
}

static uint32_t absent(const struct world *w, const struct committee *c)
{
    for (uint32_t i = 0; i <= w->seats; i++) {
        if (committee_seat_of(c, &w->genesis.participant[w->seats - i].id) == GENESIS_SEATS_MAX) {
            return w->seats - i;
        }
    }
    return w->seats;
}

/* Somebody who is seated and neither lies nor forgets: what is left must bear its f. */
static uint32_t someone_seated(struct world *w, const struct committee *c, uint32_t among)
{
    uint32_t from = (uint32_t)sim_below(&w->random, among);
    for (uint32_t k = 0; k < among; k++) {
        uint32_t i = (from + k) % among;
        const struct hash *did = &w->genesis.participant[i].id;
        if (w->node[i].liar == NULL && !w->node[i].victim &&
            committee_seat_of(c, did) != GENESIS_SEATS_MAX) {
            return i;
        }
    }
    return from;
}

/* One comes, one gets new keys, one goes: the committee is of its first size again. */
static void choose(struct world *w, const struct committee *c)
{
    struct sim_members *m = &w->members;
    bool full = c->count > w->seats;
    m->verb = !full ? SEAT_ADD : m->rekeyed ? SEAT_REMOVE : SEAT_NEW_KEYS;
    /* The participant beside the seats has one set of keys only. */
    uint32_t among = m->verb == SEAT_REMOVE ? w->seats + 1 : w->seats;
    m->who = full ? someone_seated(w, c, among) : absent(w, c);
    m->rekeyed = m->verb == SEAT_NEW_KEYS;
    m->change = (struct seat_change){ .verb = (uint32_t)m->verb,
                                      .participant = w->genesis.participant[m->who].id,
                                      .weight = m->verb == SEAT_ADD ? 1 : 0 };
    uint32_t seat = committee_seat_of(c, &m->change.participant);
    bool first = seat != GENESIS_SEATS_MAX && hash_equal(&c->seat[seat].root, &w->root[m->who]);
    if (m->verb != SEAT_REMOVE) {
        m->change.root = first || m->who == w->seats ? w->next_root[m->who] : w->root[m->who];
    }
    m->number = c->number;
}

/* What the transaction of this step says. */
enum err sim_member_order(struct world *w, struct arena *a, struct sim_order *out)
{
    struct sim_members *m = &w->members;
    *out = (struct sim_order){ .from = m->who };
    for (size_t i = 0; i < sizeof out->body.nonce; i++) {
        out->body.nonce[i] = (uint8_t)sim_next(&w->random);
    }
    if (m->step == PUT) {
        out->from = m->verb == SEAT_REMOVE ? 0 : m->who;
        out->body.method = METHOD_GOVERNANCE_SEAT;
        TRY(seat_change_encode(&m->change, a, &out->body.args));
        contract_seat_change_hash(w->suite, out->body.args, &m->value);
        return ERR_NONE;
    }
    if (m->step == PROPOSE) {
        struct proposal_make x = { SUBJECT_SEAT, m->value, w->height + HEIGHTS_AHEAD };
        out->from = (uint32_t)sim_below(&w->random, w->seats);
        out->body.method = METHOD_GOVERNANCE_PROPOSE;
        contract_proposal_id(w->suite, &w->genesis.participant[out->from].id, &m->value,
                             out->body.nonce, &m->proposal);
        return proposal_make_encode(&x, a, &out->body.args);
    }
    struct proposal_approve x = { m->proposal };
    out->from = m->founder;
    out->body.method = METHOD_GOVERNANCE_APPROVE;
    return proposal_approve_encode(&x, a, &out->body.args);
}

static void say(struct world *w, enum step step)
{
    struct sim_members *m = &w->members;
    m->step = (uint32_t)step;
    m->tx = w->tx_count;
    sim_new_tx(w, NULL, SIM_ORDER_SEAT);
}

static void approve(struct world *w)
{
    for (uint32_t i = 0; i < w->seats; i++) {
        w->members.founder = i;
        say(w, APPROVE);
    }
    w->members.step = BEGIN;
}

/* The next step, once the one before has committed; from the beginning when it takes too long. */
void sim_members(struct world *w)
{
    struct sim_members *m = &w->members;
    struct committee c;
    if (!sim_asked(w, SIM_MEMBERS) || w->healed || !newest_committee(w, &c)) {
        return;
    }
    const struct sim_tx *t = m->step == CHOOSE ? NULL : &w->tx[m->tx];
    bool refused = (m->step == PUT || m->step == PROPOSE) && t->committed && !t->applied;
    bool late = w->now_ms > m->since_ms + PATIENCE_EPOCHS * w->genesis.epoch_ms ||
                (refused && w->now_ms > m->since_ms + AGAIN_MS);
    if (m->step == CHOOSE || c.number != m->number || late) {
        choose(w, &c);
        m->since_ms = w->now_ms;
        say(w, PUT);
    } else if (m->step == PUT && t->committed && t->applied) {
        say(w, PROPOSE);
    } else if (m->step == PROPOSE && t->committed && t->applied) {
        approve(w);
    }
}

/* The first block of another committee. */
void sim_member_began(struct world *w, const struct header *h)
{
    if (w->height > 1 && !hash_equal(&h->committee_hash, &w->members.sits)) {
        w->result->delivered[SIM_MEMBERS]++;
        sim_line(w, "height %llu: another committee sits", (unsigned long long)h->height);
    }
    w->members.sits = h->committee_hash;
}
