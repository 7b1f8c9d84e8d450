/* contract_records — what contracts keep in state (record.proto).
 *
 * State numbers are on disk for ever: append, never renumber. No strings. Lists are `x_count` and
 * `x`; an all-zero hash stands for "none" where a comment says so. Page: docs/contract.md */
#ifndef CARNET_CONTRACT_CONTRACT_RECORDS_H
#define CARNET_CONTRACT_CONTRACT_RECORDS_H

#include "contract/contract_args.h"

enum { CONTRACT_SEALS_MAX = 16, CONTRACT_APPROVALS_MAX = GENESIS_SEATS_MAX };

enum contract_token_state { TOKEN_ACTIVE = 1, TOKEN_FROZEN, TOKEN_REVOKED, TOKEN_ARCHIVED };
enum contract_right_state { RIGHT_ACTIVE = 1, RIGHT_REVOKED };
enum contract_right_kind { RIGHT_HOLD = 1, RIGHT_PROCESS_AND_USE, RIGHT_OPERATE };
enum contract_custody { CUSTODY_RELEASED = 1, CUSTODY_BROKERED };

struct event_chain {
    uint64_t count;
    struct hash chain; /* zero before the first */
};
struct did_record {
    struct did_document document;
    uint64_t height;
};
struct seal_entry {
    struct hash seal;
    uint32_t suite, chunk_size, chunk_count;
    struct hash sealed_root, manifest_hash;
    uint64_t height;
};
struct token_record {
    struct hash token, owner, asset, template_hash;
    uint32_t classes_count, classes[CONTRACT_CLASSES_MAX];
    uint32_t grade;
    uint32_t jurisdictions_count, jurisdictions[CONTRACT_PLACES_MAX];
    uint64_t valid_from_ms, valid_until_ms;
    struct hash pack_set, owner_tag;
    uint32_t state;
    uint32_t seals_count;
    struct seal_entry seals[CONTRACT_SEALS_MAX];
    uint64_t rights;
    struct event_chain events;
    struct hash frozen_by; /* zero unless frozen */
};
struct right_record {
    struct hash right, token, grantor, holder, seal;
    uint32_t kind, custody, uses, used;
    uint64_t until_ms;
    uint32_t purpose;
    uint32_t places_count, places[CONTRACT_PLACES_MAX];
    uint32_t state;
    struct hash lock;     /* zero: none */
    struct hash wrap;     /* zero: brokered, and nothing released yet */
    struct bytes verdict; /* canonical, policy_verdict_decode */
    struct hash grant;    /* transaction; with wrap_index it names the wrap's attachment */
    uint32_t wrap_index;  /* of `release`, when that is not zero */
    struct event_chain events;
    uint32_t pending; /* number of the use that awaits its RELEASE; past its time it is none */
    uint64_t pending_until_ms;
    struct hash release;
    uint32_t delivered; /* 1: the holder acknowledged a wrap before the newest one */
};
struct counter_record {
    uint64_t value;
};
struct attachment_record {
    struct hash commitment;
    uint32_t readers_count;
    struct hash readers[TX_READERS_MAX];
    uint32_t acked_count;
    struct hash acked[TX_READERS_MAX];
    uint64_t keep_until_ms;
    uint32_t kind;
    struct hash author;
    uint32_t size;
    struct hash token, right; /* what it is about; zero: nothing */
    uint32_t rejected_count;
    struct hash rejected[TX_READERS_MAX];
};
struct pack_piece_record {
    struct bytes piece;
    uint32_t count;
};
struct pack_active_record {
    struct hash set;  /* zero: the space began without law */
    uint64_t height;  /* since when */
    struct hash next; /* zero: none; in force from next_height on */
    uint64_t next_height;
};
struct proposal_record {
    uint32_t subject;
    struct hash value;
    uint64_t height;
    uint32_t approvals_count;
    struct hash approvals[CONTRACT_APPROVALS_MAX];
};
struct seat_change_record { /* as seat_change */
    uint32_t verb;
    struct hash participant, root;
    uint64_t weight;
};
struct evidence_record {
    struct hash author;
    uint32_t kind;
    uint64_t height;
};

#define CONTRACT_RECORDS(X)                                                                  \
    X(did_record)                                                                            \
    X(token_record)                                                                          \
    X(right_record)                                                                          \
    X(counter_record) X(balance_record) X(lock_record) X(money_exchange) X(quote_record)     \
        X(quote_ring_record) X(attachment_record) X(pack_piece_record) X(pack_active_record) \
            X(proposal_record) X(seat_change_record) X(evidence_record)

#endif
