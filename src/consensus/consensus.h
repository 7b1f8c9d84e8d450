/* consensus — PBFT with pipelining and view change, as a pure state machine (FORMATS 10-14).
 *
 * One call, pbft_step: an event in, a bounded list of effects out, carried out in order by the
 * shell or the simulator (node/replica). It never executes, stores, sends or reads a clock itself:
 * it asks, and completion comes back as another event. Persist stands before send.
 * Page: docs/consensus.md
 *
 * PROPOSE, a block without a vote → PREPARE votes, the primary's too → a prepared certificate →
 * COMMIT votes → a commit certificate. A vote for a block is a vote for all its ancestors. */
#ifndef CARNET_CONSENSUS_CONSENSUS_H
#define CARNET_CONSENSUS_CONSENSUS_H

#include "ledger/ledger.h"

enum {
    PBFT_OPEN_MAX = 4, /* blocks above the last committed one */
    PBFT_EFFECTS_MAX = 128,
    PBFT_BLOCKS_KEPT_MAX = 16, /* proposals held in memory, of this and earlier views */
    PBFT_MESSAGE_SIZE_MAX = BLOCK_SIZE_MAX + 64 * 1024,
    PBFT_EPOCHS_MAX = 32,
    PBFT_PEER_ALL = 0xffffffff,
    PBFT_OBSERVER = 0xffffffff
};
/* Signs as this seat in that epoch; ERR_STATE when the epoch's seed has been erased. */
struct pbft_signer {
    void *ctx;
    enum err (*sign)(void *ctx, uint64_t epoch, const char *tag, struct bytes msg,
                     uint8_t *signature);
};

struct pbft_config {
    const struct suite *suite;
    const struct genesis *genesis;
    uint32_t self; /* own seat in genesis's committee, or PBFT_OBSERVER */
    struct key_source keys;
    struct pbft_signer signer;
    uint32_t view_timeout_ms;     /* a request waits this long before the primary is voted out */
    uint32_t view_timeout_max_ms; /* doubling stops here; progress resets to the first */
    uint32_t resend_ms;           /* own last messages are said again, missing blocks asked for */
    size_t message_bytes;         /* arena for one step, 3 * PBFT_MESSAGE_SIZE_MAX is plenty */
    size_t blocks_bytes;          /* for kept proposals */
};
enum pbft_event_kind {
    PBFT_START,    /* after replay of the vote log: may_vote says what FORMATS 14 decided */
    PBFT_REPLAY,   /* one record of the vote log, oldest first, before PBFT_START */
    PBFT_MESSAGE,  /* a PeerMessage of consensus kind; the peer authenticated as this participant */
    PBFT_EXECUTED, /* answer to EXECUTE: ok or not, by block hash */
    PBFT_BUILT,    /* answer to BUILD: a block that is executed and open, or none (nothing to do) */
    PBFT_SYNCED,   /* sync moved the ledger: a committed tip with its certificate */
    PBFT_TICK,     /* time passed */
    PBFT_MAY_VOTE, /* a starting node was cleared to vote (or not any more) */
    PBFT_COMMITTEE, /* who certifies what follows: after a closing block; with tip, before REPLAY */
    PBFT_PEER_UP    /* a peer connected: say last votes and view again */
};
struct pbft_event {
    enum pbft_event_kind kind;
    uint64_t now_ms;
    uint32_t from;                     /* MESSAGE, PEER_UP: seat of the sender, or PBFT_OBSERVER */
    struct bytes bytes;                /* MESSAGE, REPLAY, BUILT (block) */
    struct hash block;                 /* EXECUTED */
    enum err err;                      /* EXECUTED */
    bool yes;                          /* MAY_VOTE, START */
    struct ledger_tip tip;             /* START, SYNCED: committed tip */
    struct bytes certificate;          /* START, SYNCED: newest commit certificate, or empty */
    const struct committee *committee; /* COMMITTEE, START, SYNCED (NULL there: as before) */
    uint32_t seat;                     /* with a committee: own seat on it, or PBFT_OBSERVER */
    uint32_t pending;                  /* TICK, BUILT: transactions waiting */
    uint64_t oldest_ms; /* TICK: arrival of the oldest pending transaction, 0: none */
};

enum pbft_effect_kind {
    PBFT_PERSIST, /* append bytes to the vote log; durable before any later SEND */
    PBFT_SEND,    /* PeerMessage bytes to `to`: a seat, or PBFT_PEER_ALL (observers too) */
    PBFT_EXECUTE, /* execute block `bytes` (hash `block`); answer EXECUTED */
    PBFT_BUILD,   /* build on parent `block`; answer BUILT (empty: nothing to do, not yet time) */
    PBFT_COMMIT,  /* commit `block`; `bytes`: its certificate, or empty: that of the next COMMIT */
    PBFT_DROP,    /* drop open blocks above `block` */
    PBFT_SYNC,    /* others are ahead: committed up to `height` somewhere; fetch the chain */
    PBFT_TRIM     /* the vote log may be rewritten: what must stay follows as PERSIST effects */
};
struct pbft_effect {
    enum pbft_effect_kind kind;
    uint32_t to;
    uint64_t height;
    struct hash block;
    struct bytes bytes; /* lives until the next step */
    bool empty;         /* BUILD: a block without transactions is wanted too */
    uint32_t most;      /* BUILD: with so many at most */
};
struct pbft_effects {
    uint32_t count;
    struct pbft_effect effect[PBFT_EFFECTS_MAX];
};
struct pbft; /* opaque */
size_t pbft_memory_size(const struct pbft_config *config);
MUST_USE enum err pbft_init(const struct pbft_config *config, struct arena *arena,
                            struct pbft **out);

/* ERR_NONE with effects, or an error with none: what was wrong with a peer's message (ERR_ENCODING,
 * ERR_SIGNATURE, ERR_PROOF, ERR_STALE, ERR_STATE, ERR_DUPLICATE, ERR_RANGE, ERR_BUSY). */
MUST_USE enum err pbft_step(struct pbft *p, const struct pbft_event *ev, struct pbft_effects *out);

struct pbft_status {
    uint64_t view, committed, prepared;
    uint32_t primary;                   /* seat */
    uint32_t view_changes;              /* completed, since start */
    uint32_t equivocations;             /* second, different votes of a seat, since start */
    bool changing, may_vote, log_ahead; /* the vote log knows of a later committee */
    uint64_t deadline_ms;               /* next instant at which TICK matters */
    struct bytes last_certificate;      /* newest commit certificate */
};
struct pbft_status pbft_status(const struct pbft *p);
/* The vote signed furthest: epoch, view, height, kind. For HELLO; false: there is none. */
bool pbft_last_vote(const struct pbft *p, struct vote *out);
/* While no block commits: epochs whose keys others need to check what is said here. */
uint32_t pbft_epochs(const struct pbft *p, uint64_t epoch[PBFT_EPOCHS_MAX]);
/* An open proposal by hash, for BlockReply: ERR_NOT_FOUND. */
MUST_USE enum err pbft_block(const struct pbft *p, const struct hash *block, struct bytes *out);
uint32_t pbft_primary(uint32_t seats, uint64_t view, uint64_t epoch); /* the seat that leads */
#endif
