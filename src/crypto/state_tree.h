/* state_tree — the authenticated map from 256-bit tree keys to value hashes (FORMATS 15).
 *
 * leaf = H('carnet/leaf/v1', tree key ‖ value hash), node = H('carnet/node/v1', left ‖ right), an
 * empty subtree is 32 zero bytes, a subtree with one leaf is that leaf. Bits are walked from the
 * most significant of byte 0. All nodes live in pools carved from the caller's arena at init;
 * updates are journalled so that blocks can be undone in reverse order (consensus drops what a view
 * change drops). Hashes of inner nodes are computed lazily at root. Page: docs/crypto.md */
#ifndef CARNET_CRYPTO_STATE_TREE_H
#define CARNET_CRYPTO_STATE_TREE_H

#include "base/arena.h"
#include "crypto/suite.h"

enum { STATE_TREE_DEPTH_MAX = 256, STATE_TREE_LEAVES_MAX = (1 << 30) };

struct state_tree; /* opaque: lives in the arena */

/* Bytes of arena that init takes: per leaf a leaf and an inner node (148 bytes together, whatever
 * the keys: runs of single-child nodes are not stored), and 65 bytes for each update in the
 * journal. */
size_t state_tree_memory(uint32_t leaves_max, uint32_t journal_max);

/* ERR_NO_SPACE: the arena is too small, and nothing was taken. Both limits are at least 1. */
MUST_USE enum err state_tree_init(const struct suite *s, uint32_t leaves_max, uint32_t journal_max,
                                  struct arena *arena, struct state_tree **out);

/* Set or (value NULL) delete a leaf. ERR_NO_SPACE: pool or journal full, nothing changed. Deleting
 * what is not there is not an error. */
MUST_USE enum err state_tree_set(struct state_tree *t, const struct hash *key,
                                 const struct hash *value);
bool state_tree_get(const struct state_tree *t, const struct hash *key, struct hash *value);
void state_tree_root(struct state_tree *t, struct hash *out);
uint32_t state_tree_count(const struct state_tree *t);

/* Journal: `mark` before a block; `undo` takes back all updates after that mark (marks are undone
 * newest first); `settle` forgets the journal below the mark (the block is committed for ever). */
uint64_t state_tree_mark(const struct state_tree *t);
void state_tree_undo(struct state_tree *t, uint64_t mark);
void state_tree_settle(struct state_tree *t, uint64_t mark);

/* A proof that a key has this value, or (present = false) that it is absent: siblings from the leaf
 * up; absence ends in a zero subtree, or in another leaf that shares the bits walked. */
struct state_proof {
    bool present;
    bool other; /* absence shown by another leaf */
    struct hash other_key, other_value;
    uint32_t count;
    struct hash sibling[STATE_TREE_DEPTH_MAX]; /* sibling[0] is the deepest */
};
void state_tree_prove(struct state_tree *t, const struct hash *key, struct state_proof *out);
/* value is the value's hash, NULL to verify absence. ERR_PROOF otherwise. */
MUST_USE enum err state_proof_verify(const struct suite *s, const struct hash *root,
                                     const struct hash *key, const struct hash *value,
                                     const struct state_proof *proof);

/* The subtree of all keys that share their first `depth` bits, from its leaves in ascending order:
 * zero when there is none. ERR_RANGE: not ascending, or they share fewer bits. */
struct state_leaf {
    struct hash key, value;
};
MUST_USE enum err state_subtree_root(const struct suite *s, const struct state_leaf *leaf,
                                     uint32_t count, unsigned depth, struct hash *out);
/* The root of the whole tree from its 2^depth subtrees, in place. `single`: exactly one leaf. */
struct state_subtree {
    struct hash root;
    bool single;
};
void state_subtrees_join(const struct suite *s, struct state_subtree *part, unsigned depth,
                         struct hash *root);

/* H('carnet/key/v1', 2-byte big-endian contract ‖ key), H('carnet/value/v1', value). */
void state_tree_key(const struct suite *s, uint16_t contract, struct bytes key, struct hash *out);
void state_tree_value(const struct suite *s, struct bytes value, struct hash *out);

#endif
