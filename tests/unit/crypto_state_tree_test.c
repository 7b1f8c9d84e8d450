#include "crypto/state_tree.h"

#include <stdlib.h>

#include "tests/test.h"

enum { KEYS = 48, LEAVES_MAX = 32, JOURNAL_MAX = 64 };

/* Small deterministic numbers: a failure comes back. */
static uint32_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

static struct state_tree *new_tree(uint32_t leaves_max, uint32_t journal_max, void **memory)
{
    size_t size = state_tree_memory(leaves_max, journal_max);
    *memory = malloc(size);
    struct arena arena = arena_over(*memory, size);
    struct state_tree *t = NULL;
    if (state_tree_init(suite_intl(), leaves_max, journal_max, &arena, &t) != ERR_NONE) {
        test_fail(__FILE__, __LINE__, "state_tree_memory is enough");
    }
    return t;
}

/* The naive twin: a table of all keys with value or none, and FORMATS 15 as a recursive definition
 * over the sorted present keys, hashed from the text of the format with no code of the tree. */
struct twin {
    struct hash key[KEYS], value[KEYS];
    bool present[KEYS];
};

static int compare_keys(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct hash));
}

/* Keys in runs that share long prefixes, down to the last bit, beside random ones. */
static void twin_init(struct twin *w)
{
    memset(w, 0, sizeof *w);
    for (unsigned i = 0; i < KEYS; i++) {
        hash_plain(suite_intl(), bytes_of(&i, sizeof i), &w->key[i]);
        if (i % 4 != 0) {
            unsigned bit = i % 4 == 1 ? 255 : i * 37 % 256;
            w->key[i] = w->key[i - i % 4];
            w->key[i].b[bit / 8] ^= (uint8_t)(0x80U >> (bit % 8));
        }
    }
    qsort(w->key, KEYS, sizeof w->key[0], compare_keys);
}

static void twin_node(const struct hash *left, const struct hash *right, struct hash *out)
{
    uint8_t text[1 + 14 + 8 + 64] = { 14 };
    memcpy(text + 1, "carnet/node/v1", 14);
    text[1 + 14 + 7] = 64;
    memcpy(text + 23, left->b, 32);
    memcpy(text + 55, right->b, 32);
    hash_plain(suite_intl(), bytes_of(text, sizeof text), out);
}

static void twin_leaf(const struct hash *key, const struct hash *value, struct hash *out)
{
    uint8_t text[1 + 14 + 8 + 64] = { 14 };
    memcpy(text + 1, "carnet/leaf/v1", 14);
    text[1 + 14 + 7] = 64;
    memcpy(text + 23, key->b, 32);
    memcpy(text + 55, value->b, 32);
    hash_plain(suite_intl(), bytes_of(text, sizeof text), out);
}

static bool twin_bit(const struct hash *key, unsigned depth)
{
    return (key->b[depth / 8] & (0x80U >> (depth % 8))) != 0;
}

static void twin_subtree(const struct twin *w, unsigned from, unsigned to, unsigned depth,
                         struct hash *out)
{
    unsigned count = 0, last = from;
    for (unsigned i = from; i < to; i++) {
        if (w->present[i]) {
            count++;
            last = i;
        }
    }
    memset(out, 0, sizeof *out);
    if (count == 1) {
        twin_leaf(&w->key[last], &w->value[last], out);
    } else if (count > 1) {
        struct hash left, right;
        unsigned middle = from;
        while (middle < to && !twin_bit(&w->key[middle], depth)) {
            middle++;
        }
        twin_subtree(w, from, middle, depth + 1, &left);
        twin_subtree(w, middle, to, depth + 1, &right);
        twin_node(&left, &right, out);
    }
}

static uint32_t twin_count(const struct twin *w)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < KEYS; i++) {
        count += w->present[i];
    }
    return count;
}

