#include <stdlib.h>
#include <string.h>

#include "sim/sim_liar_internal.h"

/* What a Byzantine seat remembers, which habit it has just now, and what comes of each message that
 * its real node would send. */

enum { HABIT_MS_MAX = 2500, PAUSE_MS_MAX = 120, KINDS_WITHHELD = 12 };

struct bytes sim_hand_sign(const struct sim_hand *hand, uint64_t epoch, const char *tag,
                           struct bytes msg, uint8_t *out)
{
    uint8_t secret[SUITE_SECRET_SIZE];
    epoch_key_secret(hand->suite, &hand->seed, epoch, secret);
    suite_sign_tagged(hand->suite, secret, tag, msg, out);
    return bytes_of(out, hand->suite->signature_size);
}

void sim_liar_keep(struct kept_bytes *k, struct bytes x)
{
    uint8_t *p = malloc(x.len + 1);
    ASSERT(p != NULL);
    if (x.len > 0) {
        memcpy(p, x.ptr, x.len);
    }
    free(k->ptr);
    *k = (struct kept_bytes){ p, x.len };
}

uint32_t sim_liar_slot(const struct sim_liar *l, uint32_t copy)
{
    ASSERT(copy < LIAR_COPIES);
    return l->slot[copy];
}

uint32_t sim_liar_copies(const struct sim_liar *l, uint32_t from)
{
    return (l->reach[0] >> from & 1) | (l->reach[1] >> from & 1) << 1;
}

uint32_t sim_liar_some(struct sim_liar *l)
{
    return (uint32_t)sim_next(&l->random) & ~(1u << l->seat);
}

static bool does(const struct sim_liar *l, enum sim_lie lie)
{
    return (l->habit >> lie & 1) != 0;
}

/* Told by whichever copy the peer hears. */
void sim_liar_tell(struct sim_liar *l, uint32_t to, struct bytes message, enum sim_lie lie)
{
    for (uint32_t i = 0; i < l->w->nodes; i++) {
        if (i != l->seat && (to >> i & 1) != 0) {
            sim_send(l->w, l->seat, i, message, 1 + (uint32_t)lie);
        }
    }
}

/* ---- remembering ----------------------------------------------------------------------------- */

static void keep_block(struct sim_liar *l, const struct sim_seen *s)
{
    for (uint32_t i = 0; i < LIAR_BLOCKS; i++) {
        struct liar_block *b = &l->block[i];
        if (b->wire.len > 0 && hash_equal(&b->hash, &s->block)) {
            b->view = s->view > b->view ? s->view : b->view;
            return;
        }
    }
    struct liar_block *b = &l->block[l->block_count++ % LIAR_BLOCKS];
    b->view = s->view;
    b->epoch = genesis_epoch(&l->w->genesis, s->time_ms);
    b->height = s->height;
    b->hash = s->block;
    sim_liar_keep(&b->wire, s->wire);
}

static void keep_vote(struct sim_liar *l, const struct sim_seen *s)
{
    struct liar_vote *v = &l->vote[l->vote_count++ % LIAR_VOTES];
    *v = (struct liar_vote){ .vote = s->vote, .seat = s->seat };
    if (s->signature.len > 0 && s->signature.len <= sizeof v->signature) {
        memcpy(v->signature, s->signature.ptr, s->signature.len);
    }
    l->view = s->vote.view > l->view ? s->vote.view : l->view;
    l->epoch = s->vote.epoch > l->epoch ? s->vote.epoch : l->epoch;
}

static void keep_change(struct sim_liar *l, const struct sim_seen *s)
{
    if (s->seat >= l->seats) {
        return;
    }
    struct liar_change *c = &l->change[s->seat];
    if (c->view <= s->view || c->body.len == 0) {
        c->view = s->view;
        sim_liar_keep(&c->body, s->body);
        sim_liar_keep(&c->signature, s->signature);
    }
    if (s->prepared.len > 0) {
        sim_liar_keep(&l->proof[l->proof_count++ % LIAR_PROOFS], s->prepared);
    }
}

static void remember(struct sim_liar *l, const struct sim_seen *s, struct bytes message)
{
    if (s->kind == SIM_KIND_PROPOSE) {
        keep_block(l, s);
    }
    if (s->has_vote) {
        keep_vote(l, s);
    }
    if (s->kind == SIM_KIND_VIEW_CHANGE) {
        keep_change(l, s);
    }
    if (s->kind >= SIM_KIND_PROPOSE && sim_chance(&l->random, 60)) {
        sim_liar_keep(&l->message[l->message_count++ % LIAR_MESSAGES], message);
    }
}

