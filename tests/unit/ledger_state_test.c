#include "ledger/state_internal.h"
#include "tests/fixtures/ledger_fixture.h"
#include "tests/test.h"

#include <stdlib.h>

enum { KEYS = 48, LAYERS_MAX = 64, CONTRACT = 9 };

static struct fixture_store store;
static struct state_store port;
static uint8_t *memory;
static struct arena arena;
static struct state *st;

static void store_clear(void)
{
    while (store.count > 0) {
        struct state_change gone = { store.entry[0].contract,
                                     store.entry[0].tree_key,
                                     { NULL, 0 } };
        CHECK_OK(fixture_store_visit(&store, &gone));
    }
}

static void given_a_state(struct state_limits limits)
{
    size_t size = state_memory(&limits);
    store_clear();
    free(memory);
    memory = malloc(size);
    arena = arena_over(memory, size);
    port = fixture_store_port(&store);
    CHECK_OK(state_init(suite_intl(), &limits, &port, &arena, &st));
}

static const struct state_limits ROOMY = { 4096, 8192, 1 << 20 };

static struct bytes text(const char *t)
{
    return bytes_of_str(t);
}

static void expect(const char *key, const char *value)
{
    struct bytes got = { NULL, 0 };
    enum err e = state_get(st, CONTRACT, text(key), &got);
    if (value == NULL) {
        CHECK_ERR(e, ERR_NOT_FOUND);
        return;
    }
    CHECK_OK(e);
    CHECK_BYTES(got, text(value));
}

TEST(a_read_sees_the_newest_overlay_down_to_the_store)
{
    given_a_state(ROOMY);
    CHECK_OK(state_open(st));
    CHECK_OK(state_put(st, CONTRACT, text("a"), text("1")));
    CHECK_OK(state_put(st, CONTRACT, text("b"), text("1")));
    CHECK_OK(state_fold(st, &store, fixture_store_visit));
    CHECK_OK(state_open(st));
    CHECK_OK(state_put(st, CONTRACT, text("a"), text("2")));
    CHECK_OK(state_open(st));
    CHECK_OK(state_del(st, CONTRACT, text("b")));
    expect("a", "2");
    expect("b", NULL);
    expect("c", NULL);
    struct bytes committed;
    CHECK_OK(state_get_committed(st, CONTRACT, text("a"), &committed));
    CHECK_BYTES(committed, text("1"));
    CHECK_OK(state_get_committed(st, CONTRACT, text("b"), &committed));
    state_drop(st);
    expect("b", "1");
    state_drop(st);
    expect("a", "1");
}

TEST(two_contracts_may_use_the_same_key)
{
    given_a_state(ROOMY);
    CHECK_OK(state_open(st));
    CHECK_OK(state_put(st, CONTRACT, text("a"), text("1")));
    CHECK_OK(state_put(st, CONTRACT + 1, text("a"), text("2")));
    expect("a", "1");
    struct bytes got;
    CHECK_OK(state_get(st, CONTRACT + 1, text("a"), &got));
    CHECK_BYTES(got, text("2"));
}

TEST(an_empty_value_is_not_an_absent_one)
{
    given_a_state(ROOMY);
    CHECK_OK(state_open(st));
    CHECK_OK(state_put(st, CONTRACT, text("a"), bytes_of(NULL, 0)));
    expect("a", "");
    CHECK_OK(state_fold(st, &store, fixture_store_visit));
    expect("a", "");
}

TEST(formats_15_a_stored_value_begins_with_its_key)
{
    given_a_state(ROOMY);
    CHECK_OK(state_open(st));
    CHECK_OK(state_put(st, CONTRACT, text("key"), text("value")));
    struct hash root, tree_key, value, leaf;
    uint8_t both[64];
    state_root(st, &root);
    state_tree_key(suite_intl(), CONTRACT, text("key"), &tree_key);
    state_tree_value(suite_intl(), text("\3keyvalue"), &value);
    memcpy(both, tree_key.b, 32);
    memcpy(both + 32, value.b, 32);
    hash_tagged(suite_intl(), "carnet/leaf/v1", bytes_of(both, 64), &leaf);
    CHECK(hash_equal(&root, &leaf));
    CHECK_OK(state_fold(st, &store, fixture_store_visit));
    CHECK_EQ(store.count, 1);
    CHECK_BYTES(store.entry[0].stored, text("\3keyvalue"));
}

static uint32_t visited;
static enum err visit_once(void *user, const struct state_change *c)
{
    (void)user;
    visited += c->stored.len > 0 ? 1 : 100;
    return ERR_NONE;
}

