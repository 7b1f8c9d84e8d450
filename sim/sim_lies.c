#include <string.h>

#include "sim/sim_liar_internal.h"

/* The lies. Each is a message that a peer must survive, signed with the liar's own key or with
 * signatures that others have really given. */

#define VOTE_TAG   "carnet/vote/v1"
#define CHANGE_TAG "carnet/view-change/v1"

static struct arena *memory(struct sim_liar *l)
{
    return &l->w->scratch;
}

static uint32_t rest(const struct sim_liar *l, uint32_t some)
{
    return ~some & ~(1u << l->seat);
}

static bool sign_vote(struct sim_liar *l, const struct vote *v, uint8_t *memory_of,
                      struct bytes *signature)
{
    struct bytes wire = { NULL, 0 };
    if (vote_encode(v, memory(l), &wire) != ERR_NONE) {
        return false;
    }
    *signature = sim_hand_sign(&l->hand, v->epoch, VOTE_TAG, wire, memory_of);
    return true;
}

static bool vote_message(struct sim_liar *l, const struct vote *v, struct bytes *out)
{
    uint8_t raw[SUITE_SIGNATURE_SIZE_MAX];
    struct bytes signature = { NULL, 0 };
    return sign_vote(l, v, raw, &signature) &&
           sim_vote_message(v, l->hand.seat, signature, memory(l), out) == ERR_NONE;
}

/* The announcement of a block, and the prepare vote for it. */
static bool propose_messages(struct sim_liar *l, uint64_t view, uint64_t epoch, struct bytes wire,
                             const struct hash *hash, uint64_t height, struct bytes out[2])
{
    struct vote v = { l->w->genesis.space, epoch, VOTE_PREPARE, view, height, *hash };
    return sim_propose_message(view, wire, memory(l), &out[0]) == ERR_NONE &&
           vote_message(l, &v, &out[1]);
}

static const struct liar_block *some_block(struct sim_liar *l)
{
    uint32_t n = l->block_count < LIAR_BLOCKS ? l->block_count : LIAR_BLOCKS;
    if (n == 0) {
        return NULL;
    }
    uint64_t back = sim_below(&l->random, sim_chance(&l->random, 700) && n > 4 ? 4 : n);
    return &l->block[(l->block_count - 1 - back) % LIAR_BLOCKS];
}

/* ---- certificates ------------------------------------------------------------------------------
 */

/* Signatures that this seat has, or has heard, for exactly this vote. */
static uint32_t genuine(struct sim_liar *l, const struct vote *v, struct bytes *sig, uint8_t *own)
{
    uint32_t seats = 0;
    uint32_t n = l->vote_count < LIAR_VOTES ? l->vote_count : LIAR_VOTES;
    for (uint32_t i = 0; i < n; i++) {
        struct liar_vote *o = &l->vote[i];
        if (o->seat < l->seats && o->vote.kind == v->kind && o->vote.view == v->view &&
            o->vote.epoch == v->epoch && hash_equal(&o->vote.block, &v->block)) {
            seats |= 1u << o->seat;
            sig[o->seat] = bytes_of(o->signature, l->hand.suite->signature_size);
        }
    }
    if (sign_vote(l, v, own, &sig[l->hand.seat])) {
        seats |= 1u << l->hand.seat;
    }
    return seats;
}

/* The canary: what could be done by who has everybody's keys. */
static bool forged_certificate(struct sim_liar *l, const struct vote *v, struct bytes *out)
{
    struct certificate c = { v->epoch, v->kind, v->view, v->height, v->block, 0, 0, { { 0 } } };
    uint8_t raw[SIM_NODES_MAX][SUITE_SIGNATURE_SIZE_MAX];
    struct bytes wire = { NULL, 0 };
    if (vote_encode(v, memory(l), &wire) != ERR_NONE) {
        return false;
    }
    for (uint32_t s = 0; s < l->w->seats; s++) {
        struct sim_hand hand = { l->w->suite, s, l->w->first_seed[s] };
        c.seats |= 1u << s;
        c.signature[c.count++] = sim_hand_sign(&hand, v->epoch, VOTE_TAG, wire, raw[s]);
    }
    return certificate_encode(&c, memory(l), out) == ERR_NONE;
}

enum shape { TOO_FEW, OWN_EVERYWHERE, BEYOND_COMMITTEE, NOISE, SHAPES };

