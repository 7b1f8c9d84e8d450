#include "node/replica_parts_internal.h"

#include <string.h>

#include "crypto/secret.h"
#include "node/epoch_file_internal.h"

/* Epoch keys (FORMATS 13): each is believed only because it leads to the seat's root in genesis, so
 * it does not matter who said it. */

static unsigned key_log2(const struct replica *r)
{
    return (unsigned)r->genesis->param[PARAM_EPOCH_KEY_LOG2];
}

struct key_slot *replica_key_slot(struct replica *r, uint32_t seat, uint64_t epoch)
{
    if (seat >= r->genesis->seat_count) {
        return NULL;
    }
    return &r->key[(size_t)seat * REPLICA_KEY_EPOCHS + epoch % REPLICA_KEY_EPOCHS];
}

struct bytes replica_key(void *ctx, uint32_t seat, uint64_t epoch)
{
    struct replica *r = ctx;
    const struct key_slot *slot = replica_key_slot(r, seat, epoch);
    if (slot == NULL || !slot->used || slot->epoch != epoch) {
        return (struct bytes){ NULL, 0 };
    }
    return bytes_of(slot->public_key, r->suite->public_size);
}

static enum err learn_key(struct replica *r, const struct epoch_key_proof *k)
{
    struct key_slot *slot = replica_key_slot(r, k->seat, k->epoch);
    if (slot == NULL || k->public_key.len != r->suite->public_size) {
        return ERR_RANGE;
    }
    if (slot->used && slot->epoch >= k->epoch) {
        return ERR_NONE; /* known, or its place is taken by a later epoch */
    }
    uint64_t newest = genesis_epoch(r->genesis, r->now_ms) + 2;
    if (k->epoch > newest || k->epoch >> key_log2(r) != 0) {
        return ERR_RANGE;
    }
    TRY(epoch_key_verify(r->suite, &r->genesis->seat[k->seat].root, key_log2(r), k->epoch,
                         k->public_key, &k->path));
    *slot = (struct key_slot){ .used = true, .epoch = k->epoch, .path = k->path };
    memcpy(slot->public_key, k->public_key.ptr, k->public_key.len);
    r->keys_dirty = true;
    return ERR_NONE;
}

enum err replica_learn_keys(struct replica *r, const struct peer_keys *keys)
{
    for (uint32_t i = 0; i < keys->count; i++) {
        TRY(learn_key(r, &keys->key[i]));
    }
    return ERR_NONE;
}

void replica_put_key(struct peer_keys *out, uint32_t seat, const struct key_slot *slot,
                     const struct suite *s)
{
    if (slot == NULL || !slot->used || out->count == PEER_KEYS_MAX) {
        return;
    }
    out->key[out->count++] =
        (struct epoch_key_proof){ .seat = seat,
                                  .epoch = slot->epoch,
                                  .public_key = bytes_of(slot->public_key, s->public_size),
                                  .path = slot->path };
}

/* Make sure that our own key of this epoch is in the table. */
static void own_key(struct replica *r, uint64_t epoch)
{
    struct key_slot *slot = replica_key_slot(r, r->seat, epoch);
    const struct epoch_seed *seed = r->config.seed;
    if (slot == NULL || (slot->used && slot->epoch >= epoch) || seed == NULL ||
        epoch < seed->epoch || epoch >> key_log2(r) != 0) {
        return;
    }
    ASSERT(r->config.epoch_leaves != NULL);
    *slot = (struct key_slot){ .used = true, .epoch = epoch };
    epoch_key_public(r->suite, seed, epoch, slot->public_key);
    merkle_prove(r->suite, r->config.epoch_leaves, (uint64_t)1 << key_log2(r), epoch, &slot->path);
    r->keys_dirty = true;
}

void replica_own_keys(struct replica *r, struct peer_keys *out)
{
    uint64_t epoch = genesis_epoch(r->genesis, r->now_ms);
    out->count = 0;
    for (uint64_t e = epoch; e <= epoch + 1; e++) {
        own_key(r, e);
        struct key_slot *slot = replica_key_slot(r, r->seat, e);
        if (slot != NULL && slot->epoch == e) {
            replica_put_key(out, r->seat, slot, r->suite);
        }
    }
}

