#include "crypto/state_tree.h"

#include <string.h>

/* In memory the tree of FORMATS 15 is path-compressed: an inner node stands only where two leaves
 * part, so n leaves take exactly n - 1 inner nodes whatever their keys are. The levels between,
 * each hashed with an empty sibling, exist only while hashing (hash_at). */
struct leaf {
    struct hash key, value, hash;
    uint32_t next_free;
    bool hashed; /* `hash` is of this key and value */
};

struct inner {
    struct hash hash;  /* at depth `bit`, unless dirty */
    uint32_t child[2]; /* references; child[0] of a free node is the next free one */
    uint16_t bit;      /* where the two sides part; rises from parent to child */
    bool dirty;        /* then all its ancestors are dirty too */
};

struct change {
    struct hash key, old;
    bool had; /* the key had the value `old` */
};

struct state_tree {
    const struct suite *suite;
    struct leaf *leaf;
    struct inner *inner;
    struct change *journal; /* a ring: change number n is at n % journal_max */
    uint64_t first, next;   /* numbers of the oldest change kept and of the next one */
    uint32_t leaves_max, journal_max;
    uint32_t leaf_used, inner_used; /* never handed out from here on */
    uint32_t leaf_free, inner_free; /* heads of the lists of those given back */
    uint32_t root, count;
};

/* A reference is the index of an inner node, or that of a leaf with the top bit set. */
static const uint32_t LEAF = UINT32_C(1) << 31;
static const uint32_t NONE = UINT32_MAX;
static const struct hash EMPTY = { { 0 } };

static bool is_leaf(uint32_t ref)
{
    return (ref & LEAF) != 0;
}

static unsigned key_bit(const struct hash *key, unsigned i)
{
    return ((unsigned)key->b[i / 8] >> (7 - i % 8)) & 1U;
}

/* STATE_TREE_DEPTH_MAX when they are equal. */
static unsigned first_difference(const struct hash *a, const struct hash *b)
{
    for (unsigned i = 0; i < HASH_SIZE; i++) {
        unsigned x = a->b[i] ^ b->b[i];
        if (x != 0) {
            return 8 * i + (unsigned)__builtin_clz(x) - 24;
        }
    }
    return STATE_TREE_DEPTH_MAX;
}

size_t state_tree_memory(uint32_t leaves_max, uint32_t journal_max)
{
    size_t rounding = 4 * 16; /* the arena aligns each of the four blocks to 16 */
    return sizeof(struct state_tree) + leaves_max * (sizeof(struct leaf) + sizeof(struct inner)) +
           journal_max * sizeof(struct change) + rounding;
}

enum err state_tree_init(const struct suite *s, uint32_t leaves_max, uint32_t journal_max,
                         struct arena *arena, struct state_tree **out)
{
    ASSERT(leaves_max > 0 && leaves_max <= STATE_TREE_LEAVES_MAX);
    ASSERT(journal_max > 0);
    size_t mark = arena_mark(arena);
    struct state_tree *t = ARENA_NEW(arena, struct state_tree);
    struct leaf *leaf = ARENA_ARRAY(arena, struct leaf, leaves_max);
    struct inner *inner = ARENA_ARRAY(arena, struct inner, leaves_max);
    struct change *journal = ARENA_ARRAY(arena, struct change, journal_max);
    if (t == NULL || leaf == NULL || inner == NULL || journal == NULL) {
        arena_release(arena, mark);
        return ERR_NO_SPACE;
    }
    *t = (struct state_tree){ .suite = s,
                              .leaf = leaf,
                              .inner = inner,
                              .journal = journal,
                              .leaves_max = leaves_max,
                              .journal_max = journal_max,
                              .leaf_free = NONE,
                              .inner_free = NONE,
                              .root = NONE };
    *out = t;
    return ERR_NONE;
}

static uint32_t leaf_take(struct state_tree *t)
{
    uint32_t i = t->leaf_free;
    if (i == NONE) {
        ASSERT(t->leaf_used < t->leaves_max);
        return t->leaf_used++;
    }
    t->leaf_free = t->leaf[i].next_free;
    return i;
}

