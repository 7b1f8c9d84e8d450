/* What a report is made of, fetched through a node's API: tokens, all that happened to them,
 * proofs. */
#ifndef CARNET_CLI_AUDIT_GATHER_INTERNAL_H
#define CARNET_CLI_AUDIT_GATHER_INTERNAL_H

#include "audit/audit.h"
#include "cli/actions_internal.h"

/* Its proofs and contents lie in the session's arena. */
struct gather {
    struct session *s;
    struct audit_record *token, *right, *lock; /* ascending by id */
    size_t token_count, right_count, lock_count;
    struct audit_tx *tx; /* ascending by place */
    uint64_t *place;     /* height * 2^32 + index of each */
    size_t tx_count;
    struct audit_attachment *attachment; /* metadata that the reporter may read, ascending */
    size_t attachment_count;
    struct bytes certified, reporter_proof;
    struct bytes hand_over[PROOF_HAND_OVERS_MAX];
    uint32_t hand_over_count;
    bool ranged;
    uint32_t from_day, to_day;
};

void gather_open(struct gather *g, struct session *s);
void gather_close(struct gather *g);
void gather_add_token(struct gather *g, const struct hash *id);
/* Every token to which something happened on these days, both included (UTC). ERR_NOT_FOUND, and
 * said: none; ERR_SIZE: more than a report may list. */
MUST_USE enum err gather_range(struct gather *g, uint32_t from_day, uint32_t to_day);
/* All the rest of the tokens that were added. ERR_NOT_FOUND, and said: no such token. */
MUST_USE enum err gather_all(struct gather *g);

#endif
