/* sim_codec — what a peer message says, for the rig's eyes, and votes written by hand. */
#ifndef CARNET_SIM_SIM_CODEC_INTERNAL_H
#define CARNET_SIM_SIM_CODEC_INTERNAL_H

#include "ledger/block.h"

struct sim_seen {
    uint32_t kind; /* number of PeerMessage.kind */
    bool has_vote;
    struct vote vote;
    uint32_t seat;
    uint64_t view;                          /* PROPOSE, VIEW_CHANGE, NEW_VIEW */
    struct hash block;                      /* PROPOSE */
    uint64_t height, time_ms;               /* PROPOSE */
    struct bytes wire;                      /* PROPOSE: the block */
    uint64_t epoch;                         /* VIEW_CHANGE */
    struct bytes signature, body, prepared; /* of the vote; of VIEW_CHANGE */
};
enum {
    SIM_KIND_HELLO = 1,
    SIM_KIND_ANSWER,
    SIM_KIND_PROPOSE,
    SIM_KIND_VOTE,
    SIM_KIND_VIEW_CHANGE,
    SIM_KIND_NEW_VIEW,
    SIM_KIND_BLOCK = 8,
    SIM_KIND_GET_CHAIN,
    SIM_KIND_CHAIN,
    SIM_KIND_TXS
};
MUST_USE enum err sim_see(const struct suite *s, struct bytes message, struct arena *a,
                          struct sim_seen *out);
MUST_USE enum err sim_vote_message(const struct vote *v, uint32_t seat, struct bytes signature,
                                   struct arena *a, struct bytes *out);

#endif
