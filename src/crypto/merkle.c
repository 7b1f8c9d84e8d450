#include "crypto/merkle.h"

#include <string.h>

void merkle_leaf(const struct suite *s, const char *tag, struct bytes data, struct hash *out)
{
    uint8_t leaf[1 + HASH_SIZE] = { 0x00 };
    struct hash h;
    hash_tagged(s, tag, data, &h);
    memcpy(leaf + 1, h.b, HASH_SIZE);
    hash_plain(s, bytes_of(leaf, sizeof leaf), out);
}

void merkle_node(const struct suite *s, const struct hash *left, const struct hash *right,
                 struct hash *out)
{
    uint8_t node[1 + 2 * HASH_SIZE] = { 0x01 };
    memcpy(node + 1, left->b, HASH_SIZE);
    memcpy(node + 1 + HASH_SIZE, right->b, HASH_SIZE);
    hash_plain(s, bytes_of(node, sizeof node), out);
}

void merkle_frontier_init(struct merkle_frontier *f)
{
    memset(f, 0, sizeof *f);
}

/* A binary counter: a carry joins two perfect subtrees of one size. */
void merkle_frontier_append(const struct suite *s, struct merkle_frontier *f,
                            const struct hash *leaf)
{
    ASSERT(f->count < UINT64_MAX);
    struct hash carry = *leaf;
    unsigned level = 0;
    for (; (f->count >> level & 1) != 0; level++) {
        merkle_node(s, &f->peak[level], &carry, &carry);
    }
    f->peak[level] = carry;
    f->count++;
}

/* Splitting at the largest power of two below n puts the largest perfect subtree left at every
 * level, so the root is the peaks folded from the smallest. */
void merkle_frontier_root(const struct suite *s, const struct merkle_frontier *f, struct hash *out)
{
    if (f->count == 0) {
        hash_plain(s, bytes_of(NULL, 0), out);
        return;
    }
    unsigned level = (unsigned)__builtin_ctzll(f->count);
    struct hash root = f->peak[level];
    for (level++; level < MERKLE_PATH_MAX; level++) {
        if ((f->count >> level & 1) != 0) {
            merkle_node(s, &f->peak[level], &root, &root);
        }
    }
    *out = root;
}

void merkle_root(const struct suite *s, const struct hash *leaf, uint64_t count, struct hash *out)
{
    struct merkle_frontier f;
    merkle_frontier_init(&f);
    for (uint64_t i = 0; i < count; i++) {
        merkle_frontier_append(s, &f, &leaf[i]);
    }
    merkle_frontier_root(s, &f, out);
}

/* The largest power of two below n. */
static uint64_t split_of(uint64_t n)
{
    ASSERT(n > 1);
    return (uint64_t)1 << (63 - __builtin_clzll(n - 1));
}

void merkle_prove(const struct suite *s, const struct hash *leaf, uint64_t count, uint64_t index,
                  struct merkle_path *out)
{
    ASSERT(index < count);
    uint32_t depth = 0;
    for (uint64_t at = index, n = count; n > 1; depth++) {
        uint64_t split = split_of(n);
        n = at < split ? split : n - split;
        at = at < split ? at : at - split;
    }
    ASSERT(depth <= MERKLE_PATH_MAX);
    out->count = depth;
    while (count > 1) {
        uint64_t split = split_of(count);
        depth--;
        if (index < split) {
            merkle_root(s, leaf + split, count - split, &out->sibling[depth]);
            count = split;
        } else {
            merkle_root(s, leaf, split, &out->sibling[depth]);
            leaf += split;
            index -= split;
            count -= split;
        }
    }
}

/* `fn` and `sn` are RFC 9162's names: the leaf's and the last leaf's place in the present level. */
enum err merkle_verify(const struct suite *s, const struct hash *leaf, uint64_t index,
                       uint64_t count, const struct merkle_path *path, const struct hash *root)
{
    if (index >= count || path->count > MERKLE_PATH_MAX) {
        return ERR_PROOF;
    }
    uint64_t fn = index;
    uint64_t sn = count - 1;
    struct hash r = *leaf;
    for (uint32_t i = 0; i < path->count; i++) {
        if (sn == 0) {
            return ERR_PROOF;
        }
        if ((fn & 1) != 0 || fn == sn) {
            merkle_node(s, &path->sibling[i], &r, &r);
            while (fn != 0 && (fn & 1) == 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            merkle_node(s, &r, &path->sibling[i], &r);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && hash_equal(&r, root) ? ERR_NONE : ERR_PROOF;
}
