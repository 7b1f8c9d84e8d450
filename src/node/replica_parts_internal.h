/* replica_parts — the functions that the files of the effects interpreter offer each other. */
#ifndef CARNET_NODE_REPLICA_PARTS_INTERNAL_H
#define CARNET_NODE_REPLICA_PARTS_INTERNAL_H

#include "node/replica_internal.h"

/* replica_start.c */
MUST_USE enum err replica_recover(struct replica *r);
MUST_USE enum err replica_begin_if_whole(struct replica *r); /* consensus, when the logs are */
struct bytes replica_newest_certificate(struct replica *r);

/* replica_step.c: an event for consensus with all that follows from it. */
MUST_USE enum err replica_step(struct replica *r, const struct pbft_event *ev);
enum activity replica_turn(const struct replica *r, enum activity to); /* gives what it was */
MUST_USE enum err replica_execute(struct replica *r, struct bytes block);
/* Commit the oldest open block: block log, ledger, folded view, notice. */
MUST_USE enum err replica_commit_block(struct replica *r, const struct hash *block,
                                       struct bytes certificate);
void replica_tell_committee(struct replica *r); /* to consensus, if it is another one */

/* replica_flush.c */
MUST_USE enum err replica_persist(struct replica *r); /* all, here and now; sets disk_failed */
/* To the block log, which is to be durable before anything that is said from now on is sent. */
MUST_USE enum err replica_append_block(struct replica *r, const struct block *b,
                                       struct bytes certificate);
void replica_note(struct replica *r, const struct ledger_tip *tip, const struct receipt *receipt,
                  uint32_t count);

/* replica_peers.c */
void replica_send(struct replica *r, uint32_t peer, struct bytes message); /* copies; may drop */
void replica_send_message(struct replica *r, uint32_t peer, const struct peer_message *m);
void replica_hello(struct replica *r, uint32_t peer);
MUST_USE enum err replica_on_hello(struct replica *r, uint32_t peer, const struct peer_hello *h);
MUST_USE enum err replica_on_answer(struct replica *r, uint32_t peer,
                                    const struct peer_hello_answer *h);
void replica_saw_vote(struct replica *r, uint32_t peer, struct bytes message);
void replica_clear(struct replica *r); /* may this node vote now? */

/* replica_seats.c: who sits, as the committed state says. `sit` is called whenever that has moved.
 */
uint32_t replica_rows_max(const struct genesis *g);
void replica_sit_at_genesis(struct replica *r);
MUST_USE enum err replica_sit(struct replica *r);
const struct committee *replica_committee_at(struct replica *r, uint64_t epoch);
struct key_slot *replica_row_slots(struct replica *r, const struct hash *root); /* NULL: none */
struct key_slot *replica_row_add(struct replica *r, const struct hash *root);

/* replica_anchors.c: a block of an anchor's height is the anchor's or is not taken. */
MUST_USE enum err replica_anchors_read(struct replica *r);
MUST_USE enum err replica_anchors_start(struct replica *r); /* the log as it lies there */
/* Blocks of the peer that is asked, hashed into one another: ERR_PROOF, and told, when one is not
 * the anchor's, or when they lead to an anchor from another block than our tip. */
MUST_USE enum err replica_anchors_range(struct replica *r, const struct block *b, uint32_t count);
MUST_USE enum err replica_anchors_append(struct replica *r, const struct block *b);
void replica_anchors_lie(struct replica *r, uint32_t peer, enum proof_step why); /* a snapshot's */

/* replica_hand_over.c */
void replica_hand_over_tick(struct replica *r);
MUST_USE enum err replica_load_hand_overs(struct replica *r);
MUST_USE enum err replica_hand_overs_write(struct replica *r, const struct bytes *list,
                                           uint32_t count);

/* replica_keys.c */
struct bytes replica_key(void *r, uint32_t seat, uint64_t epoch); /* key_source */
struct key_slot *replica_key_slot(struct replica *r, uint32_t seat, uint64_t epoch);
MUST_USE enum err replica_learn_keys(struct replica *r, const struct peer_keys *keys);
void replica_own_keys(struct replica *r, struct peer_keys *out); /* this epoch's and the next's */
void replica_say_open_keys(struct replica *r, uint32_t peer);
void replica_epoch_tick(struct replica *r);
void replica_advance_seed(struct replica *r);
MUST_USE enum err replica_load_keys(struct replica *r);
MUST_USE enum err replica_save_keys(struct replica *r);
MUST_USE enum err replica_sign(void *r, uint64_t epoch, const char *tag, struct bytes msg,
                               uint8_t *signature);
void replica_put_key(struct peer_keys *out, uint32_t seat, const struct key_slot *slot,
                     const struct suite *s);

/* replica_sync.c, replica_serve.c */
void replica_sync_want(struct replica *r, uint64_t height);
void replica_sync_tick(struct replica *r);
MUST_USE enum err replica_on_chain(struct replica *r, uint32_t peer, const struct peer_chain *c);
MUST_USE enum err replica_serve_chain(struct replica *r, uint32_t peer, uint64_t from,
                                      uint32_t count);
MUST_USE enum err replica_serve_block(struct replica *r, uint32_t peer, const struct hash *block);

/* replica_make.c: snapshots for others */
size_t replica_make_memory(size_t piece_max);
MUST_USE enum err replica_make_init(struct replica *r, struct arena *region);
void replica_make_begin(struct replica *r); /* the view was marked where the ledger stands */
void replica_make_tick(struct replica *r);
uint64_t replica_snapshot_gap(const struct replica *r);
MUST_USE enum err replica_serve_snapshot(struct replica *r, uint32_t peer, uint64_t above);
/* Now or in its turn; ERR_BUSY: too many of that peer's or of all wait, and it asks again. */
MUST_USE enum err replica_serve_piece(struct replica *r, uint32_t peer, uint64_t height,
                                      uint32_t piece);
void replica_serve_tick(struct replica *r);
uint64_t replica_serve_deadline(const struct replica *r); /* UINT64_MAX: nobody waits */

/* replica_take.c: snapshots of others */
size_t replica_take_memory(size_t piece_max);
MUST_USE enum err replica_take_init(struct replica *r, struct arena *region);
bool replica_can_take(const struct replica *r);
enum err replica_take(struct replica *r, struct sync_event ev);
uint64_t replica_obtainable(const struct replica *r); /* the newest block that can be had */
bool replica_take_late(const struct replica *r);
bool replica_gap_is_wide(const struct replica *r, uint64_t at, uint64_t target);
enum err replica_take_offer(struct replica *r, uint32_t peer, struct bytes snapshot);
bool replica_take_instead(struct replica *r, uint64_t target, bool pruned);
void replica_take_tick(struct replica *r);
MUST_USE enum err replica_install_taken(struct replica *r); /* before the log and the view */

/* replica_gossip.c */
void replica_gossip_add(struct replica *r, struct bytes tx);
void replica_gossip_tick(struct replica *r);
MUST_USE enum err replica_on_txs(struct replica *r, const struct peer_txs *txs);

#endif
