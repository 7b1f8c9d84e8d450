#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/keyfile.h"
#include "crypto/secret.h"
#include "node/disk_internal.h"
#include "node/keystore_internal.h"
#include "tests/test.h"

static char folder[64];
static struct disk disk;

static struct node_keys some_keys(uint64_t epoch)
{
    struct node_keys k = { .seed = { .epoch = epoch }, .transport_len = 138 };
    memset(k.seed.seed, 0x5e, sizeof k.seed.seed);
    memset(k.transport, 0x7a, k.transport_len);
    return k;
}

static void put_file(const struct node_keys *k)
{
    uint8_t file[KEYFILE_SIZE_MAX];
    size_t len = 0;
    struct storage s = disk_storage(&disk);
    if (node_keys_seal(k, bytes_of_str("secret"), file, &len) != ERR_NONE ||
        s.replace(s.ctx, "keys/node-7.key", bytes_of(file, len)) != ERR_NONE) {
        abort();
    }
}

static void open_folder(void)
{
    test_folder("keys", folder);
    if (secret_init() != ERR_NONE || disk_open(folder, disk_calls_posix(), &disk) != ERR_NONE ||
        disk_folder(&disk, "keys") != ERR_NONE) {
        abort();
    }
}

static void drop_folder(void)
{
    disk_close(&disk);
}

TEST(a_key_file_opens_with_its_passphrase_and_no_other)
{
    struct keystore k;
    struct node_keys keys = some_keys(3);
    open_folder();
    CHECK_ERR(keystore_open(&k, &disk, 7, bytes_of_str("secret")), ERR_NOT_FOUND);
    put_file(&keys);
    CHECK_ERR(keystore_open(&k, &disk, 7, bytes_of_str("Secret")), ERR_PASSPHRASE);
    CHECK_OK(keystore_open(&k, &disk, 7, bytes_of_str("secret")));
    CHECK_EQ(k.keys->seed.epoch, 3);
    CHECK(memcmp(k.keys->seed.seed, keys.seed.seed, SUITE_SECRET_SIZE) == 0);
    CHECK_BYTES(bytes_of(k.keys->transport, k.keys->transport_len),
                bytes_of(keys.transport, keys.transport_len));
    keystore_close(&k);
    drop_folder();
}

TEST(formats_13_once_the_seed_has_moved_the_file_holds_the_new_one_only)
{
    struct keystore k;
    struct node_keys keys = some_keys(0);
    uint8_t before[SUITE_SECRET_SIZE];
    open_folder();
    put_file(&keys);
    CHECK_OK(keystore_open(&k, &disk, 7, bytes_of_str("secret")));
    memcpy(before, k.keys->seed.seed, sizeof before);
    CHECK_OK(keystore_save(&k)); /* nothing moved: nothing is written */
    epoch_seed_advance(suite_intl(), &k.keys->seed, 2);
    CHECK_OK(keystore_save(&k));
    keystore_close(&k);
    CHECK_OK(keystore_open(&k, &disk, 7, bytes_of_str("secret")));
    CHECK_EQ(k.keys->seed.epoch, 2);
    CHECK(memcmp(k.keys->seed.seed, before, sizeof before) != 0);
    keystore_close(&k);
    drop_folder();
}

static void put_next(uint64_t epoch, const char *passphrase)
{
    uint8_t file[KEYFILE_SIZE_MAX];
    size_t len = 0;
    struct node_keys next = some_keys(epoch);
    struct storage s = disk_storage(&disk);
    memset(next.seed.seed, 0x6e, sizeof next.seed.seed);
    memset(next.transport, 0x7b, next.transport_len); /* of the day it was made */
    if (node_keys_seal(&next, bytes_of_str(passphrase), file, &len) != ERR_NONE ||
        s.replace(s.ctx, "keys/node-7-next.key", bytes_of(file, len)) != ERR_NONE) {
        abort();
    }
}

TEST(new_keys_lie_beside_the_old_ones_until_they_take_their_place)
{
    struct keystore k;
    struct node_keys keys = some_keys(3);
    open_folder();
    put_file(&keys);
    CHECK_OK(keystore_open(&k, &disk, 7, bytes_of_str("secret")));
    CHECK(!keystore_next_waits(&k));
    CHECK_ERR(keystore_open_next(&k), ERR_NOT_FOUND);
    put_next(0, "Secret");
    CHECK(keystore_next_waits(&k));
    CHECK_ERR(keystore_open_next(&k), ERR_PASSPHRASE);
    put_next(1, "secret");
    CHECK_ERR(keystore_open_next(&k), ERR_STATE);
    CHECK(!keystore_has_next(&k));
    put_next(0, "secret");
    CHECK_OK(keystore_open_next(&k));
    CHECK(keystore_has_next(&k));
    epoch_seed_advance(suite_intl(), &k.next->seed, 4);
    CHECK_OK(keystore_take_next(&k));
    CHECK_EQ(k.saved_epoch, 4);
    CHECK(!keystore_has_next(&k));
    CHECK(memcmp(k.next->seed.seed, keys.seed.seed, SUITE_SECRET_SIZE) != 0);
    CHECK_OK(keystore_drop_next(&k));
    CHECK(!keystore_next_waits(&k));
    struct epoch_seed seed = k.keys->seed;
    keystore_close(&k);
    CHECK_OK(keystore_open(&k, &disk, 7, bytes_of_str("secret")));
    CHECK_EQ(k.keys->seed.epoch, 4);
    CHECK(memcmp(k.keys->seed.seed, seed.seed, SUITE_SECRET_SIZE) == 0);
    CHECK_BYTES(bytes_of(k.keys->transport, k.keys->transport_len),
                bytes_of(keys.transport, keys.transport_len));
    keystore_close(&k);
    drop_folder();
}

TEST(what_is_no_node_key_file_is_refused)
{
    struct keystore k;
    struct storage s;
    uint8_t file[KEYFILE_SIZE_MAX];
    size_t len = 0;
    open_folder();
    s = disk_storage(&disk);
    CHECK_OK(s.replace(s.ctx, "keys/node-7.key", bytes_of_str("not a key file")));
    CHECK_ERR(keystore_open(&k, &disk, 7, bytes_of_str("secret")), ERR_ENCODING);
    CHECK_OK(
        keyfile_seal(KEYFILE_KIND_CA, bytes_of_str("secret"), bytes_of(folder, 64), file, &len));
    CHECK_OK(s.replace(s.ctx, "keys/node-7.key", bytes_of(file, len)));
    CHECK_ERR(keystore_open(&k, &disk, 7, bytes_of_str("secret")), ERR_STATE);
    CHECK_OK(keyfile_seal(KEYFILE_KIND_NODE, bytes_of_str("secret"), bytes_of(folder, 40), file,
                          &len)); /* a seed and no transport key */
    CHECK_OK(s.replace(s.ctx, "keys/node-7.key", bytes_of(file, len)));
    CHECK_ERR(keystore_open(&k, &disk, 7, bytes_of_str("secret")), ERR_ENCODING);
    drop_folder();
}