TEST(a_fold_visits_each_key_once_with_its_newest_value)
{
    given_a_state(ROOMY);
    visited = 0;
    CHECK_OK(state_open(st));
    for (int i = 0; i < 5; i++) {
        CHECK_OK(state_put(st, CONTRACT, text("a"), text("x")));
    }
    CHECK_OK(state_put(st, CONTRACT, text("b"), text("x")));
    CHECK_OK(state_put(st, CONTRACT, text("c"), text("x")));
    CHECK_OK(state_del(st, CONTRACT, text("b")));
    CHECK_OK(state_open(st));
    CHECK_OK(state_put(st, CONTRACT, text("a"), text("upper")));
    CHECK_OK(state_fold(st, NULL, visit_once));
    CHECK_EQ(visited, 102);
    expect("a", "upper");
}

static enum err visit_fails(void *user, const struct state_change *c)
{
    (void)c;
    return (*(uint32_t *)user)-- == 0 ? ERR_DISK_FULL : ERR_NONE;
}

TEST(a_fold_that_the_shell_cannot_store_changes_nothing_and_may_be_tried_again)
{
    given_a_state(ROOMY);
    CHECK_OK(state_open(st));
    CHECK_OK(state_put(st, CONTRACT, text("a"), text("1")));
    CHECK_OK(state_put(st, CONTRACT, text("a"), text("2")));
    CHECK_OK(state_put(st, CONTRACT, text("b"), text("1")));
    for (uint32_t n = 0; n < 2; n++) {
        uint32_t left = n;
        CHECK_ERR(state_fold(st, &left, visit_fails), ERR_DISK_FULL);
        CHECK_EQ(state_open_count(st), 1);
        expect("a", "2");
    }
    CHECK_OK(state_fold(st, &store, fixture_store_visit));
    expect("a", "2");
    expect("b", "1");
}

TEST(named_limits_are_reached_and_nothing_changes_past_them)
{
    static uint8_t wide[STATE_VALUE_SIZE_MAX + 1], long_key[STATE_KEY_SIZE_MAX + 1];
    given_a_state(ROOMY);
    for (int i = 0; i < STATE_OVERLAYS_MAX; i++) {
        CHECK_OK(state_open(st));
    }
    CHECK_ERR(state_open(st), ERR_NO_SPACE);
    struct bytes got;
    CHECK_OK(state_put(st, CONTRACT, bytes_of(long_key, STATE_KEY_SIZE_MAX), text("x")));
    CHECK_ERR(state_put(st, CONTRACT, bytes_of(long_key, STATE_KEY_SIZE_MAX + 1), text("x")),
              ERR_SIZE);
    CHECK_ERR(state_put(st, CONTRACT, bytes_of(long_key, 0), text("x")), ERR_SIZE);
    CHECK_ERR(state_get(st, CONTRACT, bytes_of(long_key, 0), &got), ERR_SIZE);
    CHECK_OK(state_put(st, CONTRACT, text("w"), bytes_of(wide, STATE_VALUE_SIZE_MAX)));
    CHECK_ERR(state_put(st, CONTRACT, text("w"), bytes_of(wide, STATE_VALUE_SIZE_MAX + 1)),
              ERR_SIZE);

    given_a_state((struct state_limits){ 64, 4, 1 << 16 });
    CHECK_OK(state_open(st));
    for (int i = 0; i < 4; i++) {
        CHECK_OK(state_put(st, CONTRACT, text("a"), text("x")));
    }
    CHECK_ERR(state_put(st, CONTRACT, text("a"), text("y")), ERR_NO_SPACE);
    CHECK_ERR(state_del(st, CONTRACT, text("a")), ERR_NO_SPACE);
    expect("a", "x");

    given_a_state((struct state_limits){ 2, 16, 64 });
    CHECK_OK(state_open(st));
    CHECK_OK(state_put(st, CONTRACT, text("a"), bytes_of(wide, 30)));
    CHECK_ERR(state_put(st, CONTRACT, text("a"), bytes_of(wide, 31)), ERR_NO_SPACE);
    CHECK_OK(state_put(st, CONTRACT, text("b"), bytes_of(wide, 30)));
    CHECK_ERR(state_put(st, CONTRACT, text("b"), text("")), ERR_NO_SPACE);
    state_drop(st);
    CHECK_OK(state_open(st));
    CHECK_OK(state_put(st, CONTRACT, text("a"), text("")));
    CHECK_OK(state_put(st, CONTRACT, text("b"), text("")));
    CHECK_ERR(state_put(st, CONTRACT, text("c"), text("")), ERR_NO_SPACE);
    expect("c", NULL);
}

/* The naive twin: whole copies. */
struct layer {
    uint32_t value[KEYS]; /* 0: absent */
    bool overlay;         /* else a savepoint */
    struct state_savepoint point;
};
static struct layer twin[LAYERS_MAX];
static uint32_t depth; /* twin[depth] is what is seen now; twin[0] the store */
static uint64_t seed;

static uint32_t random_below(uint32_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % n;
}

