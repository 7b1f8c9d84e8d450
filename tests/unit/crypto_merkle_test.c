#include "crypto/merkle.h"

#include "tests/test.h"

enum { LEAVES_MAX = 66 };
static const char TAG[] = "carnet/test/v1";

static void leaves_of(struct hash leaf[LEAVES_MAX])
{
    for (unsigned i = 0; i < LEAVES_MAX; i++) {
        merkle_leaf(suite_intl(), TAG, bytes_of(&i, sizeof i), &leaf[i]);
    }
}

static void plain(const uint8_t *x, size_t len, struct hash *out)
{
    hash_plain(suite_intl(), bytes_of(x, len), out);
}

/* RFC 9162 2.1.1 word for word: MTH({}) = HASH(), MTH(D_n) = HASH(0x01 || MTH(D[0:k]) ||
 * MTH(D[k:n])). */
static void naive_root(const struct hash *leaf, unsigned n, struct hash *out)
{
    if (n == 0) {
        plain(NULL, 0, out);
    } else if (n == 1) {
        *out = leaf[0];
    } else {
        unsigned k = 1;
        while (2 * k < n) {
            k *= 2;
        }
        uint8_t node[65] = { 1 };
        struct hash left, right;
        naive_root(leaf, k, &left);
        naive_root(leaf + k, n - k, &right);
        memcpy(node + 1, left.b, 32);
        memcpy(node + 33, right.b, 32);
        plain(node, sizeof node, out);
    }
}

/* RFC 9162 2.1.3.1, PATH(m, D_n); `side` collects on which side each sibling stands. */
static void naive_path(const struct hash *leaf, unsigned n, unsigned m, struct merkle_path *out,
                       uint64_t *side)
{
    if (n <= 1) {
        out->count = 0;
        *side = 0;
        return;
    }
    unsigned k = 1;
    while (2 * k < n) {
        k *= 2;
    }
    struct hash sibling;
    if (m < k) {
        naive_path(leaf, k, m, out, side);
        naive_root(leaf + k, n - k, &sibling);
    } else {
        naive_path(leaf + k, n - k, m - k, out, side);
        naive_root(leaf, k, &sibling);
        *side |= (uint64_t)1 << out->count;
    }
    out->sibling[out->count++] = sibling;
}

/* Python: H as in FORMATS 1, leaf = sha256(b'\0' + H(tag, data)). */
TEST(formats_15_a_leaf_is_0x00_and_the_tagged_hash)
{
    struct hash leaf, want;
    merkle_leaf(suite_intl(), "carnet/txleaf/v1", bytes_of_str("data"), &leaf);
    CHECK_OK(
        hash_from_hex("7ddf7bbf59ddde21968f792fc83152b1c48c3eec3f42d615ebec5591cc14fd7c", &want));
    CHECK_BYTES(bytes_of_hash(&leaf), bytes_of_hash(&want));
}

