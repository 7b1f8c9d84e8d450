/* ledger — the chain as a state machine: build, execute, drop, commit (DESIGN 4, FORMATS 5, 10).
 *
 * Consensus never executes: it asks, and the answer names the block. Blocks above the committed
 * one are a stack of at most LEDGER_OPEN_MAX executed blocks. Nothing here reads a clock, a disk
 * or a socket; all memory comes from one arena at init. Votes and certificates are consensus/; here
 * only the last commit that a block's body carries is checked. Page: docs/ledger.md */
#ifndef CARNET_LEDGER_LEDGER_H
#define CARNET_LEDGER_LEDGER_H

#include "base/activity.h"
#include "ledger/state.h"

enum { LEDGER_OPEN_MAX = 4, LEDGER_PENDING_MAX = 65536 };

struct ledger_limits {
    struct state_limits state;
    uint32_t replay_max; /* ids of the replay window */
    uint32_t mempool_txs_max, mempool_bytes_max;
    uint32_t signers_max;   /* keys of signers remembered, 152 bytes each */
    uint32_t scratch_bytes; /* decoding and executing one block */
    uint32_t block_bytes;   /* bytes and receipts of one block: nine times its size suffices */
};
struct ledger_limits ledger_limits_node(void);  /* about 600 MiB */
struct ledger_limits ledger_limits_small(void); /* about 12 MiB: the simulator, tests */
size_t ledger_memory_size(const struct ledger_limits *limits);

struct receipt {
    struct hash transaction;
    uint32_t index, status;
    uint64_t cost;
    uint32_t event_count;
    const struct event *event;
    struct bytes wire; /* canonical Receipt */
};

/* A block's place in the chain, as the shell keeps it. */
struct ledger_tip {
    uint64_t height, time_ms, epoch;
    struct hash hash, state_root, committee_hash;
    bool committee_changes; /* another one follows, once its epoch is closed */
};
struct ledger; /* opaque */

/* Start at genesis (store empty: ledger_start) or where a store stands (ledger_resume). resume
 * takes the tip header's bytes, the frontier of the history tree (the tip's header included),
 * and then the transactions ids of the replay window through ledger_remember. */
MUST_USE enum err ledger_init(const struct suite *s, const struct genesis *g,
                              const struct contract_table *contracts,
                              const struct state_store *store, const struct ledger_limits *limits,
                              const struct key_source *keys, struct arena *arena,
                              struct ledger **out);
void ledger_tell(struct ledger *l, const struct activity_port *port); /* when it makes roots */
/* The state of height 0: visits its changes so that the shell stores them. */
MUST_USE enum err ledger_start(struct ledger *l, void *user,
                               enum err (*visit)(void *user, const struct state_change *c));
MUST_USE enum err ledger_resume(struct ledger *l, struct bytes header,
                                const struct merkle_frontier *history);
/* After resume, newest first: up to four headers below the tip, for a last commit that names them.
 * ERR_PROOF: not the previous of the one above; ERR_STATE: not the next one down. */
MUST_USE enum err ledger_remember_header(struct ledger *l, struct bytes header);
MUST_USE enum err ledger_remember(struct ledger *l, const struct hash *tx, uint64_t valid_until_ms);

struct ledger_tip ledger_committed(const struct ledger *l);
struct ledger_tip ledger_newest(const struct ledger *l); /* the newest open block, else committed */
uint32_t ledger_open_count(const struct ledger *l);
bool ledger_is_open(const struct ledger *l, const struct hash *block); /* executed, uncommitted */
const struct merkle_frontier *ledger_history(const struct ledger *l);
const struct suite *ledger_suite(const struct ledger *l);
const struct genesis *ledger_genesis(const struct ledger *l);
struct state *ledger_state(struct ledger *l);

/* The set of the next block above the committed one, and one still to come (number 0: none). Under
 * a set above ledger_version_known nothing is built or executed: ERR_VERSION. */
MUST_USE enum err ledger_versions(struct ledger *l, struct version_set *now,
                                  struct version_set *next);
uint32_t ledger_version_known(const struct ledger *l);

/* Admission: canonical, this space, window open at `now_ms` and at the time of the committed block,
 * method known, signatures good against the committed state, not seen. Then it is kept.
 * ERR_DUPLICATE, ERR_STALE, ERR_SIGNATURE, ERR_ENCODING, ERR_RANGE (window too long), ERR_BUSY
 * (pool or quota full), ERR_UNSUPPORTED (method). */
MUST_USE enum err ledger_submit(struct ledger *l, struct bytes tx, uint64_t now_ms,
                                struct hash *id);
uint32_t ledger_pending(const struct ledger *l);
uint64_t ledger_oldest_pending_ms(struct ledger *l); /* arrival of the oldest; 0: none */
/* By arrival: 0 is the oldest; empty where one has left since, NULL past the newest. */
struct bytes ledger_pending_at(struct ledger *l, uint32_t index);

/* Build and execute a block on `parent` (must be the newest after dropping what does not lead to
 * it; ERR_STATE when unknown or LEDGER_OPEN_MAX would be passed). `certificate`: the newest known,
 * empty at height 1. The block is open afterwards; *out lives until the next build or execute. */
MUST_USE enum err ledger_build(struct ledger *l, const struct hash *parent, uint64_t time_ms,
                               const struct hash *proposer, struct bytes certificate,
                               struct bytes *out);
/* What a proposer wants at most in the blocks that it builds from now on; genesis still bounds. */
void ledger_build_at_most(struct ledger *l, uint32_t txs);
/* Execute a proposed or certified block on its parent (rules as build; blocks above the parent are
 * dropped first). ERR_NONE: it is open and all roots match. Errors leave the parent on top:
 * ERR_STATE parent unknown, ERR_PROOF a root or the last commit is wrong, ERR_STALE/ERR_DUPLICATE a
 * transaction's window is closed or it was seen, ERR_SIGNATURE, ERR_ENCODING, ERR_RANGE time, cost,
 * order or quota rules. Bounds on time against a clock are the caller's (FORMATS 10). */
MUST_USE enum err ledger_execute(struct ledger *l, struct bytes block);
/* The same for a block that is committed for sure, since it hashes into a certified one: signatures
 * of its last commit, whose keys may be long forgotten, are not asked again. */
MUST_USE enum err ledger_execute_committed(struct ledger *l, struct bytes block);
void ledger_drop_above(struct ledger *l, const struct hash *block); /* an open or committed one */

/* Receipts of an open block, in order, and of the block committed last (height 0 has none). They
 * and the block's bytes live until it is dropped or until the next commit. ERR_NOT_FOUND. */
MUST_USE enum err ledger_receipts(const struct ledger *l, const struct hash *block,
                                  const struct receipt **out, uint32_t *count);
MUST_USE enum err ledger_block_bytes(const struct ledger *l, const struct hash *block,
                                     struct bytes *out);

/* Commit the oldest open block (its hash is given to be sure): visits its state changes for the
 * store; its transactions leave the pool. ERR_STATE when it is not the oldest open block. */
MUST_USE enum err ledger_commit(struct ledger *l, const struct hash *block, void *user,
                                enum err (*visit)(void *user, const struct state_change *c));

#endif
