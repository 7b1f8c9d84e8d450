/* arena — memory that is handed out in order and taken back all at once.
 *
 * The caller gives one block at start, sized by limits; nothing here calls malloc. When it is full,
 * arena_alloc gives NULL and the caller returns ERR_NO_SPACE: full is an error, never growth.
 * Page: docs/base.md */
#ifndef CARNET_BASE_ARENA_H
#define CARNET_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct arena {
    uint8_t *base;
    size_t size;
    size_t used;
    size_t used_max; /* high-water mark, for limits and their tests */
    bool fresh;      /* above the mark it is zero: nobody has written there */
};

struct arena arena_over(void *memory, size_t size);
/* The same over memory that is zero, as the system gives it: what is not used is not touched. */
struct arena arena_over_fresh(void *memory, size_t size);

/* Zeroed memory aligned to 16, or NULL when it does not fit. size 0 gives a valid pointer. */
MUST_USE void *arena_alloc(struct arena *a, size_t size);
/* count * size with the overflow checked. */
MUST_USE void *arena_alloc_array(struct arena *a, size_t count, size_t size);
/* A copy that lives as long as the arena; ERR_NO_SPACE when it does not fit. */
MUST_USE enum err arena_copy(struct arena *a, struct bytes x, struct bytes *out);
/* Carve a child arena out of this one. */
MUST_USE enum err arena_split(struct arena *a, size_t size, struct arena *out);

/* Take back everything allocated since the mark (arena_mark) or since the start (arena_reset). */
size_t arena_mark(const struct arena *a);
void arena_release(struct arena *a, size_t mark);
void arena_reset(struct arena *a);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_alloc_array((arena), (count), sizeof(type)))

#endif