/* An epoch has begun: say the keys of it and the next once, to everybody. */
void replica_epoch_tick(struct replica *r)
{
    uint64_t epoch = genesis_epoch(r->genesis, r->now_ms);
    bool first = r->keys_epoch == UINT64_MAX;
    if (r->seat == PBFT_OBSERVER || r->keys_epoch == epoch) {
        return;
    }
    r->keys_epoch = epoch;
    struct peer_keys *keys = ARENA_NEW(&r->work, struct peer_keys);
    if (keys == NULL) {
        return;
    }
    replica_own_keys(r, keys);
    if (!first && keys->count > 0) {
        struct peer_message m = { .kind = PEER_EPOCH_KEYS, .keys = keys };
        replica_send_message(r, REPLICA_PEER_ALL, &m);
    }
}

/* Once a block of epoch e+1 is committed and durable the node cannot sign in epoch e any more. */
void replica_advance_seed(struct replica *r)
{
    struct epoch_seed *seed = r->config.seed;
    struct ledger_tip tip = ledger_committed(r->ledger);
    if (seed != NULL && tip.height > 0 && tip.epoch > seed->epoch) {
        epoch_seed_advance(r->suite, seed, tip.epoch);
    }
}

enum err replica_sign(void *ctx, uint64_t epoch, const char *tag, struct bytes msg,
                      uint8_t *signature)
{
    struct replica *r = ctx;
    const struct epoch_seed *seed = r->config.seed;
    if (seed == NULL || epoch < seed->epoch || epoch >> key_log2(r) != 0) {
        return ERR_STATE;
    }
    uint8_t secret[SUITE_SECRET_SIZE];
    epoch_key_secret(r->suite, seed, epoch, secret);
    suite_sign_tagged(r->suite, secret, tag, msg, signature);
    secret_wipe(secret, sizeof secret);
    return ERR_NONE;
}

static uint32_t keys_max(const struct replica *r)
{
    return r->genesis->seat_count * REPLICA_KEY_EPOCHS;
}

enum err replica_save_keys(struct replica *r)
{
    if (!r->keys_dirty) {
        return ERR_NONE;
    }
    size_t mark = arena_mark(&r->work), max = epoch_file_size_max(r->suite, keys_max(r));
    uint8_t *memory = arena_alloc(&r->work, max);
    if (memory == NULL) {
        return ERR_NO_SPACE;
    }
    struct buf b = buf_over(memory, max);
    for (uint32_t i = 0; i < keys_max(r); i++) {
        const struct key_slot *slot = &r->key[i];
        struct epoch_key_proof k = { .seat = i / REPLICA_KEY_EPOCHS,
                                     .epoch = slot->epoch,
                                     .public_key =
                                         bytes_of(slot->public_key, r->suite->public_size),
                                     .path = slot->path };
        if (slot->used) {
            epoch_file_put(&b, &k);
        }
    }
    epoch_file_end(&b);
    const struct storage *d = &r->config.ports.disk;
    enum err e = d->replace(d->ctx, EPOCH_FILE, buf_bytes(&b));
    arena_release(&r->work, mark);
    TRY(e);
    r->keys_dirty = false;
    return ERR_NONE;
}

static void load_key(void *user, const struct epoch_key_proof *k)
{
    (void)!learn_key(user, k);
}

/* When the file does not read well it is forgotten, and peers say the keys again. */
enum err replica_load_keys(struct replica *r)
{
    const struct storage *d = &r->config.ports.disk;
    size_t max = epoch_file_size_max(r->suite, keys_max(r)), len = 0;
    uint8_t *memory = arena_alloc(&r->work, max);
    if (memory == NULL) {
        return ERR_NO_SPACE;
    }
    enum err e = d->read(d->ctx, EPOCH_FILE, 0, memory, max, &len);
    if (e == ERR_NOT_FOUND) {
        return ERR_NONE;
    }
    TRY(e);
    (void)!epoch_file_each(r->suite, bytes_of(memory, len), r, load_key);
    r->keys_dirty = false;
    return ERR_NONE;
}
