#include "crypto/state_tree.h"

/* Subtrees of the state tree from their leaves alone (FORMATS 15): what a snapshot is cut into. */

static const struct hash EMPTY = { { 0 } };

static unsigned bit_of(const struct hash *key, unsigned bit)
{
    return (unsigned)key->b[bit / 8] >> (7 - bit % 8) & 1U;
}

/* The first bit in which two keys differ; STATE_TREE_DEPTH_MAX when they are one. */
static unsigned parts_at(const struct hash *a, const struct hash *b)
{
    unsigned i = 0;
    while (i < STATE_TREE_DEPTH_MAX && bit_of(a, i) == bit_of(b, i)) {
        i++;
    }
    return i;
}

static void node(const struct suite *s, const struct hash *left, const struct hash *right,
                 struct hash *out)
{
    hash_tagged2(s, "carnet/node/v1", bytes_of_hash(left), bytes_of_hash(right), out);
}

/* A subtree rooted at `depth`: one leaf, or what hangs below a branching. */
struct part {
    struct hash hash;
    const struct hash *key; /* of any of its leaves */
    unsigned depth;
    bool leaf;
};

/* The same seen from nearer the root: a lone leaf is itself, the rest has empty siblings. */
static void lift(const struct suite *s, struct part *p, unsigned depth)
{
    while (!p->leaf && p->depth > depth) {
        p->depth--;
        bool left = bit_of(p->key, p->depth) == 0;
        node(s, left ? &p->hash : &EMPTY, left ? &EMPTY : &p->hash, &p->hash);
    }
    p->depth = depth;
}

struct stack {
    struct part part[STATE_TREE_DEPTH_MAX + 1];
    unsigned branch[STATE_TREE_DEPTH_MAX + 1]; /* branch[i]: where part[i] leaves part[i - 1] */
    unsigned count;
};

/* Join the parts that leave one another at bit `first` or below it. */
static void settle(const struct suite *s, struct stack *k, unsigned first)
{
    while (k->count > 1 && k->branch[k->count - 1] >= first) {
        struct part *left = &k->part[k->count - 2], *right = &k->part[k->count - 1];
        unsigned at = k->branch[k->count - 1];
        lift(s, left, at + 1);
        lift(s, right, at + 1);
        node(s, &left->hash, &right->hash, &left->hash);
        left->leaf = false;
        left->depth = at;
        k->count--;
    }
}

static void push(const struct suite *s, struct stack *k, const struct state_leaf *l, unsigned bit)
{
    struct part p = { .key = &l->key, .depth = STATE_TREE_DEPTH_MAX, .leaf = true };
    hash_tagged2(s, "carnet/leaf/v1", bytes_of_hash(&l->key), bytes_of_hash(&l->value), &p.hash);
    k->part[k->count] = p;
    k->branch[k->count++] = bit;
}

enum err state_subtree_root(const struct suite *s, const struct state_leaf *leaf, uint32_t count,
                            unsigned depth, struct hash *out)
{
    struct stack k = { .count = 0 };
    ASSERT(depth < STATE_TREE_DEPTH_MAX);
    for (uint32_t i = 0; i < count; i++) {
        unsigned bit = i == 0 ? 0 : parts_at(&leaf[i - 1].key, &leaf[i].key);
        if (i > 0 &&
            (bit < depth || bit == STATE_TREE_DEPTH_MAX || bit_of(&leaf[i].key, bit) == 0)) {
            return ERR_RANGE;
        }
        settle(s, &k, bit + 1);
        push(s, &k, &leaf[i], bit);
    }
    if (count == 0) {
        *out = EMPTY;
        return ERR_NONE;
    }
    /* Every branching is at `depth` or below it: one part remains. */
    settle(s, &k, 0);
    lift(s, &k.part[0], depth);
    *out = k.part[0].hash;
    return ERR_NONE;
}

void state_subtrees_join(const struct suite *s, struct state_subtree *part, unsigned depth,
                         struct hash *root)
{
    for (uint32_t n = (uint32_t)1 << depth; n > 1; n /= 2) {
        for (uint32_t i = 0; i < n; i += 2) {
            struct state_subtree *l = &part[i], *r = &part[i + 1], joined;
            bool none_left = hash_is_zero(&l->root), none_right = hash_is_zero(&r->root);
            if (none_right && (none_left || l->single)) {
                joined = *l;
            } else if (none_left && r->single) {
                joined = *r;
            } else {
                joined.single = false;
                node(s, &l->root, &r->root, &joined.root);
            }
            part[i / 2] = joined;
        }
    }
    *root = part[0].root;
}
