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
    const struct committee *c = replica_committee_at(r, epoch);
    struct key_slot *slots = seat < c->count ? replica_row_slots(r, &c->seat[seat].root) : NULL;
    return slots == NULL ? NULL : &slots[epoch % REPLICA_KEY_EPOCHS];
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

/* Believed under this root, in its row. */
static enum err learn_under(struct replica *r, const struct hash *root, struct key_slot *slots,
                            const struct epoch_key_proof *k)
{
    struct key_slot *slot = &slots[k->epoch % REPLICA_KEY_EPOCHS];
    if (slot->used && slot->epoch > k->epoch) {
        return ERR_NONE; /* its place is taken by a later epoch */
    }
    TRY(epoch_key_verify(r->suite, root, key_log2(r), k->epoch, k->public_key, &k->path));
    *slot = (struct key_slot){ .used = true, .epoch = k->epoch, .path = k->path };
    memcpy(slot->public_key, k->public_key.ptr, k->public_key.len);
    r->keys_dirty = true;
    return ERR_NONE;
}

/* Who is further may number the seats in another way already: then any root that is known. */
static enum err learn_key(struct replica *r, const struct epoch_key_proof *k)
{
    const struct key_slot *slot = replica_key_slot(r, k->seat, k->epoch);
    const struct committee *c = replica_committee_at(r, k->epoch);
    uint64_t newest = genesis_epoch(r->genesis, r->now_ms) + 2;
    if (k->seat >= GENESIS_SEATS_MAX || k->public_key.len != r->suite->public_size) {
        return ERR_RANGE;
    }
    bool known = slot != NULL && slot->used && slot->epoch == k->epoch &&
                 memcmp(slot->public_key, k->public_key.ptr, k->public_key.len) == 0;
    if (known) {
        return ERR_NONE;
    }
    if (k->epoch > newest || k->epoch >> key_log2(r) != 0) {
        return ERR_RANGE;
    }
    enum err first = ERR_RANGE;
    if (k->seat < c->count && slot != NULL) {
        const struct hash *root = &c->seat[k->seat].root;
        first = learn_under(r, root, replica_row_slots(r, root), k);
    }
    for (uint32_t i = 0; first != ERR_NONE && r->seating.now.number > 0 && i < r->seating.rows;
         i++) {
        struct key_slot *slots = &r->key[(size_t)i * REPLICA_KEY_EPOCHS];
        if (r->seating.row[i].used &&
            learn_under(r, &r->seating.row[i].root, slots, k) == ERR_NONE) {
            return ERR_NONE;
        }
    }
    return first;
}

/* One that is of no use here says nothing of those that follow it. */
enum err replica_learn_keys(struct replica *r, const struct peer_keys *keys)
{
    enum err first = ERR_NONE;
    for (uint32_t i = 0; i < keys->count; i++) {
        enum err e = learn_key(r, &keys->key[i]);
        first = first == ERR_NONE ? e : first;
    }
    return first;
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
    const struct epoch_seed *seed = r->seating.seed;
    if (slot == NULL || (slot->used && slot->epoch >= epoch) || seed == NULL ||
        epoch < r->seating.now.since_epoch || epoch < seed->epoch || epoch >> key_log2(r) != 0) {
        return;
    }
    ASSERT(r->seating.leaves != NULL);
    *slot = (struct key_slot){ .used = true, .epoch = epoch };
    epoch_key_public(r->suite, seed, epoch, slot->public_key);
    merkle_prove(r->suite, r->seating.leaves, (uint64_t)1 << key_log2(r), epoch, &slot->path);
    r->keys_dirty = true;
}

static void say_own_key(struct replica *r, uint64_t epoch, struct peer_keys *out)
{
    own_key(r, epoch);
    struct key_slot *slot = replica_key_slot(r, r->seat, epoch);
    if (slot != NULL && slot->epoch == epoch) {
        replica_put_key(out, r->seat, slot, r->suite);
    }
}

/* Of this epoch and the next. */
void replica_own_keys(struct replica *r, struct peer_keys *out)
{
    uint64_t now = genesis_epoch(r->genesis, r->now_ms), since = r->seating.now.since_epoch;
    out->count = 0;
    for (uint64_t e = now > since ? now : since, n = 0; n < 2; n++) {
        say_own_key(r, e + n, out);
    }
}

static void say_keys(struct replica *r, uint32_t peer, struct peer_keys *keys)
{
    struct peer_message m = { .kind = PEER_EPOCH_KEYS, .keys = keys };
    if (keys->count > 0) {
        replica_send_message(r, peer, &m);
        keys->count = 0;
    }
}

/* While no block commits, words of epochs that are long over still count: votes for a block of one,
 * certificates of it, and view changes, which are signed in the committed block's. Who signed may
 * be gone, who listens may have been away all that time or have lost its disk: so each says every
 * key that its own words rest on. */
void replica_say_open_keys(struct replica *r, uint32_t peer)
{
    uint64_t epoch[PBFT_EPOCHS_MAX];
    uint32_t count = r->started ? pbft_epochs(r->pbft, epoch) : 0;
    struct peer_keys *keys = count == 0 ? NULL : ARENA_NEW(&r->work, struct peer_keys);
    for (uint32_t i = 0; keys != NULL && i < count; i++) {
        own_key(r, epoch[i]);
        uint32_t seats = replica_committee_at(r, epoch[i])->count;
        if (keys->count + seats > PEER_KEYS_MAX) {
            say_keys(r, peer, keys);
        }
        for (uint32_t seat = 0; seat < seats; seat++) {
            const struct key_slot *slot = replica_key_slot(r, seat, epoch[i]);
            if (slot != NULL && slot->epoch == epoch[i]) {
                replica_put_key(keys, seat, slot, r->suite);
            }
        }
    }
    if (keys != NULL) {
        say_keys(r, peer, keys);
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
    if (!first) {
        say_keys(r, REPLICA_PEER_ALL, keys);
    }
}

/* Once a block of epoch e+1 is committed and durable the node cannot sign in epoch e any more. */
void replica_advance_seed(struct replica *r)
{
    struct epoch_seed *seed[] = { r->config.seed, r->config.next_seed };
    struct ledger_tip tip = ledger_committed(r->ledger);
    for (size_t i = 0; i < COUNT(seed); i++) {
        if (seed[i] != NULL && tip.height > 0 && tip.epoch > seed[i]->epoch) {
            epoch_seed_advance(r->suite, seed[i], tip.epoch);
        }
    }
}

enum err replica_sign(void *ctx, uint64_t epoch, const char *tag, struct bytes msg,
                      uint8_t *signature)
{
    struct replica *r = ctx;
    const struct epoch_seed *seed = r->seating.seed;
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
    return r->seating.rows * REPLICA_KEY_EPOCHS;
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
        /* Of genesis seats the row is the seat; a reader finds the root by the path. */
        uint32_t row = i / REPLICA_KEY_EPOCHS;
        const struct key_slot *slot = &r->key[i];
        struct epoch_key_proof k = { .seat = row,
                                     .epoch = slot->epoch,
                                     .public_key =
                                         bytes_of(slot->public_key, r->suite->public_size),
                                     .path = slot->path };
        if (r->seating.row[row].used && slot->used) {
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
    struct replica *r = user;
    struct hash root;
    if (k->epoch >> key_log2(r) != 0 || k->path.count != key_log2(r)) {
        return;
    }
    epoch_key_root(r->suite, k->epoch, k->public_key, &k->path, &root);
    struct key_slot *slots = replica_row_add(r, &root);
    if (slots != NULL) {
        (void)!learn_under(r, &root, slots, k);
    }
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
