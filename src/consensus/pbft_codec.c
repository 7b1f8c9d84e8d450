#include "consensus/pbft_codec_internal.h"

#include <string.h>

#include "base/canon.h"
#include "carnet/v1/peer.pb-c.h"

#define CANON(type) (&carnet__v1__##type##__descriptor)

enum { SIGNED_VOTE_SIZE_MAX = VOTE_SIZE_MAX + SUITE_SIGNATURE_SIZE_MAX + 32 };

static enum err vote_of_message(const Carnet__V1__SignedVote *m, struct arena *a,
                                struct signed_vote *out)
{
    struct signed_vote v = { .wire = bytes_of_field(m->vote), .seat = m->seat };
    TRY(vote_decode(v.wire, a, &v.vote));
    v.signature = bytes_of_field(m->signature);
    *out = v;
    return ERR_NONE;
}

static Carnet__V1__SignedVote message_of_vote(const struct signed_vote *v)
{
    Carnet__V1__SignedVote m = CARNET__V1__SIGNED_VOTE__INIT;
    m.vote = field_of_bytes(v->wire);
    m.seat = v->seat;
    m.signature = field_of_bytes(v->signature);
    return m;
}

enum err signed_vote_encode(const struct signed_vote *v, struct arena *a, struct bytes *out)
{
    Carnet__V1__SignedVote m = message_of_vote(v);
    return canon_encode(&m.base, SIGNED_VOTE_SIZE_MAX, a, out);
}

enum err signed_vote_decode(struct bytes wire, struct arena *a, struct signed_vote *out)
{
    ProtobufCMessage *m;
    TRY(canon_decode(CANON(signed_vote), wire, SIGNED_VOTE_SIZE_MAX, a, &m));
    return vote_of_message((const Carnet__V1__SignedVote *)m, a, out);
}

enum err view_change_body_encode(const struct view_change *c, struct arena *a, struct bytes *out)
{
    Carnet__V1__ViewChangeBody m = CARNET__V1__VIEW_CHANGE_BODY__INIT;
    m.space = field_of_hash(&c->space);
    m.epoch = c->epoch;
    m.view = c->view;
    m.seat = c->seat;
    m.committed = c->committed;
    m.prepared = field_of_bytes(c->prepared);
    return canon_encode(&m.base, VIEW_CHANGE_BODY_SIZE_MAX, a, out);
}

enum err view_change_body_decode(struct bytes body, struct arena *a, struct view_change *out)
{
    ProtobufCMessage *message;
    TRY(canon_decode(CANON(view_change_body), body, VIEW_CHANGE_BODY_SIZE_MAX, a, &message));
    const Carnet__V1__ViewChangeBody *m = (const Carnet__V1__ViewChangeBody *)message;
    struct hash space;
    TRY(hash_of_field(m->space, &space));
    out->body = body;
    out->space = space;
    out->epoch = m->epoch;
    out->view = m->view;
    out->seat = m->seat;
    out->committed = m->committed;
    out->prepared = bytes_of_field(m->prepared);
    return ERR_NONE;
}

static enum err change_of_message(const Carnet__V1__ViewChange *m, struct arena *a,
                                  struct view_change *out)
{
    TRY(view_change_body_decode(bytes_of_field(m->body), a, out));
    out->signature = bytes_of_field(m->signature);
    return ERR_NONE;
}

static Carnet__V1__ViewChange message_of_change(const struct view_change *c)
{
    Carnet__V1__ViewChange m = CARNET__V1__VIEW_CHANGE__INIT;
    m.body = field_of_bytes(c->body);
    m.signature = field_of_bytes(c->signature);
    return m;
}

static enum err propose_decode(const Carnet__V1__PeerMessage *m, struct arena *a,
                               struct message *out)
{
    (void)a;
    out->kind = MESSAGE_PROPOSE;
    out->view = m->propose->view;
    out->block = bytes_of_field(m->propose->block);
    return ERR_NONE;
}