void sim_liar_hears(struct sim_node *n, uint32_t from, struct bytes *message)
{
    struct sim_liar *l = n->liar;
    struct world *w = l->w;
    struct sim_seen seen;
    arena_reset(&w->scratch);
    if (sim_see(w->suite, *message, &w->scratch, &seen) != ERR_NONE) {
        return;
    }
    /* A node that is told that it forgot would fall silent (FORMATS 14): this one does not ask. */
    if (seen.kind == SIM_KIND_ANSWER) {
        enum err e = sim_blank_answer(&w->scratch, message);
        ASSERT(e == ERR_NONE);
        return;
    }
    remember(l, &seen, *message);
    if (seen.kind == SIM_KIND_GET_CHAIN && does(l, SIM_LIE_FALSE_PROOF) &&
        sim_lie_chain(l, n, from, sim_chain_wanted(*message, &w->scratch))) {
        *message = bytes_of(NULL, 0);
        return;
    }
    /* Two liars who agree with each other would never stop. */
    bool honest = w->node[from].liar == NULL;
    if (does(l, SIM_LIE_DOUBLE_VOTE) && seen.has_vote && honest && sim_chance(&l->random, 400)) {
        sim_lie_agree(l, &seen);
    }
}

/* ---- what its node sends -----------------------------------------------------------------------
 */

static bool withholds(struct sim_liar *l, uint32_t kind, uint32_t to)
{
    if (!does(l, SIM_LIE_WITHHOLD) || kind >= 32 || (l->withheld >> kind & 1) == 0 ||
        (l->mute >> to & 1) == 0) {
        return false;
    }
    l->w->result->lies[SIM_LIE_WITHHOLD]++;
    l->w->result->delivered[SIM_BYZANTINE]++;
    return true;
}

struct altered {
    bool some;
    enum sim_lie lie;
    struct bytes bytes[2]; /* with another block goes a vote for it */
};

static struct altered alter(struct sim_liar *l, uint32_t kind, struct bytes message)
{
    struct altered a = { .bytes = { message, { NULL, 0 } } };
    if (kind == SIM_KIND_PROPOSE && does(l, SIM_LIE_EQUIVOCATE)) {
        a.lie = SIM_LIE_EQUIVOCATE;
        a.some = sim_lie_other_proposal(l, message, a.bytes);
    } else if (kind == SIM_KIND_VOTE && does(l, SIM_LIE_DOUBLE_VOTE)) {
        a.lie = SIM_LIE_DOUBLE_VOTE;
        a.some = sim_lie_other_vote(l, message, &a.bytes[0]);
    } else if (kind == SIM_KIND_HELLO && does(l, SIM_LIE_FALSE_PROOF)) {
        a.lie = SIM_LIE_FALSE_PROOF;
        a.some = sim_hello_boast(message, 1 + sim_below(&l->random, 9), &l->w->scratch,
                                 &a.bytes[0]) == ERR_NONE;
    } else if (does(l, SIM_LIE_MALFORM) && sim_chance(&l->random, 60)) {
        a.lie = SIM_LIE_MALFORM;
        a.some = true;
        sim_lie_spoil(l, message, &a.bytes[0]);
    }
    return a;
}

void sim_liar_sends(struct sim_node *n, uint32_t peer, struct bytes message)
{
    struct sim_liar *l = n->liar;
    struct world *w = l->w;
    uint32_t copy = n->slot == l->slot[0] ? 0 : 1;
    uint32_t kind = message.len > 0 ? (uint32_t)message.ptr[0] >> 3 : 0;
    /* What the second copy says, the first has not said. */
    uint32_t told = copy == 1 ? 1 + (uint32_t)SIM_LIE_FORGET : 0;
    struct sim_seen seen;
    arena_reset(&w->scratch);
    if (sim_see(w->suite, message, &w->scratch, &seen) == ERR_NONE) {
        remember(l, &seen, message);
    }
    struct altered other = alter(l, kind, message);
    for (uint32_t to = 0; to < w->nodes; to++) {
        bool meant = to != l->seat && (peer == to || peer == REPLICA_PEER_ALL);
        if (!meant || (l->reach[copy] >> to & 1) == 0 || withholds(l, kind, to)) {
            continue;
        }
        bool here = other.some && (l->split >> to & 1) != 0;
        sim_send(w, l->seat, to, here ? other.bytes[0] : message,
                 here ? 1 + (uint32_t)other.lie : told);
        if (here && other.bytes[1].len > 0) {
            sim_send(w, l->seat, to, other.bytes[1], 1 + (uint32_t)other.lie);
        }
    }
}

/* ---- what it does unasked ----------------------------------------------------------------------
 */

