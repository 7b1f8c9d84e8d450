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
    return max * sizeof(struct seen) + slots_for(max) * sizeof(uint32_t) + 32;
}

enum err replay_init(struct replay *r, uint32_t max, struct arena *arena)
{
    ASSERT(max > 0 && max < UINT32_MAX / 4);
    uint32_t slots = slots_for(max);
    struct seen *seen = ARENA_ARRAY(arena, struct seen, max);
    uint32_t *slot = ARENA_ARRAY(arena, uint32_t, slots);
    if (seen == NULL || slot == NULL) {
        return ERR_NO_SPACE;
    }
    *r = (struct replay){ .seen = seen, .slot = slot, .mask = slots - 1, .max = max };
    return ERR_NONE;
}

static uint32_t home(const struct replay *r, const struct hash *id)
{
    uint32_t x;
    memcpy(&x, id->b, sizeof x);
    return x & r->mask;
}

static struct seen *seen_at(const struct replay *r, uint32_t slot)
{
    ASSERT(r->slot[slot] > 0);
    return &r->seen[r->slot[slot] - 1];
}

/* Where it is, or the empty slot where it would be. */
static uint32_t slot_find(const struct replay *r, const struct hash *id)
{
    uint32_t i = home(r, id);
    while (r->slot[i] != 0 && !hash_equal(&seen_at(r, i)->id, id)) {
        i = (i + 1) & r->mask;
    }
    return i;
}

const struct seen *replay_find(const struct replay *r, const struct hash *id)
{
    uint32_t i = slot_find(r, id);
    return r->slot[i] == 0 ? NULL : seen_at(r, i);
}

enum err replay_add(struct replay *r, const struct hash *id, uint64_t valid_until_ms,
                    uint64_t height)
{
    uint32_t i = slot_find(r, id);
    if (r->slot[i] != 0) {
        return ERR_DUPLICATE;
    }
    if (r->count == r->max) {
        return ERR_NO_SPACE;
    }
    r->seen[r->count++] = (struct seen){ *id, valid_until_ms, height };
    r->slot[i] = r->count;
    return ERR_NONE;
}

/* Close the gap, so that probing needs no tombstones. */
static void slot_clear(struct replay *r, uint32_t gap)
{
    for (uint32_t i = (gap + 1) & r->mask; r->slot[i] != 0; i = (i + 1) & r->mask) {
        uint32_t at = home(r, &seen_at(r, i)->id);
        if (((i - at) & r->mask) >= ((i - gap) & r->mask)) {
            r->slot[gap] = r->slot[i];
            gap = i;
        }
    }
    r->slot[gap] = 0;
}

/* The last one takes its place. */
void replay_remove(struct replay *r, const struct hash *id)
{
    uint32_t slot = slot_find(r, id);
    struct seen *place = seen_at(r, slot), *last = &r->seen[r->count - 1];
    r->slot[slot_find(r, &last->id)] = r->slot[slot];
    *place = *last;
    slot_clear(r, slot);
    r->count--;
}

void replay_expire(struct replay *r, uint64_t time_ms)
{
    for (uint32_t i = 0; i < r->count;) {
        if (r->seen[i].valid_until_ms <= time_ms) {
            struct hash id = r->seen[i].id;
            replay_remove(r, &id);
        } else {
            i++;
        }
    }
}
