/* sim_liar — a Byzantine seat: one or two copies of a real node with one key, between them and the
 * network somebody who forges, withholds and tells each peer something else.
 *
 * It signs with its own hand only (FORMATS 23): `struct sim_hand` is all that it has of keys. What
 * it has heard it may say again, cut, or put together in other ways. Page: docs/simulator.md */
#ifndef CARNET_SIM_SIM_LIAR_INTERNAL_H
#define CARNET_SIM_SIM_LIAR_INTERNAL_H

#include "sim/sim_parts_internal.h"

enum { LIAR_COPIES = 2, LIAR_BLOCKS = 24, LIAR_MESSAGES = 48, LIAR_VOTES = 256, LIAR_PROOFS = 16 };

struct sim_hand {
    const struct suite *suite;
    uint32_t seat;
    struct epoch_seed seed;
};
/* Under the seat's own key of that epoch. `out` holds SUITE_SIGNATURE_SIZE_MAX. */
struct bytes sim_hand_sign(const struct sim_hand *hand, uint64_t epoch, const char *tag,
                           struct bytes msg, uint8_t *out);

/* Copied out of what was heard. */
struct kept_bytes {
    uint8_t *ptr;
    size_t len;
};
struct liar_block {
    uint64_t view, epoch, height;
    struct hash hash;
    struct kept_bytes wire;
};
struct liar_vote {
    struct vote vote;
    uint32_t seat;
    uint8_t signature[SUITE_SIGNATURE_SIZE_MAX];
};
struct liar_change {
    uint64_t view;
    struct kept_bytes body, signature;
};

struct sim_liar {
    struct world *w;
    struct sim_random random;
    struct sim_hand hand;
    uint32_t seat, slot[LIAR_COPIES]; /* as participant; hand.seat is its number on the committee */
    uint32_t seats;                   /* of that committee */
    uint32_t lies, habit;             /* bits by enum sim_lie: in this run, and just now */
    uint32_t reach[LIAR_COPIES];      /* participants that a copy hears and is heard by */
    uint32_t split;                   /* who is told the other thing */
    uint32_t mute, withheld;          /* who is told nothing, and of which kinds of message */
    uint64_t habit_until_ms, view, epoch;
    uint32_t block_count, message_count, vote_count, proof_count;
    struct liar_block block[LIAR_BLOCKS]; /* rings */
    struct kept_bytes message[LIAR_MESSAGES], proof[LIAR_PROOFS];
    struct liar_vote vote[LIAR_VOTES];
    struct liar_change change[SIM_NODES_MAX];
};

/* sim_lies.c: each tells whom it likes; false when it had nothing to say. */
typedef bool lie_fn(struct sim_liar *l);
lie_fn sim_lie_equivocate, sim_lie_double_vote, sim_lie_jump, sim_lie_replay, sim_lie_malform,
    sim_lie_proof;
/* A second block in the place of this one, mostly as good as the first. */
bool sim_lie_variant(struct sim_liar *l, struct bytes wire, struct bytes *out, struct hash *hash);
/* The same proposal or vote for something else; behind a proposal the vote for its block. */
bool sim_lie_other_proposal(struct sim_liar *l, struct bytes message, struct bytes out[2]);
bool sim_lie_other_vote(struct sim_liar *l, struct bytes message, struct bytes *out);
/* A range with a block that nobody has certified, for who catches up from that height. */
bool sim_lie_chain(struct sim_liar *l, const struct sim_node *n, uint32_t to, uint64_t height);
void sim_lie_spoil(struct sim_liar *l, struct bytes message, struct bytes *out);
/* Votes for exactly what somebody else has just voted for or proposed. */
void sim_lie_agree(struct sim_liar *l, const struct sim_seen *seen);

/* sim_liar.c */
void sim_liar_tell(struct sim_liar *l, uint32_t to, struct bytes message, enum sim_lie lie);
uint32_t sim_liar_some(struct sim_liar *l); /* bitmap of participants other than itself */
void sim_liar_keep(struct kept_bytes *k, struct bytes x);

/* sim_liar_codec.c */
struct sim_change {
    uint64_t epoch, view, committed;
    uint32_t seat;
    struct bytes prepared;
};
MUST_USE enum err sim_propose_message(uint64_t view, struct bytes block, struct arena *a,
                                      struct bytes *out);
MUST_USE enum err sim_change_body(const struct hash *space, const struct sim_change *c,
                                  struct arena *a, struct bytes *out);
MUST_USE enum err sim_change_message(struct bytes body, struct bytes signature, struct arena *a,
                                     struct bytes *out);
/* Changes as pairs of body and signature. */
MUST_USE enum err sim_new_view_message(uint64_t view, const struct bytes (*change)[2],
                                       uint32_t count, struct arena *a, struct bytes *out);
/* HELLO's answer of somebody who remembers nothing. */
MUST_USE enum err sim_blank_answer(struct arena *a, struct bytes *out);
/* A CHAIN of one block. */
MUST_USE enum err sim_chain_message(uint64_t height, struct bytes block, struct bytes certificate,
                                    struct arena *a, struct bytes *out);
/* The same HELLO of somebody who stands that much higher. */
MUST_USE enum err sim_hello_boast(struct bytes message, uint64_t by, struct arena *a,
                                  struct bytes *out);
/* From which height GET_CHAIN asks; 0: it is something else. */
uint64_t sim_chain_wanted(struct bytes message, struct arena *a);

#endif
