#include "sim/sim_disk_internal.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/snapshot.h"

enum err sim_store_open(struct sim_store *s)
{
    *s = (struct sim_store){ 0 };
    s->slot = calloc(SIM_STORE_SLOTS, sizeof *s->slot);
    return s->slot == NULL ? ERR_NO_SPACE : ERR_NONE;
}

void sim_store_free(struct sim_store *s)
{
    for (uint32_t i = 0; s->slot != NULL && i < SIM_STORE_SLOTS; i++) {
        free(s->slot[i].value);
    }
    for (uint32_t i = 0; i < s->undo_count; i++) {
        free(s->undo[i].value);
    }
    sim_store_unpin(s);
    free(s->slot);
    free(s->undo);
    *s = (struct sim_store){ 0 };
}

/* Tree keys are hashes already: their first bytes spread well enough. */
static uint32_t slot_of(const struct sim_store *s, uint16_t contract, const struct hash *key)
{
    uint32_t i = ((uint32_t)key->b[0] << 16 | (uint32_t)key->b[1] << 8 | key->b[2]) ^ contract;
    for (uint32_t n = 0; n < SIM_STORE_SLOTS; n++) {
        uint32_t at = (i + n) % SIM_STORE_SLOTS;
        const struct sim_slot *slot = &s->slot[at];
        if (!slot->used || (slot->contract == contract && hash_equal(&slot->key, key))) {
            return at;
        }
    }
    return SIM_STORE_SLOTS;
}

static enum err store_get(void *ctx, uint16_t contract, const struct hash *key, struct bytes *out)
{
    struct sim_store *s = ctx;
    uint32_t i = slot_of(s, contract, key);
    if (i == SIM_STORE_SLOTS || !s->slot[i].used || s->slot[i].value == NULL) {
        return ERR_NOT_FOUND;
    }
    *out = bytes_of(s->slot[i].value, s->slot[i].len);
    return ERR_NONE;
}

static enum err store_each(void *ctx, void *user,
                           enum err (*visit)(void *user, uint16_t contract,
                                             const struct hash *tree_key, struct bytes stored))
{
    struct sim_store *s = ctx;
    for (uint32_t i = 0; i < SIM_STORE_SLOTS; i++) {
        const struct sim_slot *slot = &s->slot[i];
        if (slot->used && slot->value != NULL) {
            TRY(visit(user, slot->contract, &slot->key, bytes_of(slot->value, slot->len)));
        }
    }
    return ERR_NONE;
}

struct state_store sim_store_port(struct sim_store *s)
{
    return (struct state_store){ .ctx = s, .get = store_get, .each = store_each };
}

static void remember(struct sim_store *s, uint32_t slot)
{
    if (s->undo_count == s->undo_cap) {
        s->undo_cap = s->undo_cap * 2 + 64;
        s->undo = realloc(s->undo, s->undo_cap * sizeof *s->undo);
        ASSERT(s->undo != NULL);
    }
    s->undo[s->undo_count++] = (struct sim_undo){ slot, s->slot[slot].value, s->slot[slot].len };
}

enum err sim_store_change(struct sim_store *s, const struct state_change *c)
{
    uint32_t i = slot_of(s, c->contract, &c->tree_key);
    if (i == SIM_STORE_SLOTS || s->count == SIM_STORE_SLOTS / 2) {
        return ERR_NO_SPACE;
    }
    struct sim_slot *slot = &s->slot[i];
    if (!slot->used) {
        *slot = (struct sim_slot){ .used = true, .contract = c->contract, .key = c->tree_key };
        s->count++;
    }
    remember(s, i);
    slot->value = NULL;
    slot->len = c->stored.len;
    if (c->stored.len > 0) {
        slot->value = malloc(c->stored.len);
        ASSERT(slot->value != NULL);
        memcpy(slot->value, c->stored.ptr, c->stored.len);
    }
    return ERR_NONE;
}