/* A certificate that no quorum has given. When a quorum has, there is no lie to tell with it. */
static bool false_certificate(struct sim_liar *l, const struct vote *v, struct bytes *out)
{
    struct bytes sig[32] = { { NULL, 0 } };
    uint8_t own[SUITE_SIGNATURE_SIZE_MAX], noise[SUITE_SIGNATURE_SIZE_MAX];
    uint32_t quorum = committee_quorum(l->seats);
    uint32_t seats = genuine(l, v, sig, own);
    uint64_t shape = sim_below(&l->random, SHAPES);
    if (l->w->options.mutant == SIM_MUTANT_FORGER) {
        return forged_certificate(l, v, out);
    }
    if ((uint32_t)__builtin_popcount(seats) >= quorum) {
        return false;
    }
    for (size_t i = 0; i < sizeof noise; i++) {
        noise[i] = (uint8_t)sim_next(&l->random);
    }
    uint32_t from = shape == BEYOND_COMMITTEE ? l->seats : 0;
    for (uint32_t s = from; s < GENESIS_SEATS_MAX && shape != TOO_FEW; s++) {
        if ((uint32_t)__builtin_popcount(seats) < quorum && (seats >> s & 1) == 0) {
            seats |= 1u << s;
            sig[s] =
                shape == NOISE ? bytes_of(noise, l->hand.suite->signature_size) : sig[l->hand.seat];
        }
    }
    struct certificate c = { v->epoch, v->kind, v->view, v->height, v->block, seats, 0, { { 0 } } };
    for (uint32_t s = 0; s < GENESIS_SEATS_MAX; s++) {
        if ((seats >> s & 1) != 0) {
            c.signature[c.count++] = sig[s];
        }
    }
    return certificate_encode(&c, memory(l), out) == ERR_NONE;
}

static struct vote vote_of(struct sim_liar *l, const struct liar_block *b, uint32_t kind)
{
    return (struct vote){ l->w->genesis.space, b->epoch, kind, b->view, b->height, b->hash };
}

/* ---- another block, another vote ---------------------------------------------------------------
 */

static bool rewrite(struct sim_liar *l, const struct block *b, const struct header *h,
                    struct bytes certificate, struct bytes *out, struct hash *hash)
{
    struct bytes header = { NULL, 0 };
    if (header_encode(h, memory(l), &header) != ERR_NONE ||
        block_encode(header, certificate, b->tx, b->tx_count, memory(l), out) != ERR_NONE) {
        return false;
    }
    header_hash(l->w->suite, header, hash);
    return true;
}

bool sim_lie_variant(struct sim_liar *l, struct bytes wire, struct bytes *out, struct hash *hash)
{
    struct block b;
    if (block_decode(l->w->suite, wire, memory(l), &b) != ERR_NONE) {
        return false;
    }
    struct header h = b.header;
    struct bytes certificate = b.certificate_bytes;
    h.time_ms += 1 + sim_below(&l->random, 3);
    uint64_t die = sim_below(&l->random, 10);
    if (die == 0) { /* a state that nobody gets */
        h.state_root.b[5] ^= 1;
    } else if (die == 1 && h.height > 1) { /* a past that nobody has certified */
        struct vote v = { l->w->genesis.space, genesis_epoch(&l->w->genesis, h.time_ms),
                          VOTE_COMMIT,         l->view,
                          h.height - 1,        h.previous };
        if (false_certificate(l, &v, &certificate)) {
            struct certificate c;
            if (certificate_decode(certificate, memory(l), &c) != ERR_NONE) {
                return false;
            }
            h.last_commit = (struct last_commit){ .height = h.height - 1, .seats = c.seats };
            certificate_hash(l->w->suite, certificate, &h.last_commit.certificate_hash);
        }
    }
    return rewrite(l, &b, &h, certificate, out, hash);
}

