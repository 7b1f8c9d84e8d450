#include "node/keystore_internal.h"

#include <stdio.h>
#include <string.h>

#include "crypto/keyfile.h"
#include "crypto/secret.h"
#include "node/disk_internal.h"

enum { KEYSTORE_FIXED = 8 + SUITE_SECRET_SIZE };

enum err node_keys_seal(const struct node_keys *keys, struct bytes passphrase, uint8_t *out,
                        size_t *out_len)
{
    uint8_t *plain = secret_alloc(KEYFILE_PLAIN_SIZE_MAX);
    if (plain == NULL) {
        return ERR_NO_SPACE;
    }
    struct buf b = buf_over(plain, KEYFILE_PLAIN_SIZE_MAX);
    buf_put_u64(&b, keys->seed.epoch);
    buf_put(&b, bytes_of(keys->seed.seed, SUITE_SECRET_SIZE));
    buf_put(&b, bytes_of(keys->transport, keys->transport_len));
    enum err e = buf_done(&b);
    if (e == ERR_NONE) {
        e = keyfile_seal(KEYFILE_KIND_NODE, passphrase, buf_bytes(&b), out, out_len);
    }
    secret_free(plain);
    return e;
}

static enum err read_plain(struct bytes plain, struct node_keys *out)
{
    struct reader r = reader_over(plain);
    if (plain.len <= KEYSTORE_FIXED || plain.len > KEYSTORE_FIXED + sizeof out->transport) {
        return ERR_ENCODING;
    }
    out->seed.epoch = reader_u64(&r);
    memcpy(out->seed.seed, reader_take(&r, SUITE_SECRET_SIZE).ptr, SUITE_SECRET_SIZE);
    out->transport_len = r.left;
    memcpy(out->transport, r.ptr, r.left);
    return ERR_NONE;
}

enum err node_keys_open(struct bytes file, struct bytes passphrase, struct node_keys *out)
{
    uint8_t *plain = secret_alloc(KEYFILE_PLAIN_SIZE_MAX);
    size_t len = 0;
    if (plain == NULL) {
        return ERR_NO_SPACE;
    }
    enum err e =
        keyfile_open(KEYFILE_KIND_NODE, passphrase, file, plain, KEYFILE_PLAIN_SIZE_MAX, &len);
    if (e == ERR_NONE) {
        e = read_plain(bytes_of(plain, len), out);
    }
    secret_free(plain);
    return e;
}

enum err keystore_open(struct keystore *k, struct disk *disk, uint32_t index,
                       struct bytes passphrase)
{
    uint8_t file[KEYFILE_SIZE_MAX];
    size_t len = 0;
    memset(k, 0, sizeof *k);
    k->disk = disk;
    (void)snprintf(k->name, sizeof k->name, "keys/node-%u.key", index);
    (void)snprintf(k->next_name, sizeof k->next_name, "keys/node-%u-next.key", index);
    struct storage s = disk_storage(disk);
    TRY(s.read(s.ctx, k->name, 0, file, sizeof file, &len));
    if (passphrase.len > KEYFILE_PASSPHRASE_SIZE_MAX) {
        return ERR_PASSPHRASE;
    }
    k->keys = secret_alloc(sizeof *k->keys);
    k->next = secret_alloc(sizeof *k->next);
    k->passphrase = secret_alloc(passphrase.len + 1);
    if (k->keys == NULL || k->next == NULL || k->passphrase == NULL) {
        keystore_close(k);
        return ERR_NO_SPACE;
    }
    secret_wipe(k->next, sizeof *k->next);
    memcpy(k->passphrase, passphrase.ptr == NULL ? (const void *)"" : passphrase.ptr,
           passphrase.len);
    k->passphrase_len = passphrase.len;
    enum err e = node_keys_open(bytes_of(file, len), passphrase, k->keys);
    if (e != ERR_NONE) {
        keystore_close(k);
        return e;
    }
    k->saved_epoch = k->keys->seed.epoch;
    return ERR_NONE;
}

void keystore_close(struct keystore *k)
{
    secret_free(k->keys);
    secret_free(k->next);
    secret_free(k->passphrase);
    k->keys = NULL;
    k->next = NULL;
    k->passphrase = NULL;
}

static enum err write_first(struct keystore *k, const struct node_keys *keys)
{
    uint8_t file[KEYFILE_SIZE_MAX];
    size_t len = 0;
    TRY(node_keys_seal(keys, bytes_of(k->passphrase, k->passphrase_len), file, &len));
    struct storage s = disk_storage(k->disk);
    TRY(s.replace(s.ctx, k->name, bytes_of(file, len)));
    k->saved_epoch = keys->seed.epoch;
    return ERR_NONE;
}

enum err keystore_save(struct keystore *k)
{
    return k->keys->seed.epoch == k->saved_epoch ? ERR_NONE : write_first(k, k->keys);
}

bool keystore_next_waits(const struct keystore *k)
{
    uint64_t size;
    struct storage s = disk_storage(k->disk);
    return s.size(s.ctx, k->next_name, &size) == ERR_NONE;
}

bool keystore_has_next(const struct keystore *k)
{
    return k->next->transport_len > 0;
}

enum err keystore_open_next(struct keystore *k)
{
    uint8_t file[KEYFILE_SIZE_MAX];
    size_t len = 0;
    struct storage s = disk_storage(k->disk);
    ASSERT(!keystore_has_next(k));
    TRY(s.read(s.ctx, k->next_name, 0, file, sizeof file, &len));
    enum err e =
        node_keys_open(bytes_of(file, len), bytes_of(k->passphrase, k->passphrase_len), k->next);
    if (e == ERR_NONE && k->next->seed.epoch != 0) {
        secret_wipe(k->next, sizeof *k->next);
        e = ERR_STATE;
    }
    return e;
}

/* The transport key stays the first file's: it may have been renewed since the second was made. */
enum err keystore_take_next(struct keystore *k)
{
    struct node_keys *old = k->keys;
    ASSERT(keystore_has_next(k));
    memcpy(k->next->transport, old->transport, sizeof old->transport);
    k->next->transport_len = old->transport_len;
    TRY(write_first(k, k->next));
    k->keys = k->next;
    k->next = old;
    secret_wipe(old, sizeof *old);
    return ERR_NONE;
}

enum err keystore_drop_next(struct keystore *k)
{
    struct storage s = disk_storage(k->disk);
    secret_wipe(k->next, sizeof *k->next);
    return s.remove(s.ctx, k->next_name);
}
