/* pbft — what the files of the state machine share. Page: docs/consensus.md */
#ifndef CARNET_CONSENSUS_PBFT_INTERNAL_H
#define CARNET_CONSENSUS_PBFT_INTERNAL_H

#include "consensus/pace_internal.h"
#include "consensus/pbft_records_internal.h"

enum {
    PBFT_HEIGHTS = 2 * PBFT_OPEN_MAX,  /* heights above the committed one whose votes are counted */
    PBFT_STEP_RESERVE = 384 * 1024,    /* of one step's arena, for all but the block in it */
    PBFT_TRIM_RECORDS = 512,           /* the vote log is rewritten after this many records */
    PBFT_TRIM_BYTES = 16 * 1024 * 1024 /* or this many bytes */
};
/* Readings of the protocol that lose a committed block, for tests: constants in the product. */
enum pbft_mutant { MUTANT_NONE, MUTANT_ANCESTORS_AGAIN, MUTANT_PER_HEIGHT, MUTANT_VOTES_TWICE };
#ifdef PBFT_MUTANTS
#define MUTANT(p, m) ((p)->mutant == (m))
#else
#define MUTANT(p, m) false
#endif
struct pbft {
    struct pbft_config config;
    struct arena step;
    struct pbft_effects *out;
    uint32_t seats, quorum, faulty;
    uint64_t number, since_epoch, since_height, log_number; /* who sits; whose the log's end is */
    struct hash sits;
    bool handing, log_ahead; /* who sits next is not told yet; the log knows of a later committee */
    uint64_t now_ms;
    bool started, may_vote;
#ifdef PBFT_MUTANTS
    enum pbft_mutant mutant;
#endif
    struct ledger_tip committed;
    uint64_t floor; /* never vote at or below this height: it was committed when the log was cut */
    struct kept_certificate last;     /* newest commit certificate */
    struct kept_certificate prepared; /* own highest prepared certificate, by (view, height) */
    uint64_t view;
    bool changing;        /* in `view`, whose NEW-VIEW has not come */
    bool based, resolved; /* `view` proposes again what ends in `base`; all of it is in `chain` */
    struct hash base;
    uint64_t base_height;
    uint32_t chain_count, open_count; /* accepted above committed; executed of these */
    struct hash chain[PBFT_OPEN_MAX];
    bool executing, building, declined; /* BUILD brought nothing: not again before the next TICK */
    struct hash executed;               /* what EXECUTE asked for */
    struct want want[WANT_PURPOSES];
    struct want spoilt; /* the fetched block that did not execute last, and when to ask for it */

    struct ballot ballot[2][PBFT_HEIGHTS][GENESIS_SEATS_MAX];
    struct announced announced[PBFT_HEIGHTS][GENESIS_SEATS_MAX];
    uint64_t seat_view[GENESIS_SEATS_MAX];   /* highest view a seat has signed anything for */
    uint64_t seat_height[GENESIS_SEATS_MAX]; /* and the highest height, beyond our window */
    uint64_t helped_ms[GENESIS_SEATS_MAX];
    struct ask ask[GENESIS_SEATS_MAX];
    size_t new_view_size; /* own NEW-VIEW of this view, as a PeerMessage */
    uint8_t new_view[NEW_VIEW_SIZE_MAX];
    bool voted;
    struct vote last_vote;
    uint8_t last_signature[SUITE_SIGNATURE_SIZE_MAX];

    uint64_t timeout_ms, view_ms, progress_ms, waiting_ms, resend_ms, sync_ms;
    uint64_t sync_height, oldest_ms;
    uint64_t ahead; /* the highest committed height that a VIEW-CHANGE of this view claims */
    bool waiting, majority; /* a quorum asks for `view` or more: the NEW-VIEW timer runs */
    uint32_t pending, view_changes, equivocations, fetch_seat;
    struct pace pace;
    size_t log_records, log_bytes;
    struct kept kept[PBFT_BLOCKS_KEPT_MAX];
    uint8_t *pool;
    size_t pool_used;
    uint64_t order;
};

#endif