bool sim_lie_other_proposal(struct sim_liar *l, struct bytes message, struct bytes out[2])
{
    struct sim_seen s;
    struct bytes wire = { NULL, 0 };
    struct hash hash;
    if (sim_see(l->w->suite, message, memory(l), &s) != ERR_NONE ||
        !sim_lie_variant(l, s.wire, &wire, &hash)) {
        return false;
    }
    uint64_t epoch = genesis_epoch(&l->w->genesis, s.time_ms);
    if (!propose_messages(l, s.view, epoch, wire, &hash, s.height, out)) {
        return false;
    }
    char one[24], two[24];
    sim_line(l->w, "n%u proposes %s to some and %s to others in view %llu", l->seat,
             sim_label(l->w, s.height, &s.block, one), sim_label(l->w, s.height, &hash, two),
             (unsigned long long)s.view);
    struct liar_block *b = &l->block[l->block_count++ % LIAR_BLOCKS];
    b->view = s.view;
    b->epoch = epoch;
    b->height = s.height;
    b->hash = hash;
    sim_liar_keep(&b->wire, wire);
    return true;
}

/* Another block of that height that was heard of; else one that does not exist. */
bool sim_lie_other_vote(struct sim_liar *l, struct bytes message, struct bytes *out)
{
    struct sim_seen s;
    if (sim_see(l->w->suite, message, memory(l), &s) != ERR_NONE || !s.has_vote) {
        return false;
    }
    struct vote v = s.vote;
    v.block.b[0] ^= 1;
    for (uint32_t i = 0; i < LIAR_BLOCKS; i++) {
        const struct liar_block *b = &l->block[i];
        if (b->wire.len > 0 && b->height == v.height && !hash_equal(&b->hash, &s.vote.block)) {
            v.block = b->hash;
        }
    }
    return vote_message(l, &v, out);
}

/* The block that stands there as this node knows it, or one that was proposed for that height. */
static bool block_at(struct sim_liar *l, const struct sim_node *n, uint64_t height,
                     struct bytes *out)
{
    struct bytes certificate = { NULL, 0 };
    for (uint32_t i = 0; i < LIAR_BLOCKS; i++) {
        const struct liar_block *b = &l->block[i];
        if (b->wire.len > 0 && b->height == height) {
            *out = bytes_of(b->wire.ptr, b->wire.len);
            return true;
        }
    }
    if (!n->up) {
        return false;
    }
    struct sim_node *before = sim_enter(l->w, &l->w->node[n->slot]);
    enum err e = replica_block(n->replica, height, memory(l), out, &certificate);
    sim_leave(l->w, before);
    return e == ERR_NONE;
}

/* Who catches up is given a block in place of the one that is asked for. */
bool sim_lie_chain(struct sim_liar *l, const struct sim_node *n, uint32_t to, uint64_t height)
{
    struct bytes first = { NULL, 0 }, wire = { NULL, 0 }, certificate = { NULL, 0 };
    struct bytes message = { NULL, 0 };
    struct block b;
    struct hash hash;
    if (!block_at(l, n, height, &first) || !sim_lie_variant(l, first, &wire, &hash) ||
        block_decode(l->w->suite, wire, memory(l), &b) != ERR_NONE) {
        return false;
    }
    struct vote v = { l->w->genesis.space, genesis_epoch(&l->w->genesis, b.header.time_ms),
                      VOTE_COMMIT,         l->view,
                      b.header.height,     hash };
    if (!false_certificate(l, &v, &certificate) ||
        sim_chain_message(height, wire, certificate, memory(l), &message) != ERR_NONE) {
        return false;
    }
    sim_liar_tell(l, 1u << to, message, SIM_LIE_FALSE_PROOF);
    return true;
}

void sim_lie_agree(struct sim_liar *l, const struct sim_seen *seen)
{
    struct vote v = seen->vote;
    struct bytes message = { NULL, 0 };
    uint32_t to = sim_chance(&l->random, 500) ? sim_liar_some(l) : UINT32_MAX;
    for (v.kind = VOTE_PREPARE; v.kind <= VOTE_COMMIT; v.kind++) {
        if (vote_message(l, &v, &message)) {
            sim_liar_tell(l, to, message, SIM_LIE_DOUBLE_VOTE);
        }
    }
}

bool sim_lie_double_vote(struct sim_liar *l)
{
    const struct liar_block *b = some_block(l);
    struct bytes message = { NULL, 0 };
    if (b == NULL) {
        return false;
    }
    struct vote v = vote_of(l, b, sim_chance(&l->random, 500) ? VOTE_PREPARE : VOTE_COMMIT);
    v.view += sim_below(&l->random, 2);
    bool said = vote_message(l, &v, &message);
    if (said) {
        sim_liar_tell(l, sim_liar_some(l), message, SIM_LIE_DOUBLE_VOTE);
    }
    return said;
}