static struct bytes key_of(uint32_t i)
{
    static uint8_t k[4];
    k[0] = 'k';
    k[1] = (uint8_t)i;
    return bytes_of(k, 2);
}

/* Values of very different length, so that the ring of bytes wraps at odd places. */
static struct bytes value_of(uint32_t x)
{
    static uint8_t v[512];
    memset(v, (int)x, sizeof v);
    memcpy(v, &x, sizeof x);
    return bytes_of(v, 4 + x * 7 % 500);
}

static void naive_root(const struct hash *key, const struct hash *leaf, uint32_t count,
                       unsigned bit, struct hash *out)
{
    struct hash k[2][KEYS], l[2][KEYS], side[2];
    uint32_t n[2] = { 0, 0 };
    uint8_t both[64];
    if (count <= 1) {
        memset(out, 0, sizeof *out);
        if (count == 1) {
            *out = leaf[0];
        }
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        unsigned at = (unsigned)(key[i].b[bit / 8] >> (7 - bit % 8)) & 1U;
        k[at][n[at]] = key[i];
        l[at][n[at]++] = leaf[i];
    }
    naive_root(k[0], l[0], n[0], bit + 1, &side[0]);
    naive_root(k[1], l[1], n[1], bit + 1, &side[1]);
    memcpy(both, side[0].b, 32);
    memcpy(both + 32, side[1].b, 32);
    hash_tagged(suite_intl(), "carnet/node/v1", bytes_of(both, 64), out);
}

static void twin_root(const struct layer *layer, struct hash *out)
{
    struct hash key[KEYS], leaf[KEYS], value;
    uint8_t stored[1024], both[64];
    uint32_t n = 0;
    for (uint32_t i = 0; i < KEYS; i++) {
        if (layer->value[i] == 0) {
            continue;
        }
        struct buf b = buf_over(stored, sizeof stored);
        buf_put_u8(&b, 2);
        buf_put(&b, key_of(i));
        buf_put(&b, value_of(layer->value[i]));
        state_tree_key(suite_intl(), CONTRACT, key_of(i), &key[n]);
        state_tree_value(suite_intl(), buf_bytes(&b), &value);
        memcpy(both, key[n].b, 32);
        memcpy(both + 32, value.b, 32);
        hash_tagged(suite_intl(), "carnet/leaf/v1", bytes_of(both, 64), &leaf[n++]);
    }
    naive_root(key, leaf, n, 0, out);
}

static uint32_t overlays(void)
{
    uint32_t n = 0;
    for (uint32_t i = 1; i <= depth; i++) {
        n += twin[i].overlay;
    }
    return n;
}

static void push(bool overlay)
{
    twin[depth + 1] = twin[depth];
    depth++;
    twin[depth].overlay = overlay;
    twin[depth].point = state_save(st);
}

static void step_write(void)
{
    uint32_t i = random_below(KEYS);
    if (random_below(4) == 0) {
        CHECK_OK(state_del(st, CONTRACT, key_of(i)));
        twin[depth].value[i] = 0;
        return;
    }
    uint32_t x = 1 + random_below(100000);
    CHECK_OK(state_put(st, CONTRACT, key_of(i), value_of(x)));
    twin[depth].value[i] = x;
}

/* Back to the newest savepoint or the newest overlay's beginning. */
static void step_back(void)
{
    if (twin[depth].overlay) {
        state_drop(st);
    } else {
        state_rollback(st, twin[depth].point);
    }
    depth--;
}

/* The twin forgets savepoints when the transaction or the block goes on. */
static void step_fold(void)
{
    uint32_t end = depth + 1;
    for (uint32_t i = 2; i <= depth; i++) {
        if (twin[i].overlay) {
            end = i;
            break;
        }
    }
    CHECK_OK(state_fold(st, &store, fixture_store_visit));
    /* twin[end - 1] is the state at the end of the oldest overlay: it becomes the store. */
    memcpy(twin[0].value, twin[end - 1].value, sizeof twin[0].value);
    memmove(&twin[1], &twin[end], (depth + 1 - end) * sizeof twin[0]);
    depth = depth + 1 - end;
}

static void step_any(void)
{
    uint32_t dice = random_below(100);
    bool room = depth + 1 < LAYERS_MAX;
    if (overlays() == 0 || (dice < 4 && overlays() < STATE_OVERLAYS_MAX && room)) {
        CHECK_OK(state_open(st));
        push(true);
    } else if (dice < 10 && room) {
        push(false);
    } else if (dice < 18) {
        step_back();
    } else if (dice < 21) {
        step_fold();
    } else {
        step_write();
    }
}

