#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/keyfile.h"
#include "node/seat_keys_internal.h"
#include "tests/fixtures/space_fixture.h"
#include "tests/test.h"

/* One node of a space that stands still: its keys on disk, and what it makes of them. */
static struct space sp;
static struct node *node;

enum { OLD = 0x0d, NEW = 0x0e };

static struct epoch_seed seed_of(uint8_t fill, uint64_t epoch)
{
    struct epoch_seed seed = { 0 };
    memset(seed.seed, fill, sizeof seed.seed);
    epoch_seed_advance(sp.suite, &seed, epoch);
    return seed;
}

static void path_of(const char *name, char out[160])
{
    (void)snprintf(out, 160, "%s/keys/%s", sp.dir, name);
}

static void put_file(const char *name, struct bytes x)
{
    char path[160];
    path_of(name, path);
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(x.ptr, 1, x.len, f) != x.len || fclose(f) != 0) {
        abort();
    }
}

static void put_keys(const char *name, struct epoch_seed seed, const char *passphrase)
{
    uint8_t file[KEYFILE_SIZE_MAX];
    size_t len;
    struct keystore k;
    struct disk disk;
    space_must(disk_open(sp.dir, disk_calls_posix(), &disk), "folder");
    space_must(keystore_open(&k, &disk, 0, bytes_of_str("secret")), "key file");
    k.keys->seed = seed;
    space_must(node_keys_seal(k.keys, bytes_of_str(passphrase), file, &len), "sealed");
    put_file(name, bytes_of(file, len));
    keystore_close(&k);
    disk_close(&disk);
}

static bool there(const char *name)
{
    char path[160];
    path_of(name, path);
    return access(path, F_OK) == 0;
}

static void take_away(const char *name)
{
    char path[160];
    path_of(name, path);
    if (unlink(path) != 0) {
        abort();
    }
}

/* What the key file holds now. */
static struct epoch_seed seed_on_disk(void)
{
    struct keystore k;
    struct disk disk;
    space_must(disk_open(sp.dir, disk_calls_posix(), &disk), "folder");
    space_must(keystore_open(&k, &disk, 0, bytes_of_str("secret")), "key file");
    struct epoch_seed seed = k.keys->seed;
    keystore_close(&k);
    disk_close(&disk);
    return seed;
}

static bool same_seed(struct epoch_seed a, struct epoch_seed b)
{
    return a.epoch == b.epoch && memcmp(a.seed, b.seed, sizeof a.seed) == 0;
}

static void start(void)
{
    char why[NODE_WHY_SIZE];
    struct node_options o = { .dir = sp.dir, .index = 0, .passphrase = bytes_of_str("secret") };
    space_must(node_open(&o, &node, why), why);
}

static void stop(void)
{
    node_close(node);
    node = NULL;
}

/* A space whose seat 0 has the root of sp.seed[0]; the key file of its node has another seed, whose
 * leaves nobody can make any more: so the seat has been given the keys that come. */
static void seat_has_other_keys(void)
{
    space_make(&sp, 4, 4, log_now_ms());
    put_keys("node-0.key", seed_of(OLD, 5), "secret");
}

static bool leads_to_the_seat(const struct hash *leaves)
{
    struct hash root;
    merkle_root(sp.suite, leaves, 1 << SPACE_KEY_LOG2, &root);
    return hash_equal(&root, &sp.genesis.seat[0].root);
}

TEST(formats_13_new_keys_take_the_place_of_the_old_ones_once_they_sign)
{
    seat_has_other_keys();
    put_keys("node-0-next.key", sp.seed[0], "secret");
    start();
    CHECK(keystore_has_next(&node->keystore));
    CHECK(leads_to_the_seat(node->next_leaves));
    CHECK(same_seed(seed_on_disk(), seed_of(OLD, 5)));
    seat_keys_tick(node);
    CHECK(!keystore_has_next(&node->keystore));
    CHECK(leads_to_the_seat(node->epoch_leaves));
    CHECK(!there("node-0-next.key"));
    CHECK(same_seed(seed_on_disk(), sp.seed[0]));
    stop();
    start(); /* from the key file and the leaves alone */
    CHECK(!keystore_has_next(&node->keystore));
    CHECK(leads_to_the_seat(node->epoch_leaves));
    stop();
    space_drop(&sp);
}

TEST(keys_that_nobody_decided_on_wait_and_the_old_ones_stay)
{
    space_make(&sp, 4, 4, log_now_ms());
    put_keys("node-0-next.key", seed_of(NEW, 0), "secret");
    start();
    seat_keys_tick(node);
    CHECK(keystore_has_next(&node->keystore));
    CHECK(there("node-0-next.key"));
    CHECK(leads_to_the_seat(node->epoch_leaves));
    CHECK(!leads_to_the_seat(node->next_leaves));
    CHECK(same_seed(seed_on_disk(), sp.seed[0]));
    stop();
    space_drop(&sp);
}

TEST(keys_that_come_while_the_node_runs_are_taken_up)
{
    space_make(&sp, 4, 4, log_now_ms());
    start();
    seat_keys_tick(node);
    CHECK(!keystore_has_next(&node->keystore));
    put_keys("node-0-next.key", seed_of(NEW, 0), "secret");
    seat_keys_tick(node);
    CHECK(keystore_has_next(&node->keystore));
    CHECK(!node->stopping);
    stop();
    space_drop(&sp);
}