/* Roots, counts, values, and a proof for every key, present or not. */
static void check_same(struct state_tree *t, const struct twin *w, bool with_proofs)
{
    struct hash root, want, value;
    twin_subtree(w, 0, KEYS, 0, &want);
    state_tree_root(t, &root);
    CHECK_BYTES(bytes_of_hash(&root), bytes_of_hash(&want));
    CHECK_EQ(state_tree_count(t), twin_count(w));
    for (unsigned i = 0; with_proofs && i < KEYS; i++) {
        struct state_proof proof;
        CHECK_EQ(state_tree_get(t, &w->key[i], &value), w->present[i]);
        CHECK(!w->present[i] || hash_equal(&value, &w->value[i]));
        state_tree_prove(t, &w->key[i], &proof);
        CHECK_EQ(proof.present, w->present[i]);
        const struct hash *claim = w->present[i] ? &w->value[i] : NULL;
        CHECK_OK(state_proof_verify(suite_intl(), &root, &w->key[i], claim, &proof));
        struct hash wrong = w->value[i];
        wrong.b[3] ^= 1;
        CHECK_ERR(state_proof_verify(suite_intl(), &root, &w->key[i], &wrong, &proof), ERR_PROOF);
        claim = w->present[i] ? NULL : &w->value[i];
        CHECK_ERR(state_proof_verify(suite_intl(), &root, &w->key[i], claim, &proof), ERR_PROOF);
    }
}

static void random_change(struct state_tree *t, struct twin *w, uint64_t *random)
{
    unsigned i = next_random(random) % KEYS;
    bool set = next_random(random) % 3 != 0;
    struct hash value = { { (uint8_t)(next_random(random) % 3 + 1) } };
    enum err e = state_tree_set(t, &w->key[i], set ? &value : NULL);
    bool full = set && !w->present[i] && twin_count(w) == LEAVES_MAX;
    CHECK_ERR(e, full ? ERR_NO_SPACE : ERR_NONE);
    if (!full) {
        w->present[i] = set;
        w->value[i] = set ? value : (struct hash){ { 0 } };
    }
}

TEST(formats_15_an_empty_tree_is_32_zero_bytes)
{
    void *memory;
    struct state_tree *t = new_tree(1, 1, &memory);
    struct hash root = { { 1 } }, key = { { 2 } };
    struct state_proof proof;
    state_tree_root(t, &root);
    CHECK(hash_is_zero(&root));
    state_tree_prove(t, &key, &proof);
    CHECK(!proof.present && !proof.other && proof.count == 0);
    CHECK_OK(state_proof_verify(suite_intl(), &root, &key, NULL, &proof));
    CHECK_ERR(state_proof_verify(suite_intl(), &root, &key, &key, &proof), ERR_PROOF);
    free(memory);
}

TEST(formats_15_a_leaf_alone_is_its_subtree)
{
    void *memory;
    struct state_tree *t = new_tree(2, 4, &memory);
    struct hash root, want, key = { { 0x80 } }, value = { { 7 } }, other = { { 0 } }, left, right;
    CHECK_OK(state_tree_set(t, &key, &value));
    state_tree_root(t, &root);
    twin_leaf(&key, &value, &want);
    CHECK(hash_equal(&root, &want));
    CHECK_OK(state_tree_set(t, &other, &value));
    state_tree_root(t, &root);
    twin_leaf(&other, &value, &left);
    twin_leaf(&key, &value, &right);
    twin_node(&left, &right, &want);
    CHECK(hash_equal(&root, &want));
    free(memory);
}

/* Python, with H of FORMATS 1. */
TEST(formats_15_tree_keys_and_values_are_tagged_hashes)
{
    struct hash got, want;
    state_tree_key(suite_intl(), 0x0102, bytes_of_str("key"), &got);
    CHECK_OK(
        hash_from_hex("18922b3d37b3a23e4ddf76484c250b874860105b2d36566a2961098d7fffc836", &want));
    CHECK_BYTES(bytes_of_hash(&got), bytes_of_hash(&want));
    state_tree_value(suite_intl(), bytes_of_str("value"), &got);
    CHECK_OK(
        hash_from_hex("11203bb2117e6acfaa7e0bb3d0d0f940e2f85570c4f42bb2693e9a5b16a909ee", &want));
    CHECK_BYTES(bytes_of_hash(&got), bytes_of_hash(&want));
}

