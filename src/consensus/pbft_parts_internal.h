/* pbft_parts — the functions that the files of the state machine offer each other. */
#ifndef CARNET_CONSENSUS_PBFT_PARTS_INTERNAL_H
#define CARNET_CONSENSUS_PBFT_PARTS_INTERNAL_H

#include "consensus/pbft_internal.h"

/* pbft.c: effects and helpers */
struct pbft_effect *pbft_emit(struct pbft *p, enum pbft_effect_kind kind);
void pbft_send(struct pbft *p, uint32_t to, const struct message *m);
void pbft_send_bytes(struct pbft *p, uint32_t to, struct bytes message);
void pbft_sync(struct pbft *p, uint64_t height);
bool pbft_can_sign(const struct pbft *p);
bool pbft_epoch_near(const struct pbft *p, uint64_t epoch);
uint64_t pbft_epoch_of(const struct pbft *p, uint64_t epoch); /* the committee's first, at least */
uint32_t pbft_leader(const struct pbft *p, uint64_t epoch);
/* ERR_STALE epoch, ERR_NOT_FOUND key, ERR_SIGNATURE. */
enum err pbft_verify(const struct pbft *p, uint32_t seat, uint64_t epoch, const char *tag,
                     struct bytes msg, struct bytes signature);
/* A certificate of this kind, whole and signed by a quorum: ERR_ENCODING, ERR_PROOF. */
enum err pbft_verify_certificate(struct pbft *p, struct bytes wire, enum vote_kind kind,
                                 struct certificate *out);
void pbft_keep_certificate(struct kept_certificate *k, const struct certificate *c,
                           struct bytes wire);
void pbft_progress(struct pbft *p);

/* pbft_sit.c: who sits */
bool pbft_has_last(const struct pbft *p); /* a commit certificate of this committee */
void pbft_sit(struct pbft *p, const struct committee *c, uint32_t seat);

/* pbft_pool.c: the proposals in memory */
const struct kept *pbft_kept(const struct pbft *p, const struct hash *hash);
struct kept *pbft_keep(struct pbft *p, const struct hash *hash);
struct bytes pbft_kept_block(const struct pbft *p, const struct kept *k);
enum err pbft_decode_block(struct pbft *p, struct bytes wire, struct block *out);
enum err pbft_store(struct pbft *p, const struct block *b);
void pbft_discard(struct pbft *p, struct kept *k);
void pbft_want(struct pbft *p, enum want_for purpose, const struct hash *hash);
bool pbft_wanted(struct pbft *p, const struct hash *hash);

/* pbft_chain.c: the chain of the view, execution, building */
/* Replace what is accepted by the chain from the committed block to `tip`, all of it in the pool.
 */
bool pbft_chain_to(struct pbft *p, const struct hash *tip, struct hash *missing);
struct ledger_tip pbft_chain_at(const struct pbft *p, uint32_t index);
struct bytes pbft_chain_certificate(const struct pbft *p, uint32_t index, uint64_t *height);
void pbft_chain_cut(struct pbft *p, uint32_t count);
void pbft_chain_forget(struct pbft *p);
bool pbft_chain_grow(struct pbft *p);
void pbft_execute_next(struct pbft *p);
void pbft_build(struct pbft *p);
enum err pbft_on_executed(struct pbft *p, const struct pbft_event *ev);
enum err pbft_on_built(struct pbft *p, const struct pbft_event *ev);
enum err pbft_on_propose(struct pbft *p, uint32_t from, const struct message *m);
enum err pbft_on_get_block(struct pbft *p, uint32_t from, const struct message *m);
enum err pbft_on_block(struct pbft *p, uint32_t from, const struct message *m);

/* pbft_vote.c: ballots, certificates, own votes, commits */
struct ballot *pbft_ballot(struct pbft *p, uint32_t kind, uint64_t height, uint32_t seat);
enum err pbft_count(struct pbft *p, const struct signed_vote *v);
bool pbft_prepared(const struct pbft *p, uint64_t height, const struct hash *block);
void pbft_voted(struct pbft *p, const struct signed_vote *v); /* keeps the furthest for HELLO */
bool pbft_vote_chain(struct pbft *p);
bool pbft_commit(struct pbft *p);
enum err pbft_on_vote(struct pbft *p, uint32_t from, const struct message *m);
void pbft_say_votes(struct pbft *p, uint32_t to);
bool pbft_own_vote(struct pbft *p, uint32_t kind, uint64_t height, struct signed_vote *out);

/* pbft_view.c: view changes */
enum err pbft_keep_change(struct pbft *p, const struct view_change *c);
void pbft_enter(struct pbft *p, uint64_t view);
bool pbft_join(struct pbft *p);
bool pbft_lead(struct pbft *p);
bool pbft_resolve(struct pbft *p);
enum err pbft_on_view_change(struct pbft *p, uint32_t from, const struct message *m);
enum err pbft_on_new_view(struct pbft *p, uint32_t from, const struct message *m);
void pbft_say_view(struct pbft *p, uint32_t to);
uint64_t pbft_view_deadline(const struct pbft *p);

/* pbft_log.c: the vote log */
enum {
    RECORD_BLOCK = 1,
    RECORD_VOTE,
    RECORD_PREPARED,
    RECORD_VIEW,
    RECORD_CHANGE,
    RECORD_NEW_VIEW,
    RECORD_COMMITTEE
};
void pbft_log_block(struct pbft *p, struct kept *k);
void pbft_log_vote(struct pbft *p, const struct signed_vote *v);
void pbft_log_prepared(struct pbft *p);
void pbft_log_view(struct pbft *p);
void pbft_log_change(struct pbft *p);
void pbft_log_new_view(struct pbft *p);
void pbft_log_committee(struct pbft *p); /* once for each that this node sits on */
void pbft_log_trim(struct pbft *p);
enum err pbft_on_replay(struct pbft *p, const struct pbft_event *ev);

#endif
