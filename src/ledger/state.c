/* One log of changes, newest last, holds all overlays. Each change remembers the older change of
 * its key; a hash table finds the newest. So a read is one probe whatever the depth of the stack,
 * undoing walks the log backwards, and a fold takes from its front. Log and bytes are rings
 * addressed by numbers that only grow, hence nothing is ever moved. */
#include "ledger/state_internal.h"

#include <string.h>

/* Contracts are few and small numbers; a change of one ages a part of its own values alone. */
enum { STATE_AGE_CONTRACTS = 16, STATE_AGE_PARTS = 256 };
enum { STATE_AGES = STATE_AGE_CONTRACTS * STATE_AGE_PARTS };

struct change {
    struct hash tree_key;
    uint64_t older; /* number + 1 of the older change of this key; 0: none */
    uint64_t bytes; /* where its stored bytes begin */
    uint32_t size;  /* of the stored bytes; 0: deleted */
    uint16_t contract;
    bool overtaken; /* a newer change of the overlay being folded has the same key */
};

struct overlay {
    uint64_t change, journal, bytes; /* where it begins */
};

struct state {
    const struct suite *suite;
    struct state_store store;
    struct state_tree *tree;
    struct change *change; /* ring of changes_max */
    uint64_t change_first, change_next;
    uint32_t changes_max;
    uint8_t *bytes; /* ring of bytes_max; no value wraps */
    uint64_t bytes_first, bytes_next;
    uint32_t bytes_max;
    uint32_t *slot; /* ring index + 1 of a key's newest change; 0: empty */
    uint32_t slot_mask;
    struct overlay overlay[STATE_OVERLAYS_MAX];
    uint32_t overlay_count;
    uint64_t age[STATE_AGES];
};

static uint32_t slots_for(uint32_t changes_max)
{
    uint32_t n = 16;
    while (n < 2 * changes_max) {
        n *= 2;
    }
    return n;
}

size_t state_memory(const struct state_limits *limits)
{
    size_t rounding = 4 * 16;
    return sizeof(struct state) + state_tree_memory(limits->leaves_max, limits->changes_max) +
           (size_t)limits->changes_max * sizeof(struct change) + limits->overlay_bytes_max +
           slots_for(limits->changes_max) * sizeof(uint32_t) + rounding;
}

enum err state_init(const struct suite *s, const struct state_limits *limits,
                    const struct state_store *store, struct arena *arena, struct state **out)
{
    ASSERT(limits->changes_max > 0 && limits->changes_max < UINT32_MAX / 4);
    ASSERT(limits->overlay_bytes_max > 0);
    struct state *st = ARENA_NEW(arena, struct state);
    uint32_t slots = slots_for(limits->changes_max);
    struct change *change = ARENA_ARRAY(arena, struct change, limits->changes_max);
    uint8_t *bytes = ARENA_ARRAY(arena, uint8_t, limits->overlay_bytes_max);
    uint32_t *slot = ARENA_ARRAY(arena, uint32_t, slots);
    if (st == NULL || change == NULL || bytes == NULL || slot == NULL) {
        return ERR_NO_SPACE;
    }
    *st = (struct state){ .suite = s,
                          .store = *store,
                          .change = change,
                          .changes_max = limits->changes_max,
                          .bytes = bytes,
                          .bytes_max = limits->overlay_bytes_max,
                          .slot = slot,
                          .slot_mask = slots - 1 };
    TRY(state_tree_init(s, limits->leaves_max, limits->changes_max, arena, &st->tree));
    *out = st;
    return ERR_NONE;
}

static enum err load_one(void *user, uint16_t contract, const struct hash *tree_key,
                         struct bytes stored)
{
    struct state *st = user;
    struct bytes key, value;
    struct hash hash, expected;
    TRY(state_stored_split(stored, &key, &value));
    state_tree_key(st->suite, contract, key, &expected);
    if (!hash_equal(&expected, tree_key)) {
        return ERR_CORRUPT;
    }
    state_tree_value(st->suite, stored, &hash);
    TRY(state_tree_set(st->tree, tree_key, &hash));
    state_tree_settle(st->tree, state_tree_mark(st->tree));
    return ERR_NONE;
}