static void leaf_give(struct state_tree *t, uint32_t i)
{
    t->leaf[i].next_free = t->leaf_free;
    t->leaf_free = i;
}

static uint32_t inner_take(struct state_tree *t)
{
    uint32_t i = t->inner_free;
    if (i == NONE) {
        ASSERT(t->inner_used < t->leaves_max);
        return t->inner_used++;
    }
    t->inner_free = t->inner[i].child[0];
    return i;
}

static void inner_give(struct state_tree *t, uint32_t i)
{
    t->inner[i].child[0] = t->inner_free;
    t->inner_free = i;
}

/* The one leaf that may hold the key; NULL in an empty tree. */
static const struct leaf *candidate(const struct state_tree *t, const struct hash *key)
{
    uint32_t ref = t->root;
    if (ref == NONE) {
        return NULL;
    }
    while (!is_leaf(ref)) {
        const struct inner *n = &t->inner[ref];
        ref = n->child[key_bit(key, n->bit)];
    }
    return &t->leaf[ref & ~LEAF];
}

static const struct leaf *find(const struct state_tree *t, const struct hash *key)
{
    const struct leaf *l = candidate(t, key);
    return l != NULL && hash_equal(&l->key, key) ? l : NULL;
}

/* Walk from the root towards the key to the first reference that is a leaf or parts at `bit` or
 * below it, marking what is passed. *above refers to the last inner node passed, or is NULL. */
static uint32_t *descend(struct state_tree *t, const struct hash *key, unsigned bit,
                         uint32_t **above)
{
    uint32_t *link = &t->root;
    *above = NULL;
    while (!is_leaf(*link) && t->inner[*link].bit < bit) {
        struct inner *n = &t->inner[*link];
        n->dirty = true;
        *above = link;
        link = &n->child[key_bit(key, n->bit)];
    }
    return link;
}

static void insert(struct state_tree *t, const struct hash *key, const struct hash *value)
{
    const struct leaf *near = candidate(t, key);
    uint32_t i = leaf_take(t);
    t->count++;
    if (near == NULL) {
        t->root = LEAF | i;
    } else {
        unsigned bit = first_difference(key, &near->key);
        ASSERT(bit < STATE_TREE_DEPTH_MAX);
        uint32_t *above, *link = descend(t, key, bit, &above);
        uint32_t at = inner_take(t);
        struct inner *n = &t->inner[at];
        unsigned side = key_bit(key, bit);
        n->bit = (uint16_t)bit;
        n->dirty = true;
        n->child[side] = LEAF | i;
        n->child[1 - side] = *link;
        *link = at;
    }
    t->leaf[i].key = *key;
    t->leaf[i].value = *value;
    t->leaf[i].hashed = false;
}

static void remove_leaf(struct state_tree *t, const struct hash *key)
{
    uint32_t *above, *link = descend(t, key, STATE_TREE_DEPTH_MAX, &above);
    uint32_t i = *link & ~LEAF;
    ASSERT(hash_equal(&t->leaf[i].key, key));
    if (above == NULL) {
        t->root = NONE;
    } else {
        uint32_t parent = *above;
        *above = t->inner[parent].child[1 - key_bit(key, t->inner[parent].bit)];
        inner_give(t, parent);
    }
    leaf_give(t, i);
    t->count--;
}

static void replace(struct state_tree *t, const struct hash *key, const struct hash *value)
{
    uint32_t *above, *link = descend(t, key, STATE_TREE_DEPTH_MAX, &above);
    struct leaf *l = &t->leaf[*link & ~LEAF];
    ASSERT(hash_equal(&l->key, key));
    l->value = *value;
    l->hashed = false;
}

static void apply(struct state_tree *t, const struct hash *key, const struct hash *value)
{
    bool there = find(t, key) != NULL;
    if (!there && value != NULL) {
        insert(t, key, value);
    } else if (there && value != NULL) {
        replace(t, key, value);
    } else if (there) {
        remove_leaf(t, key);
    }
}

