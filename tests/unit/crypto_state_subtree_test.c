#include "crypto/state_tree.h"
#include "tests/test.h"

#include <stdlib.h>

static uint32_t draw(uint64_t *x)
{
    *x = *x * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*x >> 33);
}

static int by_key(const void *a, const void *b)
{
    const struct state_leaf *x = a, *y = b;
    return memcmp(x->key.b, y->key.b, HASH_SIZE);
}

/* Keys that often share long prefixes, cut at every depth to 10, against the tree itself. */
TEST(formats_15_the_subtrees_of_any_cut_join_to_the_root_of_the_tree)
{
    enum { LEAVES = 200, DEPTHS = 10, MEMORY = 1 << 20 };
    static uint8_t memory[MEMORY];
    static struct state_subtree part[1 << DEPTHS];
    for (uint64_t seed = 1; seed < 60; seed++) {
        struct arena a = arena_over(memory, MEMORY);
        struct state_tree *t;
        struct state_leaf leaf[LEAVES];
        struct hash want, got;
        uint64_t x = seed;
        uint32_t count = seed < 8 ? (uint32_t)seed - 1 : draw(&x) % LEAVES;
        memset(leaf, 0, sizeof leaf);
        CHECK_OK(state_tree_init(suite_intl(), LEAVES, LEAVES, &a, &t));
        for (uint32_t i = 0; i < count; i++) {
            leaf[i].key.b[0] = (uint8_t)(draw(&x) % 2 == 0 ? draw(&x) : 0x40);
            leaf[i].key.b[1] = (uint8_t)draw(&x);
            leaf[i].key.b[i % HASH_SIZE] ^= (uint8_t)(1 + i);
            leaf[i].key.b[31] = (uint8_t)i;
            leaf[i].value.b[0] = (uint8_t)draw(&x);
            CHECK_OK(state_tree_set(t, &leaf[i].key, &leaf[i].value));
        }
        state_tree_root(t, &want);
        qsort(leaf, count, sizeof *leaf, by_key);
        for (unsigned depth = 0; depth <= DEPTHS; depth++) {
            uint32_t at = 0;
            for (uint32_t p = 0; p < 1U << depth; p++) {
                uint32_t n = 0;
                while (at + n < count &&
                       (uint32_t)(leaf[at + n].key.b[0] << 8 | leaf[at + n].key.b[1]) >>
                               (16 - depth) ==
                           p) {
                    n++;
                }
                CHECK_OK(state_subtree_root(suite_intl(), &leaf[at], n, depth, &part[p].root));
                part[p].single = n == 1;
                at += n;
            }
            CHECK_EQ(at, count);
            state_subtrees_join(suite_intl(), part, depth, &got);
            CHECK(hash_equal(&got, &want));
        }
    }
}

TEST(a_subtree_of_leaves_out_of_order_or_of_two_subtrees_is_refused)
{
    struct state_leaf leaf[2] = { { .key = { { 0x10 } } }, { .key = { { 0x20 } } } };
    struct hash root;
    CHECK_OK(state_subtree_root(suite_intl(), leaf, 2, 2, &root));
    CHECK_ERR(state_subtree_root(suite_intl(), leaf, 2, 3, &root), ERR_RANGE);
    leaf[1].key = leaf[0].key;
    CHECK_ERR(state_subtree_root(suite_intl(), leaf, 2, 0, &root), ERR_RANGE);
    leaf[0].key.b[0] = 0x30;
    CHECK_ERR(state_subtree_root(suite_intl(), leaf, 2, 0, &root), ERR_RANGE);
}
