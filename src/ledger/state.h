/* state — values, their overlays and the tree over them (DESIGN 4, FORMATS 15).
 *
 * Uncommitted blocks are stacked overlays, at most STATE_OVERLAYS_MAX; below them a store that the
 * shell (LMDB) or the simulator (memory) brings. A stored value begins with its own key: 1-byte key
 * length ‖ key ‖ value; the tree's value hash covers exactly these bytes. Pure: everything lives
 * in the arena given at init. Page: docs/ledger.md */
#ifndef CARNET_LEDGER_STATE_H
#define CARNET_LEDGER_STATE_H

#include "crypto/merkle.h"
#include "crypto/state_tree.h"
#include "ledger/contract_table.h"

enum { STATE_OVERLAYS_MAX = 5 };

struct state_limits {
    uint32_t leaves_max;        /* tree pool */
    uint32_t changes_max;       /* of all overlays together, and the tree's journal */
    uint32_t overlay_bytes_max; /* values held by all overlays together */
};

/* The committed values. `get` gives stored bytes (with their key) that stay valid until the next
 * fold; `each` walks all of them at start so that the tree can be rebuilt. */
struct state_store {
    void *ctx;
    enum err (*get)(void *ctx, uint16_t contract, const struct hash *tree_key, struct bytes *out);
    enum err (*each)(void *ctx, void *user,
                     enum err (*visit)(void *user, uint16_t contract, const struct hash *tree_key,
                                       struct bytes stored));
};

/* One change of a fold: stored.len 0 means deleted. */
struct state_change {
    uint16_t contract;
    struct hash tree_key;
    struct bytes stored;
};

struct state; /* opaque */

MUST_USE enum err state_init(const struct suite *s, const struct state_limits *limits,
                             const struct state_store *store, struct arena *arena,
                             struct state **out);
/* Rebuild the tree from the store (at start, no overlay open). */
MUST_USE enum err state_load(struct state *st);

/* A block opens an overlay, a transaction a savepoint inside it. */
MUST_USE enum err state_open(struct state *st); /* ERR_NO_SPACE: too many open */
void state_drop(struct state *st);              /* the newest overlay, with all it wrote */
uint32_t state_open_count(const struct state *st);
struct state_savepoint {
    uint64_t change, journal, bytes;
};
struct state_savepoint state_save(const struct state *st);
void state_rollback(struct state *st, struct state_savepoint p);

/* Reads see the newest overlay down; `committed` reads see the store only. */
MUST_USE enum err state_get(struct state *st, uint16_t contract, struct bytes key,
                            struct bytes *value);
MUST_USE enum err state_get_committed(struct state *st, uint16_t contract, struct bytes key,
                                      struct bytes *value);
MUST_USE enum err state_put(struct state *st, uint16_t contract, struct bytes key,
                            struct bytes value);
MUST_USE enum err state_del(struct state *st, uint16_t contract, struct bytes key);
void state_root(struct state *st, struct hash *out);
uint32_t state_count(const struct state *st); /* values, as the newest overlay sees them */

/* The oldest overlay is committed: visit its changes (the shell stores them), then forget it. The
 * visits come in no particular order, one a key. */
MUST_USE enum err state_fold(struct state *st, void *user,
                             enum err (*visit)(void *user, const struct state_change *c));

#endif
