/* The ledger's own shape, shared by the files that make it: ledger.c keeps the chain, block_run.c
 * runs blocks, header_rules.c judges headers, build.c proposes. */
#ifndef CARNET_LEDGER_LEDGER_INTERNAL_H
#define CARNET_LEDGER_LEDGER_INTERNAL_H

#include "ledger/execute_internal.h"
#include "ledger/mempool_internal.h"
#include "ledger/replay_internal.h"

enum {
    /* A certificate in a body is at most this far below its block (FORMATS 11). */
    LAST_COMMIT_DEPTH_MAX = 4,
    ANCESTORS_MAX = 2 * LAST_COMMIT_DEPTH_MAX /* committed heights whose hash is remembered */
};

/* A block of the chain: the committed one, or one above it. All it holds lies in its own arena. */
struct link {
    struct ledger_tip tip;
    struct header header;
    struct bytes wire; /* empty: a tip that was resumed */
    struct receipt *receipt;
    uint64_t *valid_until_ms;
    uint32_t count;
    struct merkle_frontier history; /* this header included */
    struct committee committee;     /* certifies this block */
    struct committee_change next;   /* decided and in force for what follows; count 0: none */
    struct arena arena;
};

struct ancestor {
    uint64_t height, time_ms;
    struct hash hash, previous;
    bool known;
};

struct ledger {
    const struct suite *suite;
    const struct genesis *genesis;
    const struct contract_table *contracts;
    struct key_source keys;
    struct state *state;
    struct replay replay;
    struct mempool mempool;
    struct verified verified_signatures;
    struct signers signers;
    struct arena scratch; /* of one block */
    struct arena tx_arena;
    struct contract_ctx ctx;
    struct link link[LEDGER_OPEN_MAX + 1];
    struct link *chain[LEDGER_OPEN_MAX + 1]; /* [0] committed last, then the open ones, then free */
    uint32_t open_count;
    struct ancestor ancestor[ANCESTORS_MAX]; /* by height modulo */
    struct hash verified;                    /* hash of the certificate verified last */
    uint32_t version_set; /* of the block that is run: known once its header was judged */
    uint64_t retry_ms;    /* after the last ERR_BUSY of a submission */
    uint32_t build_most;  /* transactions of an own block; 0: as genesis */
    struct activity_port activity;
    bool started;
};

/* The newest block. */
struct link *ledger_top(const struct ledger *l);
/* Its place in the chain, or NULL. */
struct link *ledger_find(const struct ledger *l, const struct hash *block, uint32_t *depth);

/* Decode into the transaction's own memory, which the next call takes back. Errors: ERR_ENCODING.
 */
MUST_USE enum err ledger_decode(struct ledger *l, struct bytes wire, struct tx *out);

/* The parent on top, and room above it: ERR_STATE otherwise. */
MUST_USE enum err ledger_stand_on(struct ledger *l, const struct hash *parent);

/* A context for reading the newest state or the committed one, or for running in the newest. */
void ledger_context(struct ledger *l, enum ctx_view view, uint64_t time_ms, uint64_t height);

/* Fill a tip from a header. */
struct ledger_tip ledger_tip_of(const struct ledger *l, const struct header *h,
                                const struct hash *hash);

/* The version set of a block on the newest one. ERR_VERSION: it is not known here. */
MUST_USE enum err version_set_next(struct ledger *l, uint32_t *out);

/* The rules of FORMATS 10 and 11 that need no execution, against the newest block. */
MUST_USE enum err header_check(struct ledger *l, const struct header *h);
/* A block that closes its epoch because a change waits. */
bool must_be_empty(const struct ledger *l, const struct header *h);
MUST_USE enum err last_commit_check(struct ledger *l, const struct header *h,
                                    struct bytes certificate);
/* What a header says of this certificate (zero when empty). */
MUST_USE enum err last_commit_of(struct ledger *l, struct bytes certificate,
                                 struct last_commit *out);

/* Committees in state (committee_state.c). `after`: who certifies a child of this block. `begin`: a
 * fresh block's committee, written down if it is a new one; `end`: both hashes of its header.
 * `resume`: those of a tip, ERR_CORRUPT when its header says otherwise. */
void committee_after(const struct ledger *l, const struct link *parent, struct committee *out);
MUST_USE enum err committee_begin(struct ledger *l, const struct link *parent, struct link *link);
MUST_USE enum err committee_end(struct ledger *l, struct link *link, struct header *h);
MUST_USE enum err committee_resume(struct ledger *l, struct link *link);
MUST_USE enum err committee_at(struct ledger *l, enum ctx_view view, const struct committee *newest,
                               uint64_t epoch, struct committee *out);

/* Running a block in a fresh link above the newest. `begin` opens an overlay; then run_tx; `roots`
 * says what they came to; `seal` makes it the newest; `abandon` takes everything back. */
struct block_run {
    struct run run;
    struct link *link;
    uint32_t seen; /* transactions entered into the replay window */
};
MUST_USE enum err block_run_begin(struct ledger *l, uint64_t time_ms, uint32_t count_max,
                                  struct block_run *b);
/* Run one more, which was decoded into the tx arena, and enter it into the replay window. */
MUST_USE enum err block_run_tx(struct ledger *l, struct block_run *b, const struct tx *tx);
MUST_USE enum err block_run_roots(struct ledger *l, const struct block_run *b, struct header *h);
void block_run_seal(struct ledger *l, struct block_run *b, const struct header *h,
                    const struct hash *hash, struct bytes wire);
void block_run_abandon(struct ledger *l, struct block_run *b);

#endif
