#include "ledger/replay_internal.h"

#include <string.h>

static uint32_t slots_for(uint32_t max)
{
    uint32_t n = 16;
    while (n < 2 * max) {
        n *= 2;
    }
    return n;
}

size_t replay_memory(uint32_t max)
{
    return slots_for(max) * sizeof(struct seen) + 16;
}

enum err replay_init(struct replay *r, uint32_t max, struct arena *arena)
{
    ASSERT(max > 0 && max < UINT32_MAX / 4);
    uint32_t slots = slots_for(max);
    struct seen *slot = ARENA_ARRAY(arena, struct seen, slots);
    if (slot == NULL) {
        return ERR_NO_SPACE;
    }
    *r = (struct replay){ .slot = slot, .mask = slots - 1, .max = max };
    return ERR_NONE;
}

static uint32_t home(const struct replay *r, const struct hash *id)
{
    uint32_t x;
    memcpy(&x, id->b, sizeof x);
    return x & r->mask;
}

static uint32_t slot_find(const struct replay *r, const struct hash *id)
{
    uint32_t i = home(r, id);
    while (r->slot[i].valid_until_ms != 0 && !hash_equal(&r->slot[i].id, id)) {
        i = (i + 1) & r->mask;
    }
    return i;
}

const struct seen *replay_find(const struct replay *r, const struct hash *id)
{
    const struct seen *s = &r->slot[slot_find(r, id)];
    return s->valid_until_ms == 0 ? NULL : s;
}

enum err replay_add(struct replay *r, const struct hash *id, uint64_t valid_until_ms,
                    uint64_t height)
{
    ASSERT(valid_until_ms > 0);
    struct seen *s = &r->slot[slot_find(r, id)];
    if (s->valid_until_ms != 0) {
        return ERR_DUPLICATE;
    }
    if (r->count == r->max) {
        return ERR_NO_SPACE;
    }
    *s = (struct seen){ *id, valid_until_ms, height };
    r->count++;
    return ERR_NONE;
}

/* Close the gap, so that probing needs no tombstones. */
static void slot_remove(struct replay *r, uint32_t gap)
{
    for (uint32_t i = (gap + 1) & r->mask; r->slot[i].valid_until_ms != 0; i = (i + 1) & r->mask) {
        uint32_t at = home(r, &r->slot[i].id);
        if (((i - at) & r->mask) >= ((i - gap) & r->mask)) {
            r->slot[gap] = r->slot[i];
            gap = i;
        }
    }
    r->slot[gap] = (struct seen){ 0 };
    r->count--;
}

void replay_remove(struct replay *r, const struct hash *id)
{
    uint32_t i = slot_find(r, id);
    ASSERT(r->slot[i].valid_until_ms != 0);
    slot_remove(r, i);
}

/* Removing moves a later entry into the slot looked at, so it is looked at again; what wraps from
 * the end of the table to its start is met by a later sweep at the latest. */
void replay_expire(struct replay *r, uint64_t time_ms)
{
    for (uint32_t i = 0; i <= r->mask;) {
        if (r->slot[i].valid_until_ms != 0 && r->slot[i].valid_until_ms <= time_ms) {
            slot_remove(r, i);
        } else {
            i++;
        }
    }
}