enum err state_tree_set(struct state_tree *t, const struct hash *key, const struct hash *value)
{
    const struct leaf *old = find(t, key);
    if (value == NULL ? old == NULL : old != NULL && hash_equal(&old->value, value)) {
        return ERR_NONE;
    }
    if (t->next - t->first == t->journal_max) {
        return ERR_NO_SPACE;
    }
    if (old == NULL && t->count == t->leaves_max) {
        return ERR_NO_SPACE;
    }
    t->journal[t->next % t->journal_max] =
        (struct change){ .key = *key, .old = old != NULL ? old->value : EMPTY, .had = old != NULL };
    t->next++;
    apply(t, key, value);
    return ERR_NONE;
}

bool state_tree_get(const struct state_tree *t, const struct hash *key, struct hash *value)
{
    const struct leaf *l = find(t, key);
    if (l == NULL) {
        return false;
    }
    *value = l->value;
    return true;
}

uint32_t state_tree_count(const struct state_tree *t)
{
    return t->count;
}

uint64_t state_tree_mark(const struct state_tree *t)
{
    return t->next;
}

/* What is undone newest first was possible before, so the pools cannot run out here. */
void state_tree_undo(struct state_tree *t, uint64_t mark)
{
    ASSERT(mark >= t->first);
    ASSERT(mark <= t->next);
    while (t->next > mark) {
        t->next--;
        const struct change *c = &t->journal[t->next % t->journal_max];
        apply(t, &c->key, c->had ? &c->old : NULL);
    }
}

void state_tree_settle(struct state_tree *t, uint64_t mark)
{
    ASSERT(mark >= t->first);
    ASSERT(mark <= t->next);
    t->first = mark;
}

static void leaf_hash(const struct suite *s, const struct hash *key, const struct hash *value,
                      struct hash *out)
{
    hash_tagged2(s, "carnet/leaf/v1", bytes_of_hash(key), bytes_of_hash(value), out);
}

/* node(h, sibling) with h on side `side`. */
static void node_hash(const struct suite *s, const struct hash *h, const struct hash *sibling,
                      unsigned side, struct hash *out)
{
    const struct hash *left = side == 0 ? h : sibling, *right = side == 0 ? sibling : h;
    hash_tagged2(s, "carnet/node/v1", bytes_of_hash(left), bytes_of_hash(right), out);
}

/* All leaves below share the bits above the node, so any will do. */
static const struct hash *key_below(const struct state_tree *t, uint32_t ref)
{
    while (!is_leaf(ref)) {
        ref = t->inner[ref].child[0];
    }
    return &t->leaf[ref & ~LEAF].key;
}

/* The hash of the subtree whose first bit is `depth`; its inner nodes are clean. A subtree with one
 * leaf is that leaf; another is lifted from where it parts by empty siblings. */
static void hash_at(struct state_tree *t, uint32_t ref, unsigned depth, struct hash *out)
{
    if (is_leaf(ref)) {
        struct leaf *l = &t->leaf[ref & ~LEAF];
        if (!l->hashed) {
            leaf_hash(t->suite, &l->key, &l->value, &l->hash);
            l->hashed = true;
        }
        *out = l->hash;
        return;
    }
    const struct inner *n = &t->inner[ref];
    ASSERT(!n->dirty);
    *out = n->hash;
    if (n->bit > depth) {
        const struct hash *key = key_below(t, ref);
        for (unsigned i = n->bit; i-- > depth;) {
            node_hash(t->suite, out, &EMPTY, key_bit(key, i), out);
        }
    }
}

static bool is_dirty(const struct state_tree *t, uint32_t ref)
{
    return ref != NONE && !is_leaf(ref) && t->inner[ref].dirty;
}

/* Children before parents, touching dirty paths only. */
static void refresh(struct state_tree *t)
{
    uint32_t stack[STATE_TREE_DEPTH_MAX];
    unsigned depth = 0;
    if (is_dirty(t, t->root)) {
        stack[depth++] = t->root;
    }
    while (depth > 0) {
        struct inner *n = &t->inner[stack[depth - 1]];
        if (is_dirty(t, n->child[0])) {
            stack[depth++] = n->child[0];
        } else if (is_dirty(t, n->child[1])) {
            stack[depth++] = n->child[1];
        } else {
            struct hash left, right;
            hash_at(t, n->child[0], n->bit + 1U, &left);
            hash_at(t, n->child[1], n->bit + 1U, &right);
            node_hash(t->suite, &left, &right, 0, &n->hash);
            n->dirty = false;
            depth--;
        }
    }
}

