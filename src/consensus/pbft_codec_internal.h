/* pbft_codec — the messages of consensus as our own structs (proto/carnet/v1/peer.proto).
 *
 * What is decoded lives in the arena. Nothing here judges: a signature is checked by who knows the
 * keys. A view change keeps the body's bytes as received, because those are what is signed. */
#ifndef CARNET_CONSENSUS_PBFT_CODEC_INTERNAL_H
#define CARNET_CONSENSUS_PBFT_CODEC_INTERNAL_H

#include "consensus/consensus.h"

enum {
    VIEW_CHANGE_BODY_SIZE_MAX = CERTIFICATE_SIZE_MAX + 96,
    NEW_VIEW_SIZE_MAX = GENESIS_SEATS_MAX * (VIEW_CHANGE_BODY_SIZE_MAX + 96) + 512
};

/* What names a later view is refused: no timer gets there, and the next view is one more. */
#define PBFT_VIEW_MAX (UINT64_MAX / 2)

enum message_kind {
    MESSAGE_PROPOSE,
    MESSAGE_VOTE,
    MESSAGE_VIEW_CHANGE,
    MESSAGE_NEW_VIEW,
    MESSAGE_GET_BLOCK,
    MESSAGE_BLOCK,
    MESSAGE_KIND_END
};

struct signed_vote {
    struct bytes wire; /* canonical Vote: what is signed */
    struct vote vote;
    uint32_t seat;
    struct bytes signature;
};

struct view_change {
    struct bytes body; /* canonical ViewChangeBody: what is signed */
    struct bytes signature;
    struct hash space;
    uint64_t epoch, view, committed;
    uint32_t seat;
    struct bytes prepared; /* canonical Certificate, or empty */
};

struct message {
    enum message_kind kind;
    uint64_t view;           /* PROPOSE, NEW_VIEW */
    struct bytes block;      /* PROPOSE, BLOCK: framed */
    struct hash hash;        /* GET_BLOCK */
    bool voted;              /* NEW_VIEW: `vote` is there */
    struct signed_vote vote; /* VOTE, NEW_VIEW */
    uint32_t change_count;   /* VIEW_CHANGE: 1; NEW_VIEW */
    struct view_change change[GENESIS_SEATS_MAX];
};

/* ERR_ENCODING, ERR_SIZE, ERR_NO_SPACE; ERR_UNSUPPORTED for a PeerMessage that is not consensus. */
MUST_USE enum err message_decode(struct bytes wire, struct arena *a, struct message *out);
/* A PeerMessage of m->kind. */
MUST_USE enum err message_encode(const struct message *m, struct arena *a, struct bytes *out);

MUST_USE enum err signed_vote_encode(const struct signed_vote *v, struct arena *a,
                                     struct bytes *out);
MUST_USE enum err signed_vote_decode(struct bytes wire, struct arena *a, struct signed_vote *out);
/* The body alone: what is signed. `c->prepared`, view and so on are read; body and signature not.
 */
MUST_USE enum err view_change_body_encode(const struct view_change *c, struct arena *a,
                                          struct bytes *out);
/* Fills all fields but the signature from c->body. */
MUST_USE enum err view_change_body_decode(struct bytes body, struct arena *a,
                                          struct view_change *out);

#endif