TEST(formats_15_two_keys_that_part_at_the_last_bit_take_256_siblings)
{
    void *memory;
    struct state_tree *t = new_tree(2, 2, &memory);
    struct hash a = { { 0 } }, b = { { 0 } }, value = { { 5 } }, root;
    struct state_proof proof;
    b.b[31] = 1;
    CHECK_OK(state_tree_set(t, &a, &value));
    CHECK_OK(state_tree_set(t, &b, &value));
    state_tree_root(t, &root);
    state_tree_prove(t, &a, &proof);
    CHECK_EQ(proof.count, STATE_TREE_DEPTH_MAX);
    CHECK_OK(state_proof_verify(suite_intl(), &root, &a, &value, &proof));
    proof.count++;
    CHECK_ERR(state_proof_verify(suite_intl(), &root, &a, &value, &proof), ERR_PROOF);
    free(memory);
}

TEST(formats_15_random_changes_give_the_roots_and_proofs_of_the_definition)
{
    void *memory;
    struct state_tree *t = new_tree(LEAVES_MAX, JOURNAL_MAX, &memory);
    struct twin w;
    uint64_t random = 1;
    twin_init(&w);
    for (unsigned n = 0; n < 1500 && !test_failing(); n++) {
        random_change(t, &w, &random);
        state_tree_settle(t, state_tree_mark(t));
        check_same(t, &w, n % 50 == 0);
    }
    free(memory);
}

TEST(blocks_are_undone_newest_first_to_the_very_root_they_started_from)
{
    enum { BLOCKS = 4 };
    void *memory;
    struct state_tree *t = new_tree(LEAVES_MAX, JOURNAL_MAX, &memory);
    static struct twin w, at[BLOCKS];
    uint64_t mark[BLOCKS], random = 2;
    twin_init(&w);
    for (unsigned round = 0; round < 150 && !test_failing(); round++) {
        unsigned blocks = 1 + next_random(&random) % BLOCKS;
        for (unsigned b = 0; b < blocks; b++) {
            at[b] = w;
            mark[b] = state_tree_mark(t);
            for (unsigned n = next_random(&random) % (JOURNAL_MAX / BLOCKS); n > 0; n--) {
                random_change(t, &w, &random);
            }
            if (next_random(&random) % 2 == 0) {
                check_same(t, &w, false); /* sometimes nobody asked for the root before an undo */
            }
        }
        unsigned keep = next_random(&random) % (blocks + 1);
        for (unsigned b = blocks; b-- > keep;) {
            state_tree_undo(t, mark[b]);
            w = at[b];
            CHECK_EQ(state_tree_mark(t), mark[b]);
            check_same(t, &w, b == keep && round % 8 == 0);
        }
        state_tree_settle(t, state_tree_mark(t));
    }
    free(memory);
}

TEST(settling_a_part_keeps_the_later_changes_undoable)
{
    void *memory;
    struct state_tree *t = new_tree(8, 4, &memory);
    struct hash key = { { 1 } }, value = { { 1 } }, root[5];
    uint64_t mark[5];
    for (unsigned n = 0; n < 4; n++) {
        mark[n] = state_tree_mark(t);
        state_tree_root(t, &root[n]);
        value.b[0] = (uint8_t)(n + 1);
        CHECK_OK(state_tree_set(t, &key, &value));
    }
    state_tree_settle(t, mark[2]);
    state_tree_undo(t, mark[3]);
    state_tree_undo(t, mark[2]);
    state_tree_root(t, &root[4]);
    CHECK(hash_equal(&root[4], &root[2]));
    for (unsigned n = 0; n < 4; n++) { /* settled room is used again, around the ring's end */
        value.b[0] = (uint8_t)(n + 100);
        CHECK_OK(state_tree_set(t, &key, &value));
    }
    state_tree_undo(t, mark[2]);
    state_tree_root(t, &root[4]);
    CHECK(hash_equal(&root[4], &root[2]));
    free(memory);
}