/* Two children of one parent, or two blocks in one place, in this view or in the next of its own.
 */
bool sim_lie_equivocate(struct sim_liar *l)
{
    const struct liar_block *b = some_block(l);
    struct bytes wire = { NULL, 0 }, message[2];
    struct hash hash;
    if (b == NULL) {
        return false;
    }
    uint64_t view = l->view;
    for (uint32_t i = 0; i < l->seats && pbft_primary(l->seats, view, b->epoch) != l->hand.seat;
         i++) {
        view++;
    }
    uint32_t to = sim_liar_some(l);
    for (int i = 0; i < 2; i++, to = rest(l, to)) {
        if (!sim_lie_variant(l, bytes_of(b->wire.ptr, b->wire.len), &wire, &hash) ||
            !propose_messages(l, view, b->epoch, wire, &hash, b->height, message)) {
            return false;
        }
        sim_liar_tell(l, to, message[0], SIM_LIE_EQUIVOCATE);
        sim_liar_tell(l, to, message[1], SIM_LIE_EQUIVOCATE);
    }
    return true;
}

/* ---- views -------------------------------------------------------------------------------------
 */

static uint64_t far_view(struct sim_liar *l)
{
    uint64_t die = sim_below(&l->random, 10);
    return die == 0 ? UINT64_MAX - sim_below(&l->random, 2)
                    : l->view + 1 + sim_below(&l->random, die < 3 ? 1u << 30 : 3);
}

/* Its highest certificate, an older one, none at all, or one that is none. */
static struct bytes some_prepared(struct sim_liar *l)
{
    struct bytes out = { NULL, 0 };
    uint32_t n = l->proof_count < LIAR_PROOFS ? l->proof_count : LIAR_PROOFS;
    uint64_t die = sim_below(&l->random, 4);
    const struct liar_block *b = some_block(l);
    if (die < 2 && n > 0) {
        const struct kept_bytes *k = &l->proof[sim_below(&l->random, n)];
        return bytes_of(k->ptr, k->len);
    }
    if (die == 2 && b != NULL) {
        struct vote v = vote_of(l, b, sim_chance(&l->random, 800) ? VOTE_PREPARE : VOTE_COMMIT);
        if (!false_certificate(l, &v, &out)) {
            out = bytes_of(NULL, 0);
        }
    }
    return out;
}

static bool own_change(struct sim_liar *l, uint64_t view, struct bytes prepared,
                       struct bytes change[2])
{
    uint64_t boast = sim_chance(&l->random, 300) ? 1 + sim_below(&l->random, 5) : 0;
    uint64_t committed = sim_chance(&l->random, 100) ? UINT64_MAX / 2 : l->w->height + boast;
    struct sim_change c = { l->epoch, view, committed, l->hand.seat, prepared };
    uint8_t raw[SUITE_SIGNATURE_SIZE_MAX];
    struct bytes signature;
    if (sim_change_body(&l->w->genesis.space, &c, memory(l), &change[0]) != ERR_NONE) {
        return false;
    }
    signature = sim_hand_sign(&l->hand, l->epoch, CHANGE_TAG, change[0], raw);
    return arena_copy(memory(l), signature, &change[1]) == ERR_NONE;
}

static bool tell_change(struct sim_liar *l, uint64_t view, struct bytes prepared, enum sim_lie lie)
{
    struct bytes change[2] = { { NULL, 0 } }, message = { NULL, 0 };
    if (!own_change(l, view, prepared, change) ||
        sim_change_message(change[0], change[1], memory(l), &message) != ERR_NONE) {
        return false;
    }
    sim_liar_tell(l, sim_chance(&l->random, 500) ? UINT32_MAX : sim_liar_some(l), message, lie);
    return true;
}

bool sim_lie_jump(struct sim_liar *l)
{
    uint64_t view = far_view(l);
    const struct liar_block *b = some_block(l);
    struct bytes message = { NULL, 0 };
    if (b != NULL && sim_chance(&l->random, 300)) {
        struct vote v = vote_of(l, b, VOTE_PREPARE);
        v.view = view;
        v.height += sim_chance(&l->random, 200) ? 1u << 20 : 0;
        if (vote_message(l, &v, &message)) {
            sim_liar_tell(l, UINT32_MAX, message, SIM_LIE_JUMP_VIEW);
            return true;
        }
    }
    return tell_change(l, view, bytes_of(NULL, 0), SIM_LIE_JUMP_VIEW);
}