enum err state_load(struct state *st)
{
    ASSERT(st->overlay_count == 0);
    ASSERT(state_tree_count(st->tree) == 0);
    return st->store.each(st->store.ctx, st, load_one);
}

enum err state_stored_split(struct bytes stored, struct bytes *key, struct bytes *value)
{
    struct reader r = reader_over(stored);
    struct bytes k = reader_take(&r, reader_u8(&r));
    if (r.bad || k.len == 0 || k.len > STATE_KEY_SIZE_MAX || r.left > STATE_VALUE_SIZE_MAX) {
        return ERR_ENCODING;
    }
    *key = k;
    *value = bytes_of(r.ptr, r.left);
    return ERR_NONE;
}

/* The table of newest changes. */

static struct change *change_at(const struct state *st, uint64_t number)
{
    return &st->change[number % st->changes_max];
}

/* Tree keys are hashes already: their first bytes spread well, and the contract is hashed into
 * them. */
static uint32_t home(const struct state *st, const struct hash *tree_key)
{
    uint32_t x;
    memcpy(&x, tree_key->b, sizeof x);
    return x & st->slot_mask;
}

/* The slot of this key, or the empty one where it would go. */
static uint32_t slot_find(const struct state *st, const struct hash *tree_key)
{
    uint32_t i = home(st, tree_key);
    while (st->slot[i] != 0 && !hash_equal(&st->change[st->slot[i] - 1].tree_key, tree_key)) {
        i = (i + 1) & st->slot_mask;
    }
    return i;
}

/* Close the gap that a removed key leaves in its run of probes. */
static void slot_remove(struct state *st, uint32_t gap)
{
    uint32_t i = gap;
    for (;;) {
        i = (i + 1) & st->slot_mask;
        if (st->slot[i] == 0) {
            break;
        }
        uint32_t at = home(st, &st->change[st->slot[i] - 1].tree_key);
        if (((i - at) & st->slot_mask) >= ((i - gap) & st->slot_mask)) {
            st->slot[gap] = st->slot[i];
            gap = i;
        }
    }
    st->slot[gap] = 0;
}

static const struct change *newest(const struct state *st, const struct hash *tree_key)
{
    uint32_t i = st->slot[slot_find(st, tree_key)];
    return i == 0 ? NULL : &st->change[i - 1];
}

static size_t age_of(uint16_t contract, const struct hash *tree_key)
{
    return (size_t)(contract % STATE_AGE_CONTRACTS) * STATE_AGE_PARTS + tree_key->b[HASH_SIZE - 1];
}

uint64_t state_age(const struct state *st, uint16_t contract, const struct hash *tree_key)
{
    return st->age[age_of(contract, tree_key)];
}

bool state_is_open(const struct state *st, const struct hash *tree_key)
{
    return newest(st, tree_key) != NULL;
}

static struct bytes change_stored(const struct state *st, const struct change *c)
{
    return bytes_of(st->bytes + c->bytes % st->bytes_max, c->size);
}

/* Overlays and savepoints. */

enum err state_open(struct state *st)
{
    if (st->overlay_count == STATE_OVERLAYS_MAX) {
        return ERR_NO_SPACE;
    }
    st->overlay[st->overlay_count++] =
        (struct overlay){ st->change_next, state_tree_mark(st->tree), st->bytes_next };
    return ERR_NONE;
}

uint32_t state_open_count(const struct state *st)
{
    return st->overlay_count;
}

struct state_savepoint state_save(const struct state *st)
{
    return (struct state_savepoint){ st->change_next, state_tree_mark(st->tree), st->bytes_next };
}

static void undo_newest(struct state *st)
{
    st->change_next--;
    const struct change *c = change_at(st, st->change_next);
    uint32_t i = slot_find(st, &c->tree_key);
    ASSERT(st->slot[i] == st->change_next % st->changes_max + 1);
    if (c->older > st->change_first) {
        st->slot[i] = (uint32_t)((c->older - 1) % st->changes_max + 1);
    } else {
        slot_remove(st, i);
    }
}

