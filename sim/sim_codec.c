#include "base/canon.h"
#include "carnet/v1/peer.pb-c.h"
#include "sim/sim_parts_internal.h"

static enum err see_vote(const Carnet__V1__SignedVote *v, struct arena *a, struct sim_seen *o)
{
    if (v == NULL) {
        return ERR_NONE;
    }
    TRY(vote_decode(bytes_of_field(v->vote), a, &o->vote));
    o->seat = v->seat;
    o->signature = bytes_of_field(v->signature);
    o->has_vote = true;
    return ERR_NONE;
}

static enum err see_propose(const struct suite *s, const Carnet__V1__Propose *p, struct arena *a,
                            struct sim_seen *o)
{
    struct block b;
    TRY(block_decode(s, bytes_of_field(p->block), a, &b));
    o->view = p->view;
    o->block = b.hash;
    o->height = b.header.height;
    o->time_ms = b.header.time_ms;
    o->wire = bytes_of_field(p->block);
    return ERR_NONE;
}

static enum err see_view_change(const Carnet__V1__ViewChange *v, struct arena *a,
                                struct sim_seen *o)
{
    ProtobufCMessage *m = NULL;
    TRY(canon_decode(&carnet__v1__view_change_body__descriptor, bytes_of_field(v->body), 64 * 1024,
                     a, &m));
    const Carnet__V1__ViewChangeBody *body = (const Carnet__V1__ViewChangeBody *)m;
    o->view = body->view;
    o->seat = body->seat;
    o->epoch = body->epoch;
    o->body = bytes_of_field(v->body);
    o->signature = bytes_of_field(v->signature);
    o->prepared = bytes_of_field(body->prepared);
    return ERR_NONE;
}

enum err sim_see(const struct suite *s, struct bytes message, struct arena *a, struct sim_seen *out)
{
    ProtobufCMessage *base = NULL;
    /* Only what consensus says is looked into; the tag's byte tells before anything is decoded. */
    uint32_t kind = message.len > 0 ? (uint32_t)message.ptr[0] >> 3 : 0;
    *out = (struct sim_seen){ .kind = kind };
    if (kind < SIM_KIND_PROPOSE || kind > SIM_KIND_NEW_VIEW || message.ptr[0] >= 0x80) {
        return ERR_NONE;
    }
    TRY(canon_decode(&carnet__v1__peer_message__descriptor, message, PBFT_MESSAGE_SIZE_MAX, a,
                     &base));
    const Carnet__V1__PeerMessage *m = (const Carnet__V1__PeerMessage *)base;
    switch (kind) {
    case SIM_KIND_PROPOSE:
        return see_propose(s, m->propose, a, out);
    case SIM_KIND_VOTE:
        return see_vote(m->vote, a, out);
    case SIM_KIND_VIEW_CHANGE:
        return see_view_change(m->view_change, a, out);
    default:
        out->view = m->new_view->view;
        return see_vote(m->new_view->vote, a, out);
    }
}

enum err sim_vote_message(const struct vote *v, uint32_t seat, struct bytes signature,
                          struct arena *a, struct bytes *out)
{
    struct bytes vote = { NULL, 0 };
    TRY(vote_encode(v, a, &vote));
    Carnet__V1__PeerMessage m = CARNET__V1__PEER_MESSAGE__INIT;
    Carnet__V1__SignedVote o = CARNET__V1__SIGNED_VOTE__INIT;
    o.vote = field_of_bytes(vote);
    o.seat = seat;
    o.signature = field_of_bytes(signature);
    m.kind_case = CARNET__V1__PEER_MESSAGE__KIND_VOTE;
    m.vote = &o;
    return canon_encode(&m.base, 4096, a, out);
}
