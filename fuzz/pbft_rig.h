/* pbft_rig — one node of a committee, and everybody else in the hands of the input.
 *
 * The node runs pbft_step with its real vote log over the cluster of the unit tests; the others
 * have no code, only keys, so an input may make all of them lie at once. Whatever they do, the node
 * must keep its own word, and that is what rig_check asserts after every operation:
 * - never two votes for one (view, height, kind), and none before its record was written;
 * - what it commits has a certificate of a quorum, and its chain is one chain;
 * - what it has voted to commit is in its prepared certificate, in every VIEW-CHANGE it sends, and
 *   its block is there to be given away;
 * - after a VIEW-CHANGE it signs nothing new of an earlier view;
 * - a message that is refused leaves no trace. */
#ifndef CARNET_FUZZ_PBFT_RIG_H
#define CARNET_FUZZ_PBFT_RIG_H

#include "consensus/pbft_internal.h"
#include "tests/fixtures/consensus_cluster.h"

enum { RIG_BLOCKS = 24, RIG_CERTIFICATES = 12, RIG_HEARD = 12 };
enum { RIG_OWN_VOTES = 1024, RIG_ANSWERS = 8 };

struct rig_block {
    struct hash hash;
    struct bytes wire;
    struct ledger_tip tip, parent;
    uint64_t last_commit;
};

struct rig {
    struct cluster *c;
    uint32_t self;                      /* node under test: a seat, or the observer behind them */
    struct rig_block block[RIG_BLOCKS]; /* rings */
    struct bytes certificate[RIG_CERTIFICATES];
    struct bytes heard[RIG_HEARD]; /* messages sent or received, to be said again */
    uint32_t blocks, certificates, heards;
    struct pbft *before;                         /* the state before a message */
    bool committed_vote;                         /* it has voted to commit */
    uint64_t vote_view, vote_height, vote_epoch; /* the highest such vote */
    uint64_t asked;                              /* highest view it has asked for */
    uint32_t own_count;
    struct vote own[RIG_OWN_VOTES];
    uint32_t answers; /* of the executor, that wait; oldest first */
    struct pbft_event answer[RIG_ANSWERS];
};

/* `late`: what the executor answers waits for rig_answer. */
void rig_open(struct rig *r, uint32_t seats, uint32_t self, bool late);
void rig_close(struct rig *r);
void rig_check(struct rig *r);

/* The node, started again if it is down. */
struct pbft *rig_node(struct rig *r);
void rig_restart(struct rig *r, bool may_vote);
enum err rig_feed(struct rig *r, const struct pbft_event *ev);
void rig_tick(struct rig *r);
void rig_answer(struct rig *r); /* the oldest answer arrives */
enum err rig_hear(struct rig *r, uint32_t from, struct bytes message);
enum err rig_say(struct rig *r, uint32_t from, const struct message *m);
/* A block announced, and the vote beside it: 1 and 2 are one of them alone, 3 the vote first. */
void rig_propose(struct rig *r, uint32_t from, uint8_t parts, const struct message *m);

/* Parts of messages. A block of the ring; 0 is the committed one, which has no bytes. */
struct rig_block rig_block_at(struct rig *r, uint8_t n);
struct rig_block rig_block_of(const struct rig *r, const struct hash *hash); /* no bytes: none */
const struct rig_block *rig_keep_block(struct rig *r, const struct ledger_tip *parent,
                                       struct bytes wire);
void rig_keep_certificate(struct rig *r, struct bytes wire);
struct bytes rig_certificate_at(const struct rig *r, uint8_t n); /* 0: none */
struct signed_vote rig_vote(struct rig *r, uint32_t seat, const struct vote *v);
struct bytes rig_certificate(struct rig *r, const struct vote *v, uint32_t seats);
struct view_change rig_change(struct rig *r, const struct view_change *fields);
/* Everybody's seats but the node's own, as bits. */
uint32_t rig_others(const struct rig *r);

#endif
