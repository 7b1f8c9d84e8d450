/* merkle — the one tree shape for transactions, receipts, history, chunks and manifests (RFC 9162):
 * leaf = hash(0x00 ‖ H(tag, bytes)), node = hash(0x01 ‖ left ‖ right), split at the largest power
 * of two below n; the empty tree is hash(""). The count travels beside the root. An append-only
 * frontier gives the Merkle mountain range of the history root. Page: docs/crypto.md */
#ifndef CARNET_CRYPTO_MERKLE_H
#define CARNET_CRYPTO_MERKLE_H

#include "base/arena.h"
#include "crypto/suite.h"

enum { MERKLE_PATH_MAX = 64 };

struct merkle_path {
    uint32_t count;
    struct hash sibling[MERKLE_PATH_MAX]; /* from the leaf up */
};

/* Leaf hash of data: hash(0x00 ‖ H(tag, data)). */
void merkle_leaf(const struct suite *s, const char *tag, struct bytes data, struct hash *out);
void merkle_node(const struct suite *s, const struct hash *left, const struct hash *right,
                 struct hash *out);

/* Root of n leaf hashes; works in place of a stack of 64, does not change `leaf`. */
void merkle_root(const struct suite *s, const struct hash *leaf, uint64_t count, struct hash *out);
/* Inclusion path of leaf `index` (RFC 9162 2.1.3.1). index < count. */
void merkle_prove(const struct suite *s, const struct hash *leaf, uint64_t count, uint64_t index,
                  struct merkle_path *out);
/* RFC 9162 2.1.3.2: ERR_PROOF unless path leads from the leaf hash to root. */
MUST_USE enum err merkle_verify(const struct suite *s, const struct hash *leaf, uint64_t index,
                                uint64_t count, const struct merkle_path *path,
                                const struct hash *root);

/* Several leaves of one tree at once, by ascending index: the siblings are the roots of the largest
 * subtrees that hold none of them, from left to right, so there is one proof for one set. */
/* ERR_NO_SPACE: more than `max` siblings. */
MUST_USE enum err merkle_prove_many(const struct suite *s, const struct hash *leaf, uint64_t count,
                                    const uint64_t *index, size_t indexes, struct hash *sibling,
                                    size_t max, size_t *siblings);
/* `leaf` beside `index`. ERR_PROOF: also for indexes that do not ascend or are none. */
MUST_USE enum err merkle_verify_many(const struct suite *s, const struct hash *leaf,
                                     const uint64_t *index, size_t indexes, uint64_t count,
                                     const struct hash *sibling, size_t siblings,
                                     const struct hash *root);

/* An append-only frontier: the roots of the perfect subtrees of the first `count` leaves; peak[i]
 * is that of 2^i leaves if bit i of count is set. Enough to append and to give the root, not to
 * prove. */
struct merkle_frontier {
    uint64_t count;
    struct hash peak[MERKLE_PATH_MAX];
};
void merkle_frontier_init(struct merkle_frontier *f);
void merkle_frontier_append(const struct suite *s, struct merkle_frontier *f,
                            const struct hash *leaf);
void merkle_frontier_root(const struct suite *s, const struct merkle_frontier *f, struct hash *out);

#endif