TEST(formats_15_the_empty_tree_is_the_hash_of_nothing)
{
    struct hash root, want;
    merkle_root(suite_intl(), NULL, 0, &root);
    CHECK_OK(
        hash_from_hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", &want));
    CHECK(hash_equal(&root, &want));
}

/* The tree heads of the Certificate Transparency reference implementation's eight inputs: its
 * leaves are hash(0x00 || input), so leaf hashes are made here without our tag. */
TEST(formats_15_nodes_give_the_published_tree_heads_of_certificate_transparency)
{
    static const char *const INPUT[] = { "",
                                         "00",
                                         "10",
                                         "2021",
                                         "3031",
                                         "40414243",
                                         "5051525354555657",
                                         "606162636465666768696a6b6c6d6e6f" };
    static const char *const HEAD[] = {
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    };
    struct hash leaf[8], root, want;
    for (unsigned i = 0; i < 8; i++) {
        uint8_t bytes[17] = { 0 };
        size_t len = 0;
        CHECK_OK(hex_decode(INPUT[i], strlen(INPUT[i]), bytes + 1, 16, &len));
        plain(bytes, len + 1, &leaf[i]);
        merkle_root(suite_intl(), leaf, i + 1, &root);
        CHECK_OK(hash_from_hex(HEAD[i], &want));
        CHECK_BYTES(bytes_of_hash(&root), bytes_of_hash(&want));
    }
}

TEST(formats_15_roots_are_those_of_the_recursive_definition)
{
    struct hash leaf[LEAVES_MAX], root, want;
    leaves_of(leaf);
    for (unsigned n = 0; n < LEAVES_MAX; n++) {
        merkle_root(suite_intl(), leaf, n, &root);
        naive_root(leaf, n, &want);
        CHECK_BYTES(bytes_of_hash(&root), bytes_of_hash(&want));
    }
}

TEST(formats_15_the_frontier_gives_the_root_of_what_was_appended)
{
    struct hash leaf[LEAVES_MAX], root, want;
    struct merkle_frontier f;
    leaves_of(leaf);
    merkle_frontier_init(&f);
    for (unsigned n = 0; n < LEAVES_MAX; n++) {
        CHECK_EQ(f.count, n);
        merkle_frontier_root(suite_intl(), &f, &root);
        naive_root(leaf, n, &want);
        CHECK(hash_equal(&root, &want));
        merkle_frontier_append(suite_intl(), &f, &leaf[n]);
    }
}

TEST(formats_15_every_leaf_of_every_tree_proves_its_place)
{
    struct hash leaf[LEAVES_MAX], root;
    struct merkle_path path, want;
    uint64_t side;
    leaves_of(leaf);
    for (unsigned n = 1; n < LEAVES_MAX; n++) {
        naive_root(leaf, n, &root);
        for (unsigned i = 0; i < n; i++) {
            merkle_prove(suite_intl(), leaf, n, i, &path);
            naive_path(leaf, n, i, &want, &side);
            CHECK_EQ(path.count, want.count);
            CHECK_BYTES(bytes_of(path.sibling, path.count * sizeof path.sibling[0]),
                        bytes_of(want.sibling, path.count * sizeof path.sibling[0]));
            CHECK_OK(merkle_verify(suite_intl(), &leaf[i], i, n, &path, &root));
        }
    }
}

static bool verifies(const struct hash *leaf, uint64_t i, uint64_t n, const struct merkle_path *p,
                     const struct hash *root)
{
    return merkle_verify(suite_intl(), leaf, i, n, p, root) == ERR_NONE;
}

/* The count is authenticated beside the root, not by the path: two counts for which a leaf's path
 * has the same sides verify alike (leaf 0 of 7 and of 8). Any other count or index is refused. */
TEST(formats_15_a_changed_index_or_count_is_refused_where_the_path_has_other_sides)
{
    struct hash leaf[LEAVES_MAX], root;
    struct merkle_path path, other;
    uint64_t side, other_side;
    size_t refused = 0;
    leaves_of(leaf);
    for (unsigned n = 1; n < 24; n++) {
        naive_root(leaf, n, &root);
        for (unsigned i = 0; i < n; i++) {
            naive_path(leaf, n, i, &path, &side);
            for (unsigned m = 0; m < 40; m++) {
                for (unsigned j = 0; j < 40; j++) {
                    bool same = j < m;
                    if (same) {
                        naive_path(leaf, m, j, &other, &other_side);
                        same = other.count == path.count && other_side == side;
                    }
                    CHECK_EQ(verifies(&leaf[i], j, m, &path, &root), same);
                    CHECK(!same || m != n || j == i); /* for one count, one index */
                    refused += !same;
                }
            }
        }
    }
    CHECK(refused > 0);
    CHECK(!verifies(&leaf[0], 1, 1, &(struct merkle_path){ .count = 0 }, &leaf[0]));
    CHECK(!verifies(&leaf[0], UINT64_MAX, UINT64_MAX, &path, &root));
    CHECK(!verifies(&leaf[0], UINT64_MAX - 1, UINT64_MAX, &path, &root));
}

TEST(formats_15_a_changed_byte_of_leaf_path_or_root_is_refused)
{
    struct hash leaf[LEAVES_MAX], root;
    struct merkle_path path;
    leaves_of(leaf);
    const unsigned n = 21;
    naive_root(leaf, n, &root);
    for (unsigned i = 0; i < n; i++) {
        merkle_prove(suite_intl(), leaf, n, i, &path);
        for (unsigned b = 0; b < path.count * 32U; b++) {
            path.sibling[b / 32].b[b % 32] ^= 1;
            CHECK(!verifies(&leaf[i], i, n, &path, &root));
            path.sibling[b / 32].b[b % 32] ^= 1;
        }
        for (unsigned b = 0; b < 32; b++) {
            struct hash bad = leaf[i], bad_root = root;
            bad.b[b] ^= 1;
            bad_root.b[b] ^= 1;
            CHECK(!verifies(&bad, i, n, &path, &root));
            CHECK(!verifies(&leaf[i], i, n, &path, &bad_root));
        }
        path.count--;
        CHECK(!verifies(&leaf[i], i, n, &path, &root));
        path.count += 2;
        CHECK(!verifies(&leaf[i], i, n, &path, &root));
        path.count = MERKLE_PATH_MAX + 1;
        CHECK(!verifies(&leaf[i], i, n, &path, &root));
    }
}

enum { MANY_LEAVES = 11 };

static size_t members(unsigned set, unsigned count, uint64_t *index)
{
    size_t n = 0;
    for (unsigned i = 0; i < count; i++) {
        if ((set >> i & 1) != 0) {
            index[n++] = i;
        }
    }
    return n;
}

TEST(formats_15_every_set_of_leaves_of_every_tree_proves_its_places_together)
{
    const struct suite *s = suite_intl();
    struct hash leaf[LEAVES_MAX];
    leaves_of(leaf);
    for (unsigned count = 1; count <= MANY_LEAVES; count++) {
        struct hash root;
        naive_root(leaf, count, &root);
        for (unsigned set = 1; set < 1U << count; set++) {
            uint64_t index[MANY_LEAVES];
            struct hash sibling[MANY_LEAVES], own[MANY_LEAVES];
            size_t n = members(set, count, index), siblings = 0;
            for (size_t i = 0; i < n; i++) {
                own[i] = leaf[index[i]];
            }
            CHECK_OK(merkle_prove_many(s, leaf, count, index, n, sibling, MANY_LEAVES, &siblings));
            CHECK(siblings + n <= count);
            CHECK_OK(merkle_verify_many(s, own, index, n, count, sibling, siblings, &root));
        }
    }
}

TEST(a_proof_of_several_leaves_that_is_bent_in_any_way_is_refused)
{
    const struct suite *s = suite_intl();
    struct hash leaf[LEAVES_MAX], root, sibling[MANY_LEAVES + 1], own[3];
    uint64_t index[3] = { 2, 3, 8 };
    size_t n = 0;
    leaves_of(leaf);
    merkle_root(s, leaf, MANY_LEAVES, &root);
    for (int i = 0; i < 3; i++) {
        own[i] = leaf[index[i]];
    }
    CHECK_OK(merkle_prove_many(s, leaf, MANY_LEAVES, index, 3, sibling, MANY_LEAVES, &n));
    CHECK_EQ(n, 4); /* 0-1, 4-7, 9, 10 */
    CHECK_ERR(merkle_prove_many(s, leaf, MANY_LEAVES, index, 3, sibling, 3, &n), ERR_NO_SPACE);
    CHECK_ERR(merkle_verify_many(s, own, index, 0, MANY_LEAVES, sibling, 4, &root), ERR_PROOF);
    CHECK_ERR(merkle_verify_many(s, own, index, 2, MANY_LEAVES, sibling, 4, &root), ERR_PROOF);
    CHECK_ERR(merkle_verify_many(s, own, index, 3, MANY_LEAVES, sibling, 3, &root), ERR_PROOF);
    CHECK_ERR(merkle_verify_many(s, own, index, 3, MANY_LEAVES, sibling, 5, &root), ERR_PROOF);
    /* The count stands beside the root and is signed with it: where one more leaf would stand in
     * the same last subtree, the siblings alone do not tell. */
    for (uint64_t count = 0; count < 2 * MANY_LEAVES; count++) {
        bool same = count == MANY_LEAVES || count == MANY_LEAVES + 1;
        CHECK_ERR(merkle_verify_many(s, own, index, 3, count, sibling, 4, &root),
                  same ? ERR_NONE : ERR_PROOF);
    }
    for (int i = 0; i < 3; i++) {
        for (uint64_t other = 0; other < MANY_LEAVES + 2; other++) {
            uint64_t before = index[i];
            index[i] = other;
            CHECK_ERR(merkle_verify_many(s, own, index, 3, MANY_LEAVES, sibling, 4, &root),
                      other == before ? ERR_NONE : ERR_PROOF);
            index[i] = before;
        }
        own[i].b[7] ^= 1;
        CHECK_ERR(merkle_verify_many(s, own, index, 3, MANY_LEAVES, sibling, 4, &root), ERR_PROOF);
        own[i].b[7] ^= 1;
    }
    for (int i = 0; i < 4; i++) {
        sibling[i].b[31] ^= 1;
        CHECK_ERR(merkle_verify_many(s, own, index, 3, MANY_LEAVES, sibling, 4, &root), ERR_PROOF);
        sibling[i].b[31] ^= 1;
    }
}