static enum err vote_message_decode(const Carnet__V1__PeerMessage *m, struct arena *a,
                                    struct message *out)
{
    out->kind = MESSAGE_VOTE;
    return vote_of_message(m->vote, a, &out->vote);
}

static enum err change_decode(const Carnet__V1__PeerMessage *m, struct arena *a,
                              struct message *out)
{
    out->kind = MESSAGE_VIEW_CHANGE;
    out->change_count = 1;
    return change_of_message(m->view_change, a, &out->change[0]);
}

static enum err new_view_decode(const Carnet__V1__PeerMessage *m, struct arena *a,
                                struct message *out)
{
    const Carnet__V1__NewView *v = m->new_view;
    out->kind = MESSAGE_NEW_VIEW;
    out->view = v->view;
    if (v->n_changes > GENESIS_SEATS_MAX) {
        return ERR_SIZE;
    }
    out->change_count = (uint32_t)v->n_changes;
    for (uint32_t i = 0; i < out->change_count; i++) {
        TRY(change_of_message(v->changes[i], a, &out->change[i]));
    }
    out->voted = v->vote != NULL;
    return out->voted ? vote_of_message(v->vote, a, &out->vote) : ERR_NONE;
}

static enum err get_block_decode(const Carnet__V1__PeerMessage *m, struct arena *a,
                                 struct message *out)
{
    (void)a;
    out->kind = MESSAGE_GET_BLOCK;
    return hash_of_field(m->get_block->block, &out->hash);
}

static enum err block_reply_decode(const Carnet__V1__PeerMessage *m, struct arena *a,
                                   struct message *out)
{
    (void)a;
    out->kind = MESSAGE_BLOCK;
    out->block = bytes_of_field(m->block->block);
    return ERR_NONE;
}

/* The kinds of PeerMessage that are consensus. */
static const struct {
    Carnet__V1__PeerMessage__KindCase kind;
    enum err (*decode)(const Carnet__V1__PeerMessage *m, struct arena *a, struct message *out);
} DECODE[] = {
    { CARNET__V1__PEER_MESSAGE__KIND_PROPOSE, propose_decode },
    { CARNET__V1__PEER_MESSAGE__KIND_VOTE, vote_message_decode },
    { CARNET__V1__PEER_MESSAGE__KIND_VIEW_CHANGE, change_decode },
    { CARNET__V1__PEER_MESSAGE__KIND_NEW_VIEW, new_view_decode },
    { CARNET__V1__PEER_MESSAGE__KIND_GET_BLOCK, get_block_decode },
    { CARNET__V1__PEER_MESSAGE__KIND_BLOCK, block_reply_decode },
};

enum err message_decode(struct bytes wire, struct arena *a, struct message *out)
{
    ProtobufCMessage *decoded;
    TRY(canon_decode(CANON(peer_message), wire, PBFT_MESSAGE_SIZE_MAX, a, &decoded));
    const Carnet__V1__PeerMessage *m = (const Carnet__V1__PeerMessage *)decoded;
    for (size_t i = 0; i < COUNT(DECODE); i++) {
        if (DECODE[i].kind == m->kind_case) {
            struct message got;
            memset(&got, 0, sizeof got);
            TRY(DECODE[i].decode(m, a, &got));
            *out = got;
            return ERR_NONE;
        }
    }
    return ERR_UNSUPPORTED;
}

static enum err pack(Carnet__V1__PeerMessage *m, Carnet__V1__PeerMessage__KindCase kind,
                     struct arena *a, struct bytes *out)
{
    m->kind_case = kind;
    return canon_encode(&m->base, PBFT_MESSAGE_SIZE_MAX, a, out);
}

