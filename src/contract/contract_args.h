/* contract_args — what methods take, as our own structs (args.proto, FORMATS 6).
 *
 * Ids, states, amounts, counts, codes, days and hashes: never a string. Lists are `x_count` and
 * `x`. Decoded structs hold their lists; `struct bytes` members live in the arena. An all-zero hash
 * stands for "none" where a comment says so and is an encoding error elsewhere. Page:
 * docs/contract.md */
#ifndef CARNET_CONTRACT_CONTRACT_ARGS_H
#define CARNET_CONTRACT_CONTRACT_ARGS_H

#include "contract/contract_money.h"

enum {
    CONTRACT_CLASSES_MAX = 16,     /* as many as one check of the law takes */
    CONTRACT_PLACES_MAX = 32,      /* of a token or right: bounds the record at about 130 bytes */
    CONTRACT_ACK_POINTS_MAX = 256, /* FORMATS 7 */
    CONTRACT_PIECE_SIZE_MAX = 48 * 1024 /* FORMATS 9 */
};
struct did_create {
    struct did_document document; /* its id is zero: it is derived */
};
struct token_mint {
    struct hash token, asset;
    struct hash template_hash; /* zero: none */
    uint32_t classes_count, classes[CONTRACT_CLASSES_MAX];
    uint32_t grade;
    uint32_t jurisdictions_count, jurisdictions[CONTRACT_PLACES_MAX];
    uint64_t valid_from_ms, valid_until_ms; /* [from, until) */
    struct hash pack_set;
    struct hash owner_tag; /* zero: none */
};
struct token_seal {
    struct hash token, seal;
    uint32_t suite, chunk_size, chunk_count;
    struct hash sealed_root, manifest_hash;
};
struct token_state { /* freeze, thaw, revoke, archive */
    struct hash token;
    uint32_t reason;
};
struct right_grant {
    struct hash token, holder, seal;
    uint32_t kind, custody, uses;
    uint64_t until_ms;
    uint32_t purpose;
    uint32_t places_count, places[CONTRACT_PLACES_MAX];
    struct bytes facts; /* canonical CheckFacts */
    struct hash lock;   /* zero: not paid for by a lock */
    struct hash wrap;   /* zero: brokered */
};
struct right_use {
    struct hash right;
    uint32_t use;
};
struct right_release {
    struct hash right;
    uint32_t use;
    struct hash wrap;
};
struct right_revoke {
    struct hash right;
    uint32_t reason;
};
struct attachment_point {
    struct hash transaction;
    uint32_t index;
};
struct attachment_ack {
    uint32_t points_count;
    struct attachment_point points[CONTRACT_ACK_POINTS_MAX]; /* strictly ascending */
};
struct attachment_reject {
    struct attachment_point point;
    uint32_t code;
};
struct pack_put {
    struct hash set;
    uint32_t index, count;
    struct bytes piece;
};
struct proposal_make {
    uint32_t subject; /* enum contract_subject */
    struct hash value;
    uint64_t height;
};
struct proposal_approve {
    struct hash proposal;
};
enum contract_seat_verb { SEAT_ADD = 1, SEAT_REMOVE, SEAT_NEW_KEYS };
struct seat_change {
    uint32_t verb;
    struct hash participant, root; /* root zero: remove */
    uint64_t weight;               /* 0: remove */
};
struct evidence_anchor {
    struct hash value;
    uint32_t kind;
};

#define CONTRACT_ARGS(X)                                                                          \
    X(did_create)                                                                                 \
    X(token_mint)                                                                                 \
    X(token_seal)                                                                                 \
    X(token_state) X(right_grant) X(right_use) X(right_release) X(right_revoke) X(attachment_ack) \
        X(attachment_reject) X(money_issue) X(money_pay) X(money_quote) X(money_lock)             \
            X(money_settle) X(money_refund) X(pack_put) X(proposal_make) X(proposal_approve)      \
                X(seat_change) X(evidence_anchor)

#endif