enum err sim_store_mark(struct sim_store *s, uint64_t height, struct bytes header,
                        const struct merkle_frontier *history)
{
    ASSERT(header.len <= sizeof s->header);
    for (uint32_t i = 0; i < s->undo_count; i++) {
        free(s->undo[i].value);
    }
    s->undo_count = 0;
    s->marked = true;
    s->height = height;
    s->header_len = header.len;
    if (header.len > 0) {
        memcpy(s->header, header.ptr, header.len);
    }
    s->history = *history;
    return ERR_NONE;
}

enum err sim_store_tip(struct sim_store *s, uint64_t *height, struct bytes *header,
                       struct merkle_frontier *history)
{
    if (!s->marked) {
        return ERR_NOT_FOUND;
    }
    *height = s->height;
    *header = bytes_of(s->header, s->header_len);
    *history = s->history;
    return ERR_NONE;
}

enum err sim_store_copy(const struct sim_store *from, struct sim_store *to)
{
    ASSERT(from->undo_count == 0);
    sim_store_free(to);
    TRY(sim_store_open(to));
    struct sim_slot *slot = to->slot;
    *to = *from;
    to->slot = slot;
    to->pin = NULL;
    to->pin_count = 0;
    to->undo = NULL;
    to->undo_cap = 0;
    for (uint32_t i = 0; i < SIM_STORE_SLOTS; i++) {
        const struct sim_slot *s = &from->slot[i];
        slot[i] = *s;
        if (s->value != NULL) {
            slot[i].value = malloc(s->len);
            ASSERT(slot[i].value != NULL);
            memcpy(slot[i].value, s->value, s->len);
        }
    }
    return ERR_NONE;
}

void sim_store_unpin(struct sim_store *s)
{
    for (uint32_t i = 0; i < s->pin_count; i++) {
        free(s->pin[i].value);
    }
    free(s->pin);
    s->pin = NULL;
    s->pin_count = 0;
}

/* Right after a mark there is nothing to undo: what is here is what was marked. */
enum err sim_store_pin(struct sim_store *s, uint64_t *height)
{
    if (s->undo_count > 0 || !s->marked) {
        return ERR_STATE;
    }
    sim_store_unpin(s);
    s->pin = calloc(s->count + 1, sizeof *s->pin);
    ASSERT(s->pin != NULL);
    for (uint32_t i = 0; i < SIM_STORE_SLOTS; i++) {
        const struct sim_slot *slot = &s->slot[i];
        if (slot->used && slot->value != NULL) {
            struct sim_slot *copy = &s->pin[s->pin_count++];
            *copy = *slot;
            copy->value = malloc(slot->len);
            ASSERT(copy->value != NULL);
            memcpy(copy->value, slot->value, slot->len);
        }
    }
    *height = s->height;
    return ERR_NONE;
}

enum err sim_store_piece(struct sim_store *s, uint32_t depth, uint32_t piece, void *user,
                         enum err (*visit)(void *user, uint16_t contract,
                                           const struct hash *tree_key, struct bytes stored))
{
    for (uint32_t i = 0; i < s->pin_count; i++) {
        const struct sim_slot *slot = &s->pin[i];
        if (snapshot_piece_of(&slot->key, depth) == piece) {
            TRY(visit(user, slot->contract, &slot->key, bytes_of(slot->value, slot->len)));
        }
    }
    return ERR_NONE;
}

enum err sim_store_reset(struct sim_store *s)
{
    for (uint32_t i = 0; i < SIM_STORE_SLOTS; i++) {
        struct sim_slot *slot = &s->slot[i];
        if (slot->used && slot->value != NULL) {
            remember(s, i);
            slot->value = NULL;
            slot->len = 0;
        }
    }
    return ERR_NONE;
}

void sim_store_crash(struct sim_store *s)
{
    sim_store_unpin(s);
    while (s->undo_count > 0) {
        struct sim_undo *u = &s->undo[--s->undo_count];
        struct sim_slot *slot = &s->slot[u->slot];
        free(slot->value);
        slot->value = u->value;
        slot->len = u->len;
    }
}