TEST(a_full_journal_refuses_and_changes_nothing)
{
    void *memory;
    struct state_tree *t = new_tree(8, 3, &memory);
    struct hash key = { { 1 } }, value = { { 1 } }, before, after;
    for (uint8_t n = 0; n < 3; n++) {
        key.b[0] = n;
        CHECK_OK(state_tree_set(t, &key, &value));
    }
    state_tree_root(t, &before);
    uint64_t mark = state_tree_mark(t);
    struct hash strange = { { 99 } };
    CHECK_ERR(state_tree_set(t, &strange, &value), ERR_NO_SPACE);
    CHECK_ERR(state_tree_set(t, &key, NULL), ERR_NO_SPACE);
    CHECK_OK(state_tree_set(t, &strange, NULL)); /* what changes nothing needs no room */
    CHECK_OK(state_tree_set(t, &key, &value));
    state_tree_root(t, &after);
    CHECK(hash_equal(&before, &after));
    CHECK_EQ(state_tree_mark(t), mark);
    state_tree_settle(t, mark);
    CHECK_OK(state_tree_set(t, &strange, &value));
    free(memory);
}

TEST(a_full_pool_refuses_and_changes_nothing)
{
    void *memory;
    struct state_tree *t = new_tree(LEAVES_MAX, 2 * KEYS, &memory);
    static struct twin w;
    struct hash value = { { 3 } }, before, after;
    twin_init(&w);
    for (unsigned i = 0; i < LEAVES_MAX; i++) {
        CHECK_OK(state_tree_set(t, &w.key[i], &value));
    }
    state_tree_root(t, &before);
    uint64_t mark = state_tree_mark(t);
    for (unsigned i = LEAVES_MAX; i < KEYS; i++) {
        CHECK_ERR(state_tree_set(t, &w.key[i], &value), ERR_NO_SPACE);
    }
    state_tree_root(t, &after);
    CHECK(hash_equal(&before, &after));
    CHECK_EQ(state_tree_mark(t), mark);
    CHECK_EQ(state_tree_count(t), LEAVES_MAX);
    CHECK_OK(state_tree_set(t, &w.key[5], NULL)); /* one out, one in, and back again */
    CHECK_OK(state_tree_set(t, &w.key[LEAVES_MAX], &value));
    state_tree_undo(t, mark);
    state_tree_root(t, &after);
    CHECK(hash_equal(&before, &after));
    free(memory);
}

TEST(an_arena_one_byte_too_small_is_refused_and_left_as_it_was)
{
    size_t size = state_tree_memory(10, 10);
    uint8_t *memory = malloc(size);
    struct state_tree *t = NULL;
    size_t refused = 0;
    for (size_t less = 64; less < size; less += 61) {
        struct arena arena = arena_over(memory, size - less);
        CHECK_ERR(state_tree_init(suite_intl(), 10, 10, &arena, &t), ERR_NO_SPACE);
        CHECK(t == NULL);
        CHECK_EQ(arena.used, 0);
        refused++;
    }
    CHECK(refused > 5);
    free(memory);
}

/* Every byte that a proof is made of, one at a time; of a long one, some byte of each sibling. */
static void check_flips(const struct hash *root, const struct hash *key, const struct hash *value,
                        struct state_proof *p)
{
    const struct suite *s = suite_intl();
    uint8_t *hashes[] = { p->other_key.b, p->other_value.b, p->sibling[0].b };
    const size_t sizes[] = { 32, 32, 32 * (size_t)p->count };
    for (unsigned part = 0; part < COUNT(hashes); part++) {
        size_t step = sizes[part] > 1024 ? 27 : 1;
        for (size_t i = 0; i < sizes[part]; i += step) {
            for (unsigned flip = 1; flip < 256; flip *= 16) {
                hashes[part][i] ^= (uint8_t)flip;
                CHECK_ERR(state_proof_verify(s, root, key, value, p), ERR_PROOF);
                hashes[part][i] ^= (uint8_t)flip;
            }
        }
    }
    for (unsigned bit = 0; bit < 32; bit++) {
        p->count ^= UINT32_C(1) << bit;
        CHECK_ERR(state_proof_verify(s, root, key, value, p), ERR_PROOF);
        p->count ^= UINT32_C(1) << bit;
    }
    p->present = !p->present;
    CHECK_ERR(state_proof_verify(s, root, key, value, p), ERR_PROOF);
    p->present = !p->present;
    p->other = !p->other;
    CHECK_ERR(state_proof_verify(s, root, key, value, p), ERR_PROOF);
    p->other = !p->other;
    struct hash bad_root = *root;
    bad_root.b[31] ^= 1;
    CHECK_ERR(state_proof_verify(s, &bad_root, key, value, p), ERR_PROOF);
    CHECK_OK(state_proof_verify(s, root, key, value, p));
}

