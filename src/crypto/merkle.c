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

/* The largest subtree that begins at `at` and ends at or before `next`. Subtrees of this shape are
 * [a, a + 2^k) with a a multiple of 2^k, cut off at the end of the tree. */
static unsigned gap_log2(uint64_t at, uint64_t next, uint64_t count)
{
    unsigned log2 = 0;
    while (log2 < MERKLE_PATH_MAX - 1 && (at >> log2 & 1) == 0) {
        uint64_t size = (uint64_t)2 << log2;
        uint64_t end = count - at < size ? count : at + size;
        if (end > next || (end == count && count - at <= (uint64_t)1 << log2)) {
            break;
        }
        log2++;
    }
    return log2;
}

enum err merkle_prove_many(const struct suite *s, const struct hash *leaf, uint64_t count,
                           const uint64_t *index, size_t indexes, struct hash *sibling, size_t max,
                           size_t *siblings)
{
    size_t i = 0, n = 0;
    for (uint64_t at = 0; at < count;) {
        if (i < indexes && index[i] == at) {
            i++;
            at++;
            continue;
        }
        uint64_t next = i < indexes ? index[i] : count;
        ASSERT(next > at && next <= count);
        uint64_t size = (uint64_t)1 << gap_log2(at, next, count);
        size = count - at < size ? count - at : size;
        if (n == max) {
            return ERR_NO_SPACE;
        }
        merkle_root(s, leaf + at, size, &sibling[n++]);
        at += size;
    }
    *siblings = n;
    return ERR_NONE;
}

/* A perfect subtree of 2^log2 leaves behind those the frontier has, whose number it divides. */
static void append_subtree(const struct suite *s, struct merkle_frontier *f, unsigned log2,
                           const struct hash *root)
{
    struct hash carry = *root;
    unsigned level = log2;
    for (; (f->count >> level & 1) != 0; level++) {
        merkle_node(s, &f->peak[level], &carry, &carry);
    }
    f->peak[level] = carry;
    f->count += (uint64_t)1 << log2;
}

/* The tree's last subtree, which may be cut off, joined with all before it. */
static void close_tree(const struct suite *s, const struct merkle_frontier *f, struct hash *root)
{
    for (unsigned level = 0; level < MERKLE_PATH_MAX; level++) {
        if ((f->count >> level & 1) != 0) {
            merkle_node(s, &f->peak[level], root, root);
        }
    }
}

enum err merkle_verify_many(const struct suite *s, const struct hash *leaf, const uint64_t *index,
                            size_t indexes, uint64_t count, const struct hash *sibling,
                            size_t siblings, const struct hash *root)
{
    struct merkle_frontier f;
    struct hash r;
    size_t i = 0, n = 0;
    bool cut = false;
    merkle_frontier_init(&f);
    for (uint64_t at = 0; at < count && !cut;) {
        uint64_t next = i < indexes ? index[i] : count;
        if (next == at && i < indexes) {
            append_subtree(s, &f, 0, &leaf[i++]);
            at++;
            continue;
        }
        if (next < at || next > count || n == siblings) {
            return ERR_PROOF;
        }
        unsigned log2 = gap_log2(at, next, count);
        cut = count - at < (uint64_t)1 << log2;
        if (cut) {
            r = sibling[n++];
            close_tree(s, &f, &r);
        } else {
            append_subtree(s, &f, log2, &sibling[n++]);
            at += (uint64_t)1 << log2;
        }
    }
    if (i != indexes || n != siblings || indexes == 0) {
        return ERR_PROOF;
    }
    if (!cut) {
        merkle_frontier_root(s, &f, &r);
    }
    return hash_equal(&r, root) ? ERR_NONE : ERR_PROOF;
}