static enum err propose_encode(const struct message *m, struct arena *a, struct bytes *out)
{
    Carnet__V1__PeerMessage peer = CARNET__V1__PEER_MESSAGE__INIT;
    Carnet__V1__Propose propose = CARNET__V1__PROPOSE__INIT;
    propose.view = m->view;
    propose.block = field_of_bytes(m->block);
    peer.propose = &propose;
    return pack(&peer, CARNET__V1__PEER_MESSAGE__KIND_PROPOSE, a, out);
}

static enum err vote_message_encode(const struct message *m, struct arena *a, struct bytes *out)
{
    Carnet__V1__PeerMessage peer = CARNET__V1__PEER_MESSAGE__INIT;
    Carnet__V1__SignedVote vote = message_of_vote(&m->vote);
    peer.vote = &vote;
    return pack(&peer, CARNET__V1__PEER_MESSAGE__KIND_VOTE, a, out);
}

static enum err change_encode(const struct message *m, struct arena *a, struct bytes *out)
{
    Carnet__V1__PeerMessage peer = CARNET__V1__PEER_MESSAGE__INIT;
    Carnet__V1__ViewChange change = message_of_change(&m->change[0]);
    peer.view_change = &change;
    return pack(&peer, CARNET__V1__PEER_MESSAGE__KIND_VIEW_CHANGE, a, out);
}

static enum err new_view_encode(const struct message *m, struct arena *a, struct bytes *out)
{
    Carnet__V1__PeerMessage peer = CARNET__V1__PEER_MESSAGE__INIT;
    Carnet__V1__NewView view = CARNET__V1__NEW_VIEW__INIT;
    Carnet__V1__SignedVote vote = message_of_vote(&m->vote);
    Carnet__V1__ViewChange change[GENESIS_SEATS_MAX];
    Carnet__V1__ViewChange *pointer[GENESIS_SEATS_MAX];
    for (uint32_t i = 0; i < m->change_count; i++) {
        change[i] = message_of_change(&m->change[i]);
        pointer[i] = &change[i];
    }
    view.view = m->view;
    view.n_changes = m->change_count;
    view.changes = pointer;
    view.vote = m->voted ? &vote : NULL;
    peer.new_view = &view;
    return pack(&peer, CARNET__V1__PEER_MESSAGE__KIND_NEW_VIEW, a, out);
}

static enum err get_block_encode(const struct message *m, struct arena *a, struct bytes *out)
{
    Carnet__V1__PeerMessage peer = CARNET__V1__PEER_MESSAGE__INIT;
    Carnet__V1__GetBlock get = CARNET__V1__GET_BLOCK__INIT;
    get.block = field_of_hash(&m->hash);
    peer.get_block = &get;
    return pack(&peer, CARNET__V1__PEER_MESSAGE__KIND_GET_BLOCK, a, out);
}

static enum err block_reply_encode(const struct message *m, struct arena *a, struct bytes *out)
{
    Carnet__V1__PeerMessage peer = CARNET__V1__PEER_MESSAGE__INIT;
    Carnet__V1__BlockReply reply = CARNET__V1__BLOCK_REPLY__INIT;
    reply.block = field_of_bytes(m->block);
    peer.block = &reply;
    return pack(&peer, CARNET__V1__PEER_MESSAGE__KIND_BLOCK, a, out);
}

enum err message_encode(const struct message *m, struct arena *a, struct bytes *out)
{
    static enum err (*const ENCODE[MESSAGE_KIND_END])(const struct message *, struct arena *,
                                                      struct bytes *) = {
        [MESSAGE_PROPOSE] = propose_encode,     [MESSAGE_VOTE] = vote_message_encode,
        [MESSAGE_VIEW_CHANGE] = change_encode,  [MESSAGE_NEW_VIEW] = new_view_encode,
        [MESSAGE_GET_BLOCK] = get_block_encode, [MESSAGE_BLOCK] = block_reply_encode,
    };
    ASSERT(m->kind < MESSAGE_KIND_END);
    return ENCODE[m->kind](m, a, out);
}
