#include "crypto/epoch_key.h"

#include <time.h>

#include "tests/test.h"

enum { LOG2 = 5, COUNT_OF_KEYS = 1 << LOG2 };
static const uint8_t FIRST[SUITE_SECRET_SIZE] = { 1, 2, 3 };

/* Python: seed1 = H(b'carnet/epoch-seed/v1', seed0), sign0 = H(b'carnet/epoch-sign/v1', seed0). */
TEST(formats_13_seeds_and_signing_seeds_are_tagged_hashes_of_the_chain)
{
    struct epoch_seed seed = { .epoch = 0 };
    uint8_t sign[32];
    struct hash want;
    memcpy(seed.seed, FIRST, sizeof FIRST);
    epoch_key_secret(suite_intl(), &seed, 0, sign);
    CHECK_OK(
        hash_from_hex("4882976e77ab05e356f3a04b18fdd73e0c72cb6e8bc152a894eb88b2b29be22b", &want));
    CHECK_BYTES(bytes_of(sign, 32), bytes_of_hash(&want));
    epoch_seed_advance(suite_intl(), &seed, 3);
    CHECK_EQ(seed.epoch, 3);
    CHECK_OK(
        hash_from_hex("d42f0f5fc753694b1599415d4766f4d16522952228d920fdf5ac659c271bb824", &want));
    CHECK_BYTES(bytes_of(seed.seed, 32), bytes_of_hash(&want));
}

TEST(formats_13_the_seats_key_is_the_root_over_all_epoch_keys)
{
    const struct suite *s = suite_intl();
    struct hash leaf[COUNT_OF_KEYS], root, want[COUNT_OF_KEYS], want_root;
    struct epoch_seed seed = { .epoch = 0 };
    memcpy(seed.seed, FIRST, sizeof FIRST);
    epoch_key_generate(s, FIRST, LOG2, leaf, &root);
    for (uint64_t e = 0; e < COUNT_OF_KEYS; e++) {
        uint8_t key[32];
        epoch_key_public(s, &seed, e, key);
        merkle_leaf(s, "carnet/epoch-key/v1", bytes_of(key, 32), &want[e]);
        CHECK(hash_equal(&leaf[e], &want[e]));
    }
    merkle_root(s, want, COUNT_OF_KEYS, &want_root);
    CHECK(hash_equal(&root, &want_root));
}

TEST(formats_13_a_key_verifies_in_its_epoch_only)
{
    const struct suite *s = suite_intl();
    struct hash leaf[COUNT_OF_KEYS], root;
    struct merkle_path path;
    struct epoch_seed seed = { .epoch = 0 };
    uint8_t key[32], secret[32], signature[64];
    memcpy(seed.seed, FIRST, sizeof FIRST);
    epoch_key_generate(s, FIRST, LOG2, leaf, &root);
    for (uint64_t e = 0; e < COUNT_OF_KEYS; e++) {
        epoch_seed_advance(s, &seed, e); /* from an advanced seed too */
        epoch_key_public(s, &seed, e, key);
        epoch_key_secret(s, &seed, e, secret);
        s->sign(s->ctx, secret, bytes_of_str("vote"), signature);
        CHECK(s->verify(s->ctx, bytes_of(key, 32), bytes_of_str("vote"), bytes_of(signature, 64)));
        merkle_prove(s, leaf, COUNT_OF_KEYS, e, &path);
        CHECK_EQ(path.count, LOG2);
        for (uint64_t at = 0; at <= COUNT_OF_KEYS; at++) {
            CHECK_ERR(epoch_key_verify(s, &root, LOG2, at, bytes_of(key, 32), &path),
                      at == e ? ERR_NONE : ERR_PROOF);
        }
        CHECK_ERR(epoch_key_verify(s, &root, LOG2, e, bytes_of(key, 31), &path), ERR_PROOF);
        key[7] ^= 1;
        CHECK_ERR(epoch_key_verify(s, &root, LOG2, e, bytes_of(key, 32), &path), ERR_PROOF);
    }
    CHECK_ERR(epoch_key_verify(s, &root, LOG2, UINT64_MAX, bytes_of(key, 32), &path), ERR_PROOF);
}

TEST(formats_13_an_advanced_seed_is_all_that_is_left)
{
    struct epoch_seed seed = { .epoch = 0 }, walked = { .epoch = 0 };
    memcpy(seed.seed, FIRST, sizeof FIRST);
    memcpy(walked.seed, FIRST, sizeof FIRST);
    epoch_seed_advance(suite_intl(), &seed, 9);
    for (uint64_t e = 1; e <= 9; e++) {
        epoch_seed_advance(suite_intl(), &walked, e);
    }
    CHECK_BYTES(bytes_of(seed.seed, 32), bytes_of(walked.seed, 32));
    epoch_seed_advance(suite_intl(), &walked, 9); /* to where it is: nothing moves */
    CHECK_BYTES(bytes_of(seed.seed, 32), bytes_of(walked.seed, 32));
    CHECK(memcmp(seed.seed, FIRST, 32) != 0);
}

TEST(formats_13_4096_keys_are_generated_in_well_under_a_second)
{
    static struct hash leaf[1 << EPOCH_KEY_LOG2];
    struct hash root;
    clock_t start = clock();
    epoch_key_generate(suite_intl(), FIRST, EPOCH_KEY_LOG2, leaf, &root);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    printf("# %.0f ms of processor time\n", seconds * 1000);
    CHECK(seconds < 10); /* room for sanitizers on a busy machine; the figure above is the claim */
    CHECK(!hash_is_zero(&root));
}
