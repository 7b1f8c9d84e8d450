/* pbft_records — what the state machine remembers of votes, view changes and proposals. */
#ifndef CARNET_CONSENSUS_PBFT_RECORDS_INTERNAL_H
#define CARNET_CONSENSUS_PBFT_RECORDS_INTERNAL_H

#include "consensus/pbft_codec_internal.h"

/* One seat's newest vote of a kind at a height: views only grow. */
struct ballot {
    bool cast;
    uint64_t epoch, view, height;
    struct hash block;
    uint8_t signature[SUITE_SIGNATURE_SIZE_MAX];
};

struct kept_certificate {
    uint64_t epoch, view, height;
    size_t size; /* 0: none */
    struct hash block;
    uint8_t wire[CERTIFICATE_SIZE_MAX];
};

/* What a seat says it will vote for, where it leads. Nobody has signed it, and no quorum has it. */
struct announced {
    uint64_t view, height; /* 0: none */
    struct hash block;
};
/* One seat's newest VIEW-CHANGE. */
struct ask {
    bool heard, prepared;
    uint64_t view, epoch, committed, prepared_view, prepared_height, prepared_epoch;
    struct hash block; /* of the prepared certificate */
    size_t size;
    uint8_t body[VIEW_CHANGE_BODY_SIZE_MAX];
    uint8_t signature[SUITE_SIGNATURE_SIZE_MAX];
};

/* A proposal in the pool. In memory a record's tag stands before the block, so that a record of the
 * vote log is these bytes and not a copy. */
struct kept {
    bool used, persisted, failed;
    bool fetched;       /* taken by its hash from anybody, not from the primary */
    bool ends, undated; /* its epoch, for another committee; and without a transaction: any clock */
    struct hash hash, previous, state_root, committee_hash;
    uint64_t height, time_ms, epoch, arrived_ms, order;
    uint64_t built_ms; /* own: when it was begun; 0: another's */
    uint32_t txs;
    uint64_t certificate_height;
    size_t at, size, certificate_at, certificate_size; /* tag and block; inside the block */
};

enum want_for { WANT_CHAIN, WANT_CERTIFIED, WANT_PURPOSES }; /* of the view; a certified one */
struct want {
    bool open;
    struct hash hash;
    uint64_t again_ms;
};

#endif
