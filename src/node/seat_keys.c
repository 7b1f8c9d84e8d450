#include "node/seat_keys_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the folder of the space, where earlier releases kept them. */
static const char LEAVES_BEFORE[] = "epoch-leaves";

static unsigned key_log2(const struct node *n)
{
    return (unsigned)n->genesis.param[PARAM_EPOCH_KEY_LOG2];
}

static uint64_t key_count(const struct node *n)
{
    return (uint64_t)1 << key_log2(n);
}

static size_t leaves_size(const struct node *n)
{
    return sizeof(struct hash) << key_log2(n);
}

static const struct seat *genesis_seat(const struct node *n)
{
    for (uint32_t i = 0; i < n->genesis.seat_count; i++) {
        if (hash_equal(&n->genesis.seat[i].participant, node_did(n, n->self))) {
            return &n->genesis.seat[i];
        }
    }
    return NULL;
}

/* The leaves are of this seed's tree; of one whose epochs are all over nobody needs to know. */
static bool leaves_fit(const struct node *n, const struct epoch_seed *seed)
{
    uint8_t key[SUITE_KEY_SIZE_MAX];
    struct merkle_path path;
    struct hash root;
    if (seed->epoch >> key_log2(n) != 0) {
        return false;
    }
    epoch_key_public(n->suite, seed, seed->epoch, key);
    merkle_prove(n->suite, n->epoch_leaves, key_count(n), seed->epoch, &path);
    merkle_root(n->suite, n->epoch_leaves, key_count(n), &root);
    return epoch_key_verify(n->suite, &root, key_log2(n), seed->epoch,
                            bytes_of(key, n->suite->public_size), &path) == ERR_NONE;
}

/* While the first seed is there, what is damaged can be made again, and the root is the one in
 * genesis. Later that of keys which came since is on the ledger only: it says who signs. */
static bool leaves_hold(const struct node *n)
{
    const struct seat *seat = genesis_seat(n);
    const struct epoch_seed *seed = &n->keystore.keys->seed;
    struct hash root;
    merkle_root(n->suite, n->epoch_leaves, key_count(n), &root);
    return leaves_fit(n, seed) &&
           (seat == NULL || seed->epoch > 0 || hash_equal(&root, &seat->root));
}

/* ERR_NOT_FOUND: the first seed has been erased. ERR_INTEGRITY: the key file is not this seat's;
 * a seed that has moved may be of keys that it was given later. */
static enum err make_leaves(struct node *n)
{
    struct hash root;
    const struct epoch_seed *seed = &n->keystore.keys->seed;
    const struct seat *seat = genesis_seat(n);
    if (seed->epoch != 0) {
        return ERR_NOT_FOUND;
    }
    epoch_key_generate(n->suite, seed->seed, key_log2(n), n->epoch_leaves, &root);
    return seat == NULL || hash_equal(&root, &seat->root) ? ERR_NONE : ERR_INTEGRITY;
}

static bool read_leaves(struct node *n, struct storage d, const char *name)
{
    size_t len = 0;
    enum err e = d.read(d.ctx, name, 0, n->epoch_leaves->b, leaves_size(n), &len);
    return e == ERR_NONE && len == leaves_size(n) && leaves_hold(n);
}

/* Beside the key file, which outlives a folder of the space that is lost. They are public. */
static enum err keep_leaves(struct node *n, const struct hash *leaves)
{
    char name[64];
    struct storage keys = disk_storage(&n->root);
    (void)snprintf(name, sizeof name, "keys/node-%u.leaves", n->index);
    return keys.replace(keys.ctx, name, bytes_of(leaves, leaves_size(n)));
}

static enum err load_leaves(struct node *n)
{
    char name[64];
    (void)snprintf(name, sizeof name, "keys/node-%u.leaves", n->index);
    if (read_leaves(n, disk_storage(&n->root), name)) {
        return ERR_NONE;
    }
    if (read_leaves(n, node_disk(n), LEAVES_BEFORE)) {
        (void)!keep_leaves(n, n->epoch_leaves); /* else next time */
        return ERR_NONE;
    }
    TRY(make_leaves(n));
    return keep_leaves(n, n->epoch_leaves);
}

/* No seat has the root of leaves that are all zero, so nothing is signed with what is not there. */
static void forget_leaves(const struct node *n, struct hash *leaves)
{
    memset(leaves, 0, leaves_size(n));
}

