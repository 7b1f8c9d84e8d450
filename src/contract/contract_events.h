/* contract_events — what contracts say in events: type numbers and bodies (FORMATS 16).
 *
 * Types are numbered within their contract and are on disk for ever. Subjects stand in this order:
 * the token, the right, then parties; where there is none of these, the id the event is about, then
 * parties. An event that names a token or right is part of that record's event chain. Page:
 * docs/contract.md */
#ifndef CARNET_CONTRACT_CONTRACT_EVENTS_H
#define CARNET_CONTRACT_CONTRACT_EVENTS_H

#include "contract/contract_records.h"

/* contract, type, name, body ("none": empty), subjects */
#define CONTRACT_EVENTS(X)                                                                  \
    X(DID, CREATED, 1, "did.created", "none: did, admitted by")                             \
    X(TOKEN, MINTED, 1, "token.minted", "token_minted: token, owner")                       \
    X(TOKEN, SEALED, 2, "token.sealed", "token_sealed: token, owner")                       \
    X(TOKEN, MOVED, 3, "token.moved", "token_moved: token, actor")                          \
    X(RIGHT, GRANTED, 1, "right.granted", "right_granted: token, right, holder, grantor")   \
    X(RIGHT, USED, 2, "right.used", "right_used: token, right, holder")                     \
    X(RIGHT, REVOKED, 3, "right.revoked", "right_revoked: token, right, actor")             \
    X(RIGHT, PENDING, 4, "right.pending", "right_pending: token, right, holder, grantor")   \
    X(RIGHT, RELEASED, 5, "right.released", "right_released: the same")                     \
    X(ATTACHMENT, ACKED, 1, "attachment.acked", "attachment_acked: (token, right), reader") \
    X(ATTACHMENT, REJECTED, 2, "attachment.rejected", "attachment_rejected: the same")      \
    X(MONEY, ISSUED, 1, "money.issued", "money_moved: to, issuer")                          \
    X(MONEY, PAID, 2, "money.paid", "money_moved: to, from")                                \
    X(MONEY, LOCKED, 3, "money.locked", "money_moved: token, payee, payer")                 \
    X(MONEY, SETTLED, 4, "money.settled", "money_moved: token, right, payee, payer")        \
    X(MONEY, REFUNDED, 5, "money.refunded", "money_moved: token, (right), payer, actor")    \
    X(GOVERNANCE, PROPOSED, 1, "governance.proposed", "proposal_made: proposal, actor")     \
    X(GOVERNANCE, APPROVED, 2, "governance.approved", "none: proposal, actor")              \
    X(GOVERNANCE, ACTIVATED, 3, "governance.activated", "proposal_made: proposal, set")     \
    X(EVIDENCE, ANCHORED, 1, "evidence.anchored", "evidence_anchored: value, author")

enum contract_event_type {
#define X(contract, name, number, text, body) EVENT_##contract##_##name = (number),
    CONTRACT_EVENTS(X)
#undef X
    CONTRACT_EVENT_VERSION = 1
};
/* "token.moved"; "unknown" past the table. For people, never on the ledger. */
const char *contract_event_name(uint32_t contract, uint32_t type);

struct token_minted {
    struct hash asset, owner;
};
struct token_sealed {
    struct hash seal;
    uint32_t chunk_count;
    struct hash sealed_root;
};
struct token_moved {
    uint32_t from, to, reason;
};
struct right_granted {
    uint32_t kind, custody, uses;
    uint64_t until_ms;
    struct bytes verdict;
    struct hash lock; /* zero: none */
};
struct right_used {
    uint32_t use, left; /* left is 0 when uses are not counted */
};
struct right_pending {
    uint32_t use;
    uint64_t until_ms;
};
struct right_released {
    uint32_t use, left; /* as of right_used */
    struct hash wrap;
};
struct right_revoked {
    uint32_t reason;
};
struct money_moved {
    struct amount amount;
    struct hash lock;      /* zero: none */
    struct bytes exchange; /* canonical money_exchange; empty: none */
};
struct attachment_acked {
    struct hash transaction;
    uint32_t indexes_count, indexes[TX_ATTACHMENTS_MAX];
};
struct attachment_rejected {
    struct hash transaction;
    uint32_t index, code;
};
struct proposal_made {
    uint32_t subject;
    struct hash value;
    uint64_t height;
};
struct evidence_anchored {
    uint32_t kind;
};

#define CONTRACT_BODIES(X)                                                                         \
    X(token_minted) X(token_sealed) X(token_moved) X(right_granted) X(right_used)                  \
    X(right_pending) X(right_released) X(right_revoked) X(money_moved) X(attachment_acked)         \
    X(attachment_rejected) X(proposal_made) X(evidence_anchored)

#endif
