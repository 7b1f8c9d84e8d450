#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/keyfile.h"
#include "node/node_internal.h"
#include "tests/fixtures/space_fixture.h"
#include "tests/test.h"

/* Leaves of a seat's key tree: made in the first epoch, and what becomes of them after it. */

static struct space sp;
static char beside_key[160], in_space[256], spaces[160];
enum { SELF = 1, LEAVES_SIZE = sizeof(struct hash) << SPACE_KEY_LOG2 };

/* A start and a stop: whether the node had its leaves. */
static bool has_leaves(void)
{
    char why[NODE_WHY_SIZE];
    struct node *node = NULL;
    struct node_options o = { .dir = sp.dir, .index = SELF, .passphrase = bytes_of_str("secret") };
    enum err e = node_open(&o, &node, why);
    if (e != ERR_NONE) {
        test_fail(__FILE__, __LINE__, why);
        return false;
    }
    struct hash root;
    merkle_root(sp.suite, node->epoch_leaves, 1 << SPACE_KEY_LOG2, &root);
    node_close(node);
    return hash_equal(&root, &sp.seat[SELF].root);
}

/* The key file as it is in epoch 2: no secret of an earlier one is there. */
static void leave_first_epoch(void)
{
    struct disk disk;
    struct keystore k;
    CHECK_OK(disk_open(sp.dir, disk_calls_posix(), &disk));
    CHECK_OK(keystore_open(&k, &disk, SELF, bytes_of_str("secret")));
    epoch_seed_advance(sp.suite, &k.keys->seed, 2);
    CHECK_OK(keystore_save(&k));
    keystore_close(&k);
    disk_close(&disk);
}

/* A node that has run in the first epoch. */
static void begin(void)
{
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    space_make(&sp, 4, 4, log_now_ms());
    hex_encode(bytes_of_hash(&sp.genesis.space), hex);
    (void)snprintf(beside_key, sizeof beside_key, "%s/keys/node-%d.leaves", sp.dir, SELF);
    (void)snprintf(spaces, sizeof spaces, "%s/node-%d/spaces", sp.dir, SELF);
    (void)snprintf(in_space, sizeof in_space, "%s/%s/epoch-leaves", spaces, hex);
    CHECK(has_leaves());
}

static bool leads_to_the_seat(const char *path)
{
    uint8_t *file = NULL;
    size_t len = 0;
    static struct hash leaf[1 << SPACE_KEY_LOG2];
    struct hash root = { { 0 } };
    if (test_read_file(path, &file, &len) && len == LEAVES_SIZE) {
        memcpy(leaf, file, len);
        merkle_root(sp.suite, leaf, 1 << SPACE_KEY_LOG2, &root);
    }
    free(file);
    return hash_equal(&root, &sp.seat[SELF].root);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

TEST(leaves_lie_beside_the_key_and_outlive_the_folder_of_the_space)
{
    begin();
    leave_first_epoch();
    CHECK(leads_to_the_seat(beside_key));
    CHECK_EQ(access(in_space, F_OK), -1);
    CHECK_EQ(nftw(spaces, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    CHECK(has_leaves());
    space_drop(&sp);
}

TEST(leaves_that_an_earlier_release_left_in_the_space_are_copied_beside_the_key)
{
    begin();
    leave_first_epoch();
    CHECK_EQ(rename(beside_key, in_space), 0);
    CHECK(has_leaves());
    CHECK(leads_to_the_seat(beside_key));
    CHECK(leads_to_the_seat(in_space)); /* the earlier release may run again */
    CHECK_EQ(nftw(spaces, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    CHECK(has_leaves());
    space_drop(&sp);
}

TEST(leaves_that_are_gone_short_or_another_seats_are_none)
{
    begin();
    leave_first_epoch();
    FILE *f = fopen(beside_key, "r+b");
    CHECK(f != NULL && fputc(0x5e, f) == 0x5e && fclose(f) == 0);
    CHECK(!has_leaves());
    CHECK_EQ(truncate(beside_key, LEAVES_SIZE - 1), 0);
    CHECK(!has_leaves());
    CHECK_EQ(unlink(beside_key), 0);
    CHECK(!has_leaves());
    CHECK_EQ(access(beside_key, F_OK), -1); /* nothing false is written in their place */
    space_drop(&sp);
}

TEST(leaves_that_are_damaged_in_the_first_epoch_are_made_again)
{
    begin();
    CHECK_EQ(truncate(beside_key, 7), 0);
    CHECK(has_leaves());
    CHECK(leads_to_the_seat(beside_key));
    space_drop(&sp);
}