static const struct seat *own_seat(const struct node *n)
{
    const struct committee *c = replica_committee(n->replica);
    uint32_t seat = committee_seat_of(c, node_did(n, n->self));
    return seat == GENESIS_SEATS_MAX ? NULL : &c->seat[seat];
}

static bool new_keys_sit(const struct node *n)
{
    const struct seat *seat = own_seat(n);
    return seat != NULL && hash_equal(&seat->root, &n->next_root);
}

/* The old ones are already where the new ones would go when a process ended between two writes. */
static enum err take_up(struct node *n)
{
    struct hash own;
    TRY(keystore_open_next(&n->keystore));
    epoch_key_generate(n->suite, n->keystore.next->seed.seed, key_log2(n), n->next_leaves,
                       &n->next_root);
    merkle_root(n->suite, n->epoch_leaves, key_count(n), &own);
    if (hash_equal(&own, &n->next_root) && leaves_fit(n, &n->keystore.keys->seed)) {
        forget_leaves(n, n->next_leaves);
        return keystore_drop_next(&n->keystore);
    }
    LOG("new_keys_ready", LOG_HASH("root", &n->next_root));
    return ERR_NONE;
}

static void look(struct node *n)
{
    if (keystore_has_next(&n->keystore)) {
        return;
    }
    if (!keystore_next_waits(&n->keystore)) {
        n->next_refused = false;
        return;
    }
    enum err e = n->next_refused ? ERR_NONE : take_up(n);
    if (e != ERR_NONE) {
        n->next_refused = true;
        LOG("new_keys_refused", LOG_STR("file", n->keystore.next_name), LOG_ERR(e));
        return;
    }
    /* They came after their own beginning, and a seat is taken at a beginning or at a start. */
    if (n->replica != NULL && keystore_has_next(&n->keystore) && new_keys_sit(n)) {
        LOG("restart_needed", LOG_STR("reason", "the keys of this seat have come late"));
        n->exit_code = err_exit_code(ERR_UNAVAILABLE);
        node_stop(n);
    }
}

/* Leaves, key file, other file: whatever of the three a crash leaves out, a start finds keys that
 * sign, and comes here again. */
static enum err take_over(struct node *n)
{
    struct hash *old = n->epoch_leaves;
    TRY(keep_leaves(n, n->next_leaves));
    TRY(keystore_take_next(&n->keystore));
    n->epoch_leaves = n->next_leaves;
    n->next_leaves = old;
    forget_leaves(n, old);
    LOG("new_keys_in_force", LOG_NUM("epoch", n->keystore.keys->seed.epoch));
    return keystore_drop_next(&n->keystore);
}

/* The seed moves with durable blocks only: once it has come to the committee's first epoch, the
 * closing block of the one before is durable, and the old keys sign nothing any more. */
static void promote(struct node *n)
{
    if (!keystore_has_next(&n->keystore) || !new_keys_sit(n) ||
        n->keystore.next->seed.epoch < replica_committee(n->replica)->since_epoch) {
        return;
    }
    enum err e = take_over(n);
    if (e != ERR_NONE && !n->take_over_told) {
        LOG("new_keys_not_kept", LOG_ERR(e), LOG_STR("effect", "tried again"));
    }
    n->take_over_told = e != ERR_NONE;
}

void seat_keys_say(const struct node *n)
{
    struct hash own;
    const struct seat *seat = own_seat(n);
    merkle_root(n->suite, n->epoch_leaves, key_count(n), &own);
    if (seat != NULL && !hash_equal(&own, &seat->root) &&
        !(keystore_has_next(&n->keystore) && new_keys_sit(n))) {
        LOG("seat_has_other_keys", LOG_STR("effect", "this node watches while that is so"));
    }
}

void seat_keys_tick(struct node *n)
{
    look(n);
    promote(n);
}

enum err seat_keys_open(struct node *n)
{
    n->epoch_leaves = calloc(1, leaves_size(n));
    n->next_leaves = calloc(1, leaves_size(n));
    if (n->epoch_leaves == NULL || n->next_leaves == NULL) {
        return ERR_NO_SPACE;
    }
    enum err e = load_leaves(n);
    if (e == ERR_NOT_FOUND) {
        LOG("epoch_leaves_gone", LOG_NUM("seated_in_genesis", genesis_seat(n) != NULL));
        forget_leaves(n, n->epoch_leaves);
        e = ERR_NONE;
    }
    TRY(e);
    look(n);
    return ERR_NONE;
}

void seat_keys_close(struct node *n)
{
    free(n->epoch_leaves);
    free(n->next_leaves);
}