/* A new view out of whichever view changes suit: its own may say anything, and stand twice. */
static bool false_new_view(struct sim_liar *l)
{
    struct bytes change[GENESIS_SEATS_MAX][2], message = { NULL, 0 };
    uint32_t count = 0, want = committee_quorum(l->seats) - (sim_chance(&l->random, 300) ? 1 : 0);
    uint64_t view = l->view + sim_below(&l->random, 2);
    uint32_t first = (uint32_t)sim_below(&l->random, l->seats);
    for (uint32_t i = 0; i < l->seats && pbft_primary(l->seats, view, l->epoch) != l->hand.seat;
         i++) {
        view++;
    }
    if (!own_change(l, view, some_prepared(l), change[count++])) {
        return false;
    }
    for (uint32_t i = 0; i < l->seats && count < want; i++) {
        const struct liar_change *c = &l->change[(first + i) % l->seats];
        if ((first + i) % l->seats != l->hand.seat && c->body.len > 0 && c->view == view) {
            change[count][0] = bytes_of(c->body.ptr, c->body.len);
            change[count++][1] = bytes_of(c->signature.ptr, c->signature.len);
        }
    }
    bool twice = sim_chance(&l->random, 200);
    while (twice && count < want) {
        if (!own_change(l, view, some_prepared(l), change[count++])) {
            return false;
        }
    }
    if (sim_new_view_message(view, change, count, memory(l), &message) != ERR_NONE) {
        return false;
    }
    sim_liar_tell(l, sim_liar_some(l), message, SIM_LIE_FALSE_PROOF);
    return true;
}

/* A block in view whose carried certificate is none, or the wrong body under the right header. */
bool sim_lie_proof(struct sim_liar *l)
{
    switch (sim_below(&l->random, 3)) {
    case 0:
        return false_new_view(l);
    case 1:
        return tell_change(l, l->view + 1, some_prepared(l), SIM_LIE_FALSE_PROOF);
    default:
        return tell_change(l, l->view, some_prepared(l), SIM_LIE_FALSE_PROOF);
    }
}

/* ---- noise -------------------------------------------------------------------------------------
 */

static struct bytes some_message(struct sim_liar *l)
{
    uint32_t n = l->message_count < LIAR_MESSAGES ? l->message_count : LIAR_MESSAGES;
    if (n == 0) {
        return bytes_of(NULL, 0);
    }
    const struct kept_bytes *k = &l->message[sim_below(&l->random, n)];
    return bytes_of(k->ptr, k->len);
}

bool sim_lie_replay(struct sim_liar *l)
{
    struct bytes m = some_message(l);
    if (m.len == 0) {
        return false;
    }
    sim_liar_tell(l, sim_liar_some(l), m, SIM_LIE_REPLAY);
    return true;
}

void sim_lie_spoil(struct sim_liar *l, struct bytes message, struct bytes *out)
{
    struct sim_random *r = &l->random;
    uint8_t *p = arena_alloc(memory(l), message.len + 8);
    ASSERT(p != NULL);
    memcpy(p, message.ptr, message.len);
    memset(p + message.len, (int)sim_below(r, 256), 8);
    size_t len = message.len;
    switch (sim_below(r, 4)) {
    case 0:
        len = (size_t)sim_below(r, message.len);
        break;
    case 1:
        len += 1 + (size_t)sim_below(r, 8);
        break;
    default:
        for (uint64_t i = 0; i < 1 + sim_below(r, 3); i++) {
            uint64_t at = sim_below(r, message.len);
            p[at] ^= (uint8_t)(1u << sim_below(r, 8));
        }
    }
    *out = bytes_of(p, len);
}

bool sim_lie_malform(struct sim_liar *l)
{
    struct bytes m = some_message(l), spoilt;
    if (m.len == 0) {
        return false;
    }
    sim_lie_spoil(l, m, &spoilt);
    sim_liar_tell(l, sim_liar_some(l), spoilt, SIM_LIE_MALFORM);
    return true;
}
