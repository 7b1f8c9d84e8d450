/* proposal — what founders decide together, whatever it is about: one proposes, each has one vote,
 * and more than two thirds decide (FORMATS 5). Page: docs/contract.md */
#ifndef CARNET_CLI_PROPOSAL_INTERNAL_H
#define CARNET_CLI_PROPOSAL_INTERNAL_H

#include "cli/session_internal.h"

/* Each founder counts once, however many seats it has. */
uint32_t proposal_founders(const struct genesis *g);
uint32_t proposal_needed(const struct genesis *g);
/* ERR_REFUSED, and said: only who founded the space changes this. */
MUST_USE enum err proposal_need_founder(struct session *s, const char *what);
/* --at: past the proposal, the votes, and `more` blocks before them. ERR_USAGE, and said. */
MUST_USE enum err proposal_at(struct session *s, uint64_t tip, uint64_t more, const char *what,
                              uint64_t *out);

/* Puts a proposal; the answer gets tx, height and proposal. */
MUST_USE enum err proposal_put(struct session *s, const struct proposal_make *x,
                               char hex[HEX_SIZE(HASH_SIZE) + 1]);
/* The one that the command line names, about this subject. ERR_NOT_FOUND, ERR_STATE: it is about
 * something else; both said. */
MUST_USE enum err proposal_named(struct session *s, enum contract_subject subject, struct hash *id,
                                 struct proposal_record *out);
/* One vote for it; *r becomes what stands after it, and is told: `force` says of a decided one what
 * comes before its height. */
MUST_USE enum err proposal_vote(struct session *s, const struct hash *id, const char *force,
                                struct proposal_record *r);
bool proposal_decided(const struct session *s, const struct proposal_record *r);
/* "decided", "open", or "late": nobody can decide it any more. */
const char *proposal_state(const struct session *s, const struct proposal_record *r,
                           uint64_t height);
/* {proposal, at, approvals, state} */
json_t *proposal_json(const struct session *s, const struct hash *id,
                      const struct proposal_record *r, uint64_t height);
/* All about this subject that the node's index knows of, in their order. */
typedef enum err proposal_fn(struct session *s, const struct hash *id,
                             const struct proposal_record *r, void *work);
MUST_USE enum err proposal_each(struct session *s, enum contract_subject subject, proposal_fn *take,
                                void *work);

#endif