void state_rollback(struct state *st, struct state_savepoint p)
{
    ASSERT(p.change >= st->change_first && p.change <= st->change_next);
    while (st->change_next > p.change) {
        undo_newest(st);
    }
    state_tree_undo(st->tree, p.journal);
    st->bytes_next = p.bytes;
}

void state_drop(struct state *st)
{
    ASSERT(st->overlay_count > 0);
    const struct overlay *o = &st->overlay[st->overlay_count - 1];
    state_rollback(st, (struct state_savepoint){ o->change, o->journal, o->bytes });
    st->overlay_count--;
}

/* Reading and writing. */

static enum err store_get(struct state *st, uint16_t contract, const struct hash *tree_key,
                          struct bytes *value)
{
    struct bytes stored, key;
    TRY(st->store.get(st->store.ctx, contract, tree_key, &stored));
    return state_stored_split(stored, &key, value) == ERR_NONE ? ERR_NONE : ERR_CORRUPT;
}

static bool key_fits(struct bytes key)
{
    return key.len > 0 && key.len <= STATE_KEY_SIZE_MAX;
}

enum err state_get(struct state *st, uint16_t contract, struct bytes key, struct bytes *value)
{
    if (!key_fits(key)) {
        return ERR_SIZE;
    }
    struct hash tree_key;
    struct bytes own;
    state_tree_key(st->suite, contract, key, &tree_key);
    const struct change *c = newest(st, &tree_key);
    if (c == NULL) {
        return store_get(st, contract, &tree_key, value);
    }
    return c->size == 0 ? ERR_NOT_FOUND : state_stored_split(change_stored(st, c), &own, value);
}

enum err state_stored_committed(struct state *st, uint16_t contract, const struct hash *tree_key,
                                struct bytes *stored)
{
    return st->store.get(st->store.ctx, contract, tree_key, stored);
}

enum err state_get_committed(struct state *st, uint16_t contract, struct bytes key,
                             struct bytes *value)
{
    if (!key_fits(key)) {
        return ERR_SIZE;
    }
    struct hash tree_key;
    state_tree_key(st->suite, contract, key, &tree_key);
    return store_get(st, contract, &tree_key, value);
}

/* Room for bytes in one piece; *at is where they begin. What does not fit before the end of the
 * ring begins at its start. */
static enum err bytes_reserve(const struct state *st, size_t size, uint64_t *at)
{
    uint64_t begin = st->bytes_next;
    uint64_t before_end = st->bytes_max - begin % st->bytes_max;
    if (size > before_end) {
        begin += before_end;
    }
    if (begin + size - st->bytes_first > st->bytes_max) {
        return ERR_NO_SPACE;
    }
    *at = begin;
    return ERR_NONE;
}

static void change_push(struct state *st, const struct change *c, uint64_t bytes_next)
{
    uint32_t i = slot_find(st, &c->tree_key);
    struct change *fresh = change_at(st, st->change_next);
    uint64_t older = 0;
    if (st->slot[i] != 0) {
        uint64_t back = (st->change_next - (st->slot[i] - 1)) % st->changes_max;
        older = st->change_next - back + 1;
    }
    *fresh = *c;
    fresh->older = older;
    st->slot[i] = (uint32_t)(st->change_next % st->changes_max + 1);
    st->change_next++;
    st->bytes_next = bytes_next;
}

static bool changes_full(const struct state *st)
{
    return st->change_next - st->change_first == st->changes_max;
}

enum err state_put(struct state *st, uint16_t contract, struct bytes key, struct bytes value)
{
    ASSERT(st->overlay_count > 0);
    if (!key_fits(key) || value.len > STATE_VALUE_SIZE_MAX) {
        return ERR_SIZE;
    }
    struct change c = { .contract = contract, .size = (uint32_t)(1 + key.len + value.len) };
    TRY(changes_full(st) ? ERR_NO_SPACE : ERR_NONE);
    TRY(bytes_reserve(st, c.size, &c.bytes));
    struct buf b = buf_over(st->bytes + c.bytes % st->bytes_max, c.size);
    struct hash hash;
    buf_put_u8(&b, (uint8_t)key.len);
    buf_put(&b, key);
    buf_put(&b, value);
    state_tree_key(st->suite, contract, key, &c.tree_key);
    state_tree_value(st->suite, buf_bytes(&b), &hash);
    TRY(state_tree_set(st->tree, &c.tree_key, &hash));
    change_push(st, &c, c.bytes + c.size);
    return ERR_NONE;
}