static void compare_all(void)
{
    for (uint32_t i = 0; i < KEYS; i++) {
        struct bytes got;
        for (int committed = 0; committed < 2; committed++) {
            uint32_t x = twin[committed == 1 ? 0 : depth].value[i];
            enum err e = committed == 1 ? state_get_committed(st, CONTRACT, key_of(i), &got)
                                        : state_get(st, CONTRACT, key_of(i), &got);
            CHECK_ERR(e, x == 0 ? ERR_NOT_FOUND : ERR_NONE);
            if (x != 0) {
                CHECK_BYTES(got, value_of(x));
            }
        }
    }
    struct hash root, want;
    state_root(st, &root);
    twin_root(&twin[depth], &want);
    CHECK(hash_equal(&root, &want));
}

TEST(any_history_of_puts_rollbacks_drops_and_folds_agrees_with_whole_copies)
{
    for (seed = 1; seed <= 20; seed++) {
        uint64_t kept = seed;
        given_a_state((struct state_limits){ KEYS + 8, 4096, 1 << 20 });
        memset(twin, 0, sizeof twin);
        depth = 0;
        for (int n = 0; n < 600; n++) {
            step_any();
            if (n % 7 == 0) {
                compare_all();
            }
            CHECK(!test_failing());
        }
        seed = kept;
    }
}

TEST(the_rings_wrap_and_nothing_is_lost)
{
    given_a_state((struct state_limits){ KEYS + 8, 40, 8192 });
    memset(twin, 0, sizeof twin);
    depth = 0;
    seed = 77;
    for (int n = 0; n < 500; n++) {
        CHECK_OK(state_open(st));
        push(true);
        for (int i = 0; i < 9; i++) {
            step_write();
        }
        if (overlays() == 3) {
            step_fold();
        }
        compare_all();
        CHECK(!test_failing());
    }
}

TEST(a_tree_rebuilt_from_the_store_has_the_same_root)
{
    struct hash before, after;
    given_a_state(ROOMY);
    memset(twin, 0, sizeof twin);
    depth = 0;
    seed = 5;
    CHECK_OK(state_open(st));
    push(true);
    for (int n = 0; n < 100; n++) {
        step_write();
    }
    step_fold();
    state_root(st, &before);
    struct state_limits limits = ROOMY;
    uint8_t *again = malloc(state_memory(&limits));
    struct arena a = arena_over(again, state_memory(&limits));
    struct state *other;
    CHECK_OK(state_init(suite_intl(), &limits, &port, &a, &other));
    CHECK_OK(state_load(other));
    state_root(other, &after);
    CHECK(hash_equal(&before, &after));
    store.entry[3].tree_key.b[0] ^= 1;
    a = arena_over(again, state_memory(&limits));
    CHECK_OK(state_init(suite_intl(), &limits, &port, &a, &other));
    CHECK_ERR(state_load(other), ERR_CORRUPT);
    free(again);
}

TEST(formats_15_a_proof_against_the_committed_root_leaves_open_blocks_as_they_were)
{
    struct hash committed, open, tree_key, value, root;
    struct state_proof proof;
    given_a_state(ROOMY);
    CHECK_OK(state_open(st));
    CHECK_OK(state_put(st, CONTRACT, text("a"), text("1")));
    CHECK_OK(state_put(st, CONTRACT, text("b"), text("1")));
    CHECK_OK(state_fold(st, &store, fixture_store_visit));
    state_root(st, &committed);
    CHECK_OK(state_open(st));
    CHECK_OK(state_put(st, CONTRACT, text("a"), text("2")));
    CHECK_OK(state_open(st));
    CHECK_OK(state_del(st, CONTRACT, text("b")));
    CHECK_OK(state_put(st, CONTRACT, text("c"), text("3")));
    state_root(st, &open);
    state_tree_key(suite_intl(), CONTRACT, text("a"), &tree_key);
    state_tree_value(suite_intl(), text("\1a1"), &value);
    state_prove_committed(st, &tree_key, &proof);
    CHECK_OK(state_proof_verify(suite_intl(), &committed, &tree_key, &value, &proof));
    state_root(st, &root);
    CHECK(hash_equal(&root, &open));
    state_drop(st);
    state_drop(st);
    state_root(st, &root);
    CHECK(hash_equal(&root, &committed));
}

TEST(a_damaged_value_in_the_store_is_said_to_be_damaged)
{
    struct bytes got;
    struct hash tree_key;
    given_a_state(ROOMY);
    state_tree_key(suite_intl(), CONTRACT, text("a"), &tree_key);
    struct state_change bad = { CONTRACT, tree_key, bytes_of("\xff", 1) };
    CHECK_OK(fixture_store_visit(&store, &bad));
    CHECK_ERR(state_get(st, CONTRACT, text("a"), &got), ERR_CORRUPT);
    CHECK_ERR(state_get_committed(st, CONTRACT, text("a"), &got), ERR_CORRUPT);
    store_clear();
    free(memory);
    memory = NULL;
}
