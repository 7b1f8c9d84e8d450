#include "base/canon.h"
#include "carnet/v1/peer.pb-c.h"
#include "sim/sim_liar_internal.h"

/* What only a liar writes by hand. */

enum { LIE_SIZE_MAX = PBFT_MESSAGE_SIZE_MAX };

enum err sim_propose_message(uint64_t view, struct bytes block, struct arena *a, struct bytes *out)
{
    Carnet__V1__PeerMessage m = CARNET__V1__PEER_MESSAGE__INIT;
    Carnet__V1__Propose p = CARNET__V1__PROPOSE__INIT;
    p.view = view;
    p.block = field_of_bytes(block);
    m.kind_case = CARNET__V1__PEER_MESSAGE__KIND_PROPOSE;
    m.propose = &p;
    return canon_encode(&m.base, LIE_SIZE_MAX, a, out);
}

enum err sim_change_body(const struct hash *space, const struct sim_change *c, struct arena *a,
                         struct bytes *out)
{
    Carnet__V1__ViewChangeBody b = CARNET__V1__VIEW_CHANGE_BODY__INIT;
    b.space = field_of_hash(space);
    b.epoch = c->epoch;
    b.view = c->view;
    b.seat = c->seat;
    b.committed = c->committed;
    b.prepared = field_of_bytes(c->prepared);
    return canon_encode(&b.base, LIE_SIZE_MAX, a, out);
}

enum err sim_change_message(struct bytes body, struct bytes signature, struct arena *a,
                            struct bytes *out)
{
    Carnet__V1__PeerMessage m = CARNET__V1__PEER_MESSAGE__INIT;
    Carnet__V1__ViewChange c = CARNET__V1__VIEW_CHANGE__INIT;
    c.body = field_of_bytes(body);
    c.signature = field_of_bytes(signature);
    m.kind_case = CARNET__V1__PEER_MESSAGE__KIND_VIEW_CHANGE;
    m.view_change = &c;
    return canon_encode(&m.base, LIE_SIZE_MAX, a, out);
}

enum err sim_new_view_message(uint64_t view, const struct bytes (*change)[2], uint32_t count,
                              struct arena *a, struct bytes *out)
{
    Carnet__V1__PeerMessage m = CARNET__V1__PEER_MESSAGE__INIT;
    Carnet__V1__NewView n = CARNET__V1__NEW_VIEW__INIT;
    Carnet__V1__ViewChange c[GENESIS_SEATS_MAX];
    Carnet__V1__ViewChange *list[GENESIS_SEATS_MAX];
    ASSERT(count <= GENESIS_SEATS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        c[i] = (Carnet__V1__ViewChange)CARNET__V1__VIEW_CHANGE__INIT;
        c[i].body = field_of_bytes(change[i][0]);
        c[i].signature = field_of_bytes(change[i][1]);
        list[i] = &c[i];
    }
    n.view = view;
    n.n_changes = count;
    n.changes = list;
    m.kind_case = CARNET__V1__PEER_MESSAGE__KIND_NEW_VIEW;
    m.new_view = &n;
    return canon_encode(&m.base, LIE_SIZE_MAX, a, out);
}

enum err sim_blank_answer(struct arena *a, struct bytes *out)
{
    Carnet__V1__PeerMessage m = CARNET__V1__PEER_MESSAGE__INIT;
    Carnet__V1__HelloAnswer h = CARNET__V1__HELLO_ANSWER__INIT;
    m.kind_case = CARNET__V1__PEER_MESSAGE__KIND_HELLO_ANSWER;
    m.hello_answer = &h;
    return canon_encode(&m.base, LIE_SIZE_MAX, a, out);
}

enum err sim_chain_message(uint64_t height, struct bytes block, struct bytes certificate,
                           struct arena *a, struct bytes *out)
{
    Carnet__V1__PeerMessage m = CARNET__V1__PEER_MESSAGE__INIT;
    Carnet__V1__Chain c = CARNET__V1__CHAIN__INIT;
    Carnet__V1__EpochKeys none = CARNET__V1__EPOCH_KEYS__INIT;
    ProtobufCBinaryData list[1] = { field_of_bytes(block) };
    c.from = height;
    c.n_blocks = 1;
    c.blocks = list;
    c.certificate = field_of_bytes(certificate);
    c.keys = &none;
    c.committed = height;
    m.kind_case = CARNET__V1__PEER_MESSAGE__KIND_CHAIN;
    m.chain = &c;
    return canon_encode(&m.base, LIE_SIZE_MAX, a, out);
}

static Carnet__V1__PeerMessage *message_of(struct bytes message, struct arena *a)
{
    ProtobufCMessage *base = NULL;
    enum err e =
        canon_decode(&carnet__v1__peer_message__descriptor, message, LIE_SIZE_MAX, a, &base);
    return e == ERR_NONE ? (Carnet__V1__PeerMessage *)base : NULL;
}

enum err sim_hello_boast(struct bytes message, uint64_t by, struct arena *a, struct bytes *out)
{
    Carnet__V1__PeerMessage *m = message_of(message, a);
    if (m == NULL || m->kind_case != CARNET__V1__PEER_MESSAGE__KIND_HELLO) {
        return ERR_NOT_FOUND;
    }
    m->hello->height += by;
    return canon_encode(&m->base, LIE_SIZE_MAX, a, out);
}

uint64_t sim_chain_wanted(struct bytes message, struct arena *a)
{
    Carnet__V1__PeerMessage *m = message_of(message, a);
    bool asks = m != NULL && m->kind_case == CARNET__V1__PEER_MESSAGE__KIND_GET_CHAIN;
    return asks ? m->get_chain->from : 0;
}