enum err state_del(struct state *st, uint16_t contract, struct bytes key)
{
    ASSERT(st->overlay_count > 0);
    if (!key_fits(key)) {
        return ERR_SIZE;
    }
    struct change c = { .contract = contract };
    struct hash hash;
    state_tree_key(st->suite, contract, key, &c.tree_key);
    if (!state_tree_get(st->tree, &c.tree_key, &hash)) {
        return ERR_NONE;
    }
    TRY(changes_full(st) ? ERR_NO_SPACE : ERR_NONE);
    TRY(state_tree_set(st->tree, &c.tree_key, NULL));
    change_push(st, &c, st->bytes_next);
    return ERR_NONE;
}

uint32_t state_count(const struct state *st)
{
    return state_tree_count(st->tree);
}

void state_root(struct state *st, struct hash *out)
{
    state_tree_root(st->tree, out);
}

/* Folding. */

static uint64_t overlay_end(const struct state *st, uint32_t i)
{
    return i + 1 < st->overlay_count ? st->overlay[i + 1].change : st->change_next;
}

static enum err visit_newest(struct state *st, uint64_t first, uint64_t end, void *user,
                             enum err (*visit)(void *user, const struct state_change *c))
{
    for (uint64_t n = first; n < end; n++) {
        change_at(st, n)->overtaken = false;
    }
    for (uint64_t n = end; n-- > first;) {
        const struct change *c = change_at(st, n);
        if (c->older > first) {
            change_at(st, c->older - 1)->overtaken = true;
        }
        if (c->overtaken) {
            continue;
        }
        struct state_change out = { c->contract, c->tree_key, change_stored(st, c) };
        st->age[age_of(c->contract, &c->tree_key)]++; /* first: the visit may fail half-way */
        TRY(visit(user, &out));
    }
    return ERR_NONE;
}

enum err state_fold(struct state *st, void *user,
                    enum err (*visit)(void *user, const struct state_change *c))
{
    ASSERT(st->overlay_count > 0);
    uint64_t first = st->overlay[0].change, end = overlay_end(st, 0);
    ASSERT(first == st->change_first);
    TRY(visit_newest(st, first, end, user, visit));
    for (uint64_t n = first; n < end; n++) {
        uint32_t i = slot_find(st, &change_at(st, n)->tree_key);
        if (st->slot[i] == n % st->changes_max + 1) {
            slot_remove(st, i);
        }
    }
    st->change_first = end;
    bool last = st->overlay_count == 1;
    st->bytes_first = last ? st->bytes_next : st->overlay[1].bytes;
    state_tree_settle(st->tree, last ? state_tree_mark(st->tree) : st->overlay[1].journal);
    st->overlay_count--;
    memmove(&st->overlay[0], &st->overlay[1], st->overlay_count * sizeof st->overlay[0]);
    return ERR_NONE;
}

/* Bring the tree forward again by what the log holds. It held it a moment ago, so it fits. */
static void tree_replay(struct state *st)
{
    for (uint32_t i = 0; i < st->overlay_count; i++) {
        st->overlay[i].journal = state_tree_mark(st->tree);
        for (uint64_t n = st->overlay[i].change; n < overlay_end(st, i); n++) {
            const struct change *c = change_at(st, n);
            struct hash hash;
            state_tree_value(st->suite, change_stored(st, c), &hash);
            enum err e = state_tree_set(st->tree, &c->tree_key, c->size == 0 ? NULL : &hash);
            ASSERT(e == ERR_NONE);
        }
    }
}

void state_prove_committed(struct state *st, const struct hash *tree_key, struct state_proof *out)
{
    bool open = st->overlay_count > 0;
    if (open) {
        state_tree_undo(st->tree, st->overlay[0].journal);
    }
    state_tree_prove(st->tree, tree_key, out);
    if (open) {
        tree_replay(st);
    }
}