TEST(formats_15_a_changed_byte_of_a_proof_is_refused)
{
    void *memory;
    struct state_tree *t = new_tree(LEAVES_MAX, JOURNAL_MAX, &memory);
    struct twin w;
    struct hash root;
    size_t present = 0, by_zero = 0, by_other = 0;
    twin_init(&w);
    for (unsigned i = 0; i < KEYS; i += 2) {
        w.present[i] = true;
        w.value[i].b[0] = (uint8_t)i;
        CHECK_OK(state_tree_set(t, &w.key[i], &w.value[i]));
    }
    state_tree_root(t, &root);
    for (unsigned i = 0; i < KEYS && !test_failing(); i++) {
        struct state_proof proof;
        state_tree_prove(t, &w.key[i], &proof);
        check_flips(&root, &w.key[i], w.present[i] ? &w.value[i] : NULL, &proof);
        present += proof.present;
        by_other += proof.other;
        by_zero += !proof.present && !proof.other;
    }
    CHECK(present > 0 && by_other > 0 && by_zero > 0);
    free(memory);
}

TEST(a_leaf_that_parts_from_the_key_before_the_walk_ends_shows_nothing)
{
    void *memory;
    struct state_tree *t = new_tree(4, 4, &memory);
    struct hash a = { { 0x00 } }, b = { { 0x40 } }, c = { { 0x80 } }, value = { { 1 } }, root;
    struct state_proof proof;
    CHECK_OK(state_tree_set(t, &a, &value));
    CHECK_OK(state_tree_set(t, &b, &value));
    CHECK_OK(state_tree_set(t, &c, &value));
    state_tree_root(t, &root);
    struct hash near_a = a;
    near_a.b[20] = 1;
    state_tree_prove(t, &near_a, &proof);
    CHECK(proof.other && hash_equal(&proof.other_key, &a));
    CHECK_OK(state_proof_verify(suite_intl(), &root, &near_a, NULL, &proof));
    CHECK_ERR(state_proof_verify(suite_intl(), &root, &b, NULL, &proof), ERR_PROOF);
    CHECK_ERR(state_proof_verify(suite_intl(), &root, &c, NULL, &proof), ERR_PROOF);
    CHECK_ERR(state_proof_verify(suite_intl(), &root, &a, NULL, &proof), ERR_PROOF);
    free(memory);
}

/* No honest tree has such a leaf in such a place; a proof does not get to say that one does. */
TEST(a_leaf_in_the_place_of_other_bits_shows_no_absence_even_under_its_root)
{
    struct hash key = { { 0x00 } }, sibling = { { 9 } }, root, leaf;
    struct state_proof proof;
    memset(&proof, 0, sizeof proof);
    proof.other = true;
    proof.other_key.b[0] = 0x80;
    proof.count = 1;
    proof.sibling[0] = sibling;
    twin_leaf(&proof.other_key, &proof.other_value, &leaf);
    twin_node(&leaf, &sibling, &root);
    CHECK_ERR(state_proof_verify(suite_intl(), &root, &key, NULL, &proof), ERR_PROOF);
    proof.other_key.b[0] = 0x40; /* shares the one bit walked */
    twin_leaf(&proof.other_key, &proof.other_value, &leaf);
    twin_node(&leaf, &sibling, &root);
    CHECK_OK(state_proof_verify(suite_intl(), &root, &key, NULL, &proof));
}