void state_tree_root(struct state_tree *t, struct hash *out)
{
    refresh(t);
    if (t->root == NONE) {
        *out = EMPTY;
    } else {
        hash_at(t, t->root, 0, out);
    }
}

/* Siblings from the root down into out->sibling; gives the reference where the walk ends: a leaf,
 * or NONE for an empty subtree. */
static uint32_t walk(struct state_tree *t, const struct hash *key, struct state_proof *out)
{
    uint32_t ref = t->root;
    unsigned depth = 0;
    while (ref != NONE && !is_leaf(ref)) {
        const struct inner *n = &t->inner[ref];
        unsigned parts = first_difference(key, key_below(t, ref));
        while (depth < n->bit && depth < parts) {
            out->sibling[depth++] = EMPTY;
        }
        if (depth < n->bit) {
            hash_at(t, ref, depth + 1, &out->sibling[depth]);
            ref = NONE;
        } else {
            unsigned side = key_bit(key, depth);
            hash_at(t, n->child[1 - side], depth + 1, &out->sibling[depth]);
            ref = n->child[side];
        }
        depth++;
    }
    out->count = depth;
    return ref;
}

void state_tree_prove(struct state_tree *t, const struct hash *key, struct state_proof *out)
{
    refresh(t);
    memset(out, 0, sizeof *out);
    uint32_t end = walk(t, key, out);
    for (uint32_t i = 0, j = out->count; i + 1 < j; i++) {
        j--;
        struct hash swap = out->sibling[i];
        out->sibling[i] = out->sibling[j];
        out->sibling[j] = swap;
    }
    if (end == NONE) {
        return;
    }
    const struct leaf *l = &t->leaf[end & ~LEAF];
    out->present = hash_equal(&l->key, key);
    if (!out->present) {
        out->other = true;
        out->other_key = l->key;
        out->other_value = l->value;
    }
}

/* What hangs at the end of the walk, if the proof is of the right kind. */
static enum err proof_end(const struct suite *s, const struct hash *key, const struct hash *value,
                          const struct state_proof *proof, struct hash *out)
{
    if (proof->count > STATE_TREE_DEPTH_MAX || proof->present != (value != NULL)) {
        return ERR_PROOF;
    }
    if (!proof->other) {
        if (!hash_is_zero(&proof->other_key) || !hash_is_zero(&proof->other_value)) {
            return ERR_PROOF;
        }
        *out = EMPTY;
        if (value != NULL) {
            leaf_hash(s, key, value, out);
        }
        return ERR_NONE;
    }
    unsigned parts = first_difference(key, &proof->other_key);
    if (proof->present || parts == STATE_TREE_DEPTH_MAX || parts < proof->count) {
        return ERR_PROOF;
    }
    leaf_hash(s, &proof->other_key, &proof->other_value, out);
    return ERR_NONE;
}

enum err state_proof_verify(const struct suite *s, const struct hash *root, const struct hash *key,
                            const struct hash *value, const struct state_proof *proof)
{
    struct hash h;
    TRY(proof_end(s, key, value, proof, &h));
    for (uint32_t i = 0; i < proof->count; i++) {
        unsigned depth = proof->count - 1 - i;
        node_hash(s, &h, &proof->sibling[i], key_bit(key, depth), &h);
    }
    return hash_equal(&h, root) ? ERR_NONE : ERR_PROOF;
}

void state_tree_key(const struct suite *s, uint16_t contract, struct bytes key, struct hash *out)
{
    uint8_t prefix[2] = { (uint8_t)(contract >> 8), (uint8_t)contract };
    hash_tagged2(s, "carnet/key/v1", bytes_of(prefix, sizeof prefix), key, out);
}

void state_tree_value(const struct suite *s, struct bytes value, struct hash *out)
{
    hash_tagged(s, "carnet/value/v1", value, out);
}
