#include <stdlib.h>
#include <string.h>

#include "data/deidentify_internal.h"

enum { TALLY_SIZE_MIN = 256, TALLY_POOL_SIZE_MIN = 4096 };

/* FNV-1a with a finisher. */
static uint32_t hash_of(struct bytes x)
{
    uint64_t h = 0xcbf29ce484222325;
    for (size_t i = 0; i < x.len; i++) {
        h = (h ^ x.ptr[i]) * 0x100000001b3;
    }
    h = (h ^ h >> 32) * 0xd6e8feb86659fd93;
    return (uint32_t)(h >> 32);
}

struct bytes tally_at(const struct tally *t, uint32_t id)
{
    ASSERT(id < t->count);
    return bytes_of(t->pool + t->entry[id].at, t->entry[id].len);
}

/* The place of x in the index: its own, or the free one where it belongs. */
static uint32_t place_of(const struct tally *t, struct bytes x, uint32_t hash)
{
    ASSERT(t->index_size > t->count);
    for (uint32_t at = hash & (t->index_size - 1);; at = (at + 1) & (t->index_size - 1)) {
        uint32_t id = t->index[at];
        if (id == 0 || (t->entry[id - 1].hash == hash && bytes_equal(tally_at(t, id - 1), x))) {
            return at;
        }
    }
}

/* Twice the entries, and an index that is at most half full. */
static enum err grow(struct tally *t)
{
    uint32_t cap = t->cap == 0 ? TALLY_SIZE_MIN : 2 * t->cap;
    struct tally_entry *entry = realloc(t->entry, cap * sizeof *entry);
    if (entry == NULL) {
        return ERR_NO_SPACE;
    }
    t->entry = entry;
    uint32_t *index = calloc(2 * (size_t)cap, sizeof *index);
    if (index == NULL) {
        return ERR_NO_SPACE;
    }
    free(t->index);
    t->index = index;
    t->index_size = 2 * cap;
    t->cap = cap;
    for (uint32_t i = 0; i < t->count; i++) {
        uint32_t at = entry[i].hash & (t->index_size - 1);
        while (index[at] != 0) {
            at = (at + 1) & (t->index_size - 1);
        }
        index[at] = i + 1;
    }
    return ERR_NONE;
}

static enum err make_pool(struct tally *t, size_t len)
{
    if (len > TALLY_POOL_SIZE_MAX - t->pool_len) {
        return ERR_SIZE;
    }
    if (t->pool_cap - t->pool_len >= len && t->pool != NULL) {
        return ERR_NONE;
    }
    size_t cap = 2 * t->pool_cap + len + TALLY_POOL_SIZE_MIN;
    uint8_t *pool = realloc(t->pool, cap);
    if (pool == NULL) {
        return ERR_NO_SPACE;
    }
    t->pool = pool;
    t->pool_cap = cap;
    return ERR_NONE;
}

enum err tally_add(struct tally *t, struct bytes x, uint64_t rows, uint32_t *id)
{
    uint32_t hash = hash_of(x);
    if (t->count == t->cap && t->cap < DATA_CLASSES_MAX) {
        TRY(grow(t));
    }
    uint32_t at = place_of(t, x, hash);
    if (t->index[at] == 0) {
        if (t->count == DATA_CLASSES_MAX) {
            return ERR_SIZE;
        }
        TRY(make_pool(t, x.len));
        if (x.len > 0) {
            memcpy(t->pool + t->pool_len, x.ptr, x.len);
        }
        t->entry[t->count] =
            (struct tally_entry){ .at = t->pool_len, .len = (uint32_t)x.len, .hash = hash };
        t->pool_len += x.len;
        t->index[at] = ++t->count;
    }
    *id = t->index[at] - 1;
    t->entry[*id].rows += rows;
    return ERR_NONE;
}

enum err tally_find(const struct tally *t, struct bytes x, uint32_t *id)
{
    uint32_t at = t->count > 0 ? place_of(t, x, hash_of(x)) : 0;
    if (t->count == 0 || t->index[at] == 0) {
        return ERR_NOT_FOUND;
    }
    *id = t->index[at] - 1;
    return ERR_NONE;
}

uint64_t tally_least(const struct tally *t)
{
    uint64_t least = t->count > 0 ? UINT64_MAX : 0;
    for (uint32_t i = 0; i < t->count; i++) {
        least = t->entry[i].rows < least ? t->entry[i].rows : least;
    }
    return least;
}

void tally_free(struct tally *t)
{
    free(t->entry);
    free(t->pool);
    free(t->index);
    *t = (struct tally){ 0 };
}