/* Its number on the committee that its first copy knows of, and how many sit there. */
static void find_seat(struct sim_liar *l)
{
    struct sim_node *n = &l->w->node[l->slot[0]];
    struct committee c;
    if (n->up) {
        ledger_committee_next(replica_ledger(n->replica), &c);
        uint32_t seat = committee_seat_of(&c, &l->w->genesis.participant[l->seat].id);
        l->hand.seat = seat == GENESIS_SEATS_MAX ? l->hand.seat : seat;
        l->seats = c.count;
    }
}

/* Both copies see everybody, or the network looks different to each (Twins). */
static void new_reach(struct sim_liar *l)
{
    uint32_t half = (uint32_t)sim_next(&l->random);
    uint32_t both = (uint32_t)sim_next(&l->random);
    both &= (uint32_t)sim_next(&l->random); /* one peer in four hears both */
    l->reach[0] = UINT32_MAX;
    l->reach[1] = 0;
    if (does(l, SIM_LIE_FORGET)) {
        l->reach[0] = half | both;
        l->reach[1] = ~half | both;
    }
}

static void new_habit(struct sim_liar *l)
{
    struct sim_random *r = &l->random;
    l->habit_until_ms = l->w->now_ms + 200 + sim_below(r, HABIT_MS_MAX);
    l->habit = l->lies & (uint32_t)sim_next(r);
    l->split = sim_liar_some(l);
    l->mute = sim_liar_some(l);
    l->withheld = 0;
    for (uint32_t kind = SIM_KIND_PROPOSE; kind < KINDS_WITHHELD; kind++) {
        l->withheld |= sim_chance(r, 400) ? 1u << kind : 0;
    }
    if (sim_chance(r, 150)) { /* as good as dead */
        l->mute = l->withheld = UINT32_MAX;
    }
    new_reach(l);
}

static lie_fn *const UNASKED[SIM_LIE_END] = {
    [SIM_LIE_EQUIVOCATE] = sim_lie_equivocate, [SIM_LIE_DOUBLE_VOTE] = sim_lie_double_vote,
    [SIM_LIE_JUMP_VIEW] = sim_lie_jump,        [SIM_LIE_REPLAY] = sim_lie_replay,
    [SIM_LIE_MALFORM] = sim_lie_malform,       [SIM_LIE_FALSE_PROOF] = sim_lie_proof,
};

void sim_liar_acts(struct world *w, uint32_t number)
{
    struct sim_liar *l = w->liar[number];
    arena_reset(&w->scratch);
    find_seat(l);
    if (w->now_ms >= l->habit_until_ms) {
        new_habit(l);
    }
    enum sim_lie lie = (enum sim_lie)sim_below(&l->random, SIM_LIE_END);
    if (does(l, lie) && UNASKED[lie] != NULL) {
        (void)UNASKED[lie](l);
    }
    sim_schedule(w,
                 (struct sim_event){ .at_ms = w->now_ms + 5 + sim_below(&l->random, PAUSE_MS_MAX),
                                     .kind = SIM_ACT,
                                     .to = l->slot[0],
                                     .run = number });
}

/* ---- life --------------------------------------------------------------------------------------
 */

static uint32_t draw_seat(struct world *w)
{
    for (;;) {
        uint32_t seat = (uint32_t)sim_below(&w->random, w->seats);
        if (w->node[seat].liar == NULL) {
            return seat;
        }
    }
}

enum err sim_liars_open(struct world *w)
{
    for (uint32_t i = 0; i < w->liars; i++) {
        struct sim_liar *l = calloc(1, sizeof *l);
        if (l == NULL) {
            return ERR_NO_SPACE;
        }
        w->liar[i] = l;
        l->w = w;
        l->random.state = sim_next(&w->random);
        l->seat = draw_seat(w);
        l->hand = (struct sim_hand){ w->suite, l->seat, w->first_seed[l->seat] };
        l->seats = w->seats;
        l->slot[0] = l->seat;
        l->slot[1] = w->nodes + i;
        l->lies = (1u << SIM_LIE_END) - 1;
        l->reach[0] = UINT32_MAX;
        w->node[l->seat].liar = l;
        sim_line(w, "n%u is a liar", l->seat);
    }
    return ERR_NONE;
}

void sim_liars_close(struct world *w)
{
    for (uint32_t i = 0; i < w->liars && w->liar[i] != NULL; i++) {
        struct sim_liar *l = w->liar[i];
        for (uint32_t k = 0; k < LIAR_BLOCKS; k++) {
            free(l->block[k].wire.ptr);
        }
        for (uint32_t k = 0; k < LIAR_MESSAGES; k++) {
            free(l->message[k].ptr);
        }
        for (uint32_t k = 0; k < LIAR_PROOFS; k++) {
            free(l->proof[k].ptr);
        }
        for (uint32_t k = 0; k < SIM_NODES_MAX; k++) {
            free(l->change[k].body.ptr);
            free(l->change[k].signature.ptr);
        }
        free(l);
    }
}