TEST(keys_that_come_after_their_committee_began_are_used_from_a_start_on)
{
    seat_has_other_keys();
    start();
    seat_keys_tick(node);
    CHECK(!node->stopping);
    put_keys("node-0-next.key", sp.seed[0], "secret");
    seat_keys_tick(node);
    CHECK(node->stopping);
    CHECK_EQ(node->exit_code, 6);
    stop();
    start();
    seat_keys_tick(node);
    CHECK(!node->stopping);
    CHECK(same_seed(seed_on_disk(), sp.seed[0]));
    stop();
    space_drop(&sp);
}

TEST(a_file_that_is_no_new_keys_is_left_alone_and_the_node_runs)
{
    space_make(&sp, 4, 4, log_now_ms());
    put_file("node-0-next.key", bytes_of_str("not a key file"));
    start();
    CHECK(!keystore_has_next(&node->keystore));
    put_keys("node-0-next.key", seed_of(NEW, 0), "another"); /* refused once: not tried each tick */
    seat_keys_tick(node);
    CHECK(node->next_refused);
    take_away("node-0-next.key");
    seat_keys_tick(node);
    CHECK(!node->next_refused);
    put_keys("node-0-next.key", seed_of(NEW, 0), "another");
    seat_keys_tick(node);
    CHECK(node->next_refused);
    take_away("node-0-next.key");
    seat_keys_tick(node);
    put_keys("node-0-next.key", seed_of(NEW, 1), "secret"); /* has been used */
    seat_keys_tick(node);
    CHECK(node->next_refused);
    CHECK(!keystore_has_next(&node->keystore));
    CHECK(there("node-0-next.key"));
    CHECK(leads_to_the_seat(node->epoch_leaves));
    stop();
    space_drop(&sp);
}

static unsigned renames_left;

static int failing_rename(void *ctx, int folder, const char *from, const char *to)
{
    const struct disk_calls *real = disk_calls_posix();
    (void)ctx;
    if (renames_left == 0) {
        errno = ENOSPC;
        return -1;
    }
    renames_left--;
    return real->rename(real->ctx, folder, from, to);
}

/* The leaves, then the key file; then the other file goes, which is the third place below. */
TEST(wherever_taking_over_breaks_off_the_next_start_has_keys_for_the_seat_and_ends_it)
{
    struct disk_calls failing = *disk_calls_posix();
    failing.rename = failing_rename;
    for (unsigned n = 0; n < 3; n++) {
        seat_has_other_keys();
        put_keys("node-0-next.key", sp.seed[0], "secret");
        start();
        if (n < 2) {
            node->disk.calls = node->root.calls = &failing;
        }
        renames_left = n;
        seat_keys_tick(node);
        CHECK_EQ(keystore_has_next(&node->keystore), n < 2);
        CHECK(n < 2 || !there("node-0-next.key"));
        if (n == 2) {
            put_keys("node-0-next.key", sp.seed[0], "secret");
        }
        node->disk.calls = node->root.calls = disk_calls_posix();
        stop();
        start();
        CHECK(leads_to_the_seat(node->epoch_leaves) || leads_to_the_seat(node->next_leaves));
        seat_keys_tick(node);
        CHECK(leads_to_the_seat(node->epoch_leaves));
        CHECK(same_seed(seed_on_disk(), sp.seed[0]));
        CHECK(!there("node-0-next.key"));
        stop();
        space_drop(&sp);
    }
}

static void put_leaves(const struct hash leaf[1 << SPACE_KEY_LOG2])
{
    put_file("node-0.leaves", bytes_of(leaf, sizeof(struct hash) << SPACE_KEY_LOG2));
}

TEST(leaves_of_another_tree_than_the_key_files_are_not_used)
{
    struct hash leaf[1 << SPACE_KEY_LOG2], root;
    struct epoch_seed old;
    seat_has_other_keys();
    start();
    stop();
    old = seed_of(OLD, 0);
    epoch_key_generate(sp.suite, old.seed, SPACE_KEY_LOG2, leaf, &root);
    put_leaves(leaf);
    start(); /* the key file's own: they hold, though the seat has other keys */
    CHECK(hash_equal(&node->epoch_leaves[5], &leaf[5]));
    stop();
    old = seed_of(NEW, 0);
    epoch_key_generate(sp.suite, old.seed, SPACE_KEY_LOG2, leaf, &root);
    put_leaves(leaf);
    start();
    CHECK(!hash_equal(&node->epoch_leaves[5], &leaf[5]));
    stop();
    space_drop(&sp);
}

TEST(leaves_that_are_damaged_while_the_first_seed_is_there_are_made_again)
{
    struct hash leaf[1 << SPACE_KEY_LOG2], root;
    space_make(&sp, 4, 4, log_now_ms());
    start();
    stop();
    epoch_key_generate(sp.suite, sp.seed[0].seed, SPACE_KEY_LOG2, leaf, &root);
    leaf[9].b[3] ^= 1; /* not the one that is checked by its key */
    put_leaves(leaf);
    start();
    CHECK(leads_to_the_seat(node->epoch_leaves));
    stop();
    space_drop(&sp);
}
