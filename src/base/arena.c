#include "base/arena.h"

#include <string.h>

/* Enough for every type of ours and for protobuf-c's. */
enum { ARENA_ALIGN = 16 };

/* Bytes to skip so that the next allocation is aligned, whatever the block's own alignment. */
static size_t padding(const struct arena *a)
{
    size_t past = (size_t)((uintptr_t)(a->base + a->used) % ARENA_ALIGN);
    return past == 0 ? 0 : ARENA_ALIGN - past;
}

struct arena arena_over(void *memory, size_t size)
{
    ASSERT(memory != NULL);
    return (struct arena){ .base = memory, .size = size };
}

struct arena arena_over_fresh(void *memory, size_t size)
{
    ASSERT(memory != NULL);
    return (struct arena){ .base = memory, .size = size, .fresh = true };
}

/* Aligned and counted, not zeroed. */
static uint8_t *take(struct arena *a, size_t size)
{
    ASSERT(a->used <= a->size);
    size_t skip = padding(a);
    size_t left = a->size - a->used;
    if (skip > left || size > left - skip) {
        return NULL;
    }
    uint8_t *out = a->base + a->used + skip;
    a->used += skip + size;
    if (a->used > a->used_max) {
        a->used_max = a->used;
    }
    return out;
}

void *arena_alloc(struct arena *a, size_t size)
{
    size_t written = a->fresh ? a->used_max : a->size;
    uint8_t *out = take(a, size);
    if (out != NULL) {
        size_t at = (size_t)(out - a->base);
        size_t used = written > at ? written - at : 0;
        memset(out, 0, used < size ? used : size);
    }
    return out;
}

void *arena_alloc_array(struct arena *a, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        return NULL;
    }
    return arena_alloc(a, total);
}

enum err arena_copy(struct arena *a, struct bytes x, struct bytes *out)
{
    uint8_t *copy = take(a, x.len);
    if (copy == NULL) {
        return ERR_NO_SPACE;
    }
    if (x.len > 0) {
        memcpy(copy, x.ptr, x.len);
    }
    *out = bytes_of(copy, x.len);
    return ERR_NONE;
}

enum err arena_split(struct arena *a, size_t size, struct arena *out)
{
    size_t written = a->fresh ? a->used_max : a->size;
    uint8_t *memory = take(a, size);
    if (memory == NULL) {
        return ERR_NO_SPACE;
    }
    *out = arena_over(memory, size);
    out->fresh = (size_t)(memory - a->base) >= written;
    return ERR_NONE;
}

size_t arena_mark(const struct arena *a)
{
    return a->used;
}

void arena_release(struct arena *a, size_t mark)
{
    ASSERT(mark <= a->used);
    a->used = mark;
}

void arena_reset(struct arena *a)
{
    a->used = 0;
}
