/* The transactions of the replay window: ids seen in committed and open blocks whose time has not
 * run out (FORMATS 5). They lie one behind another, so that memory is touched as they come; a table
 * with linear probing finds them. */
#ifndef CARNET_LEDGER_REPLAY_INTERNAL_H
#define CARNET_LEDGER_REPLAY_INTERNAL_H

#include "base/arena.h"

struct seen {
    struct hash id;
    uint64_t valid_until_ms;
    uint64_t height; /* of the block that holds it */
};

struct replay {
    struct seen *seen; /* the first `count` */
    uint32_t *slot;    /* 0: empty; else a place in `seen`, and one */
    uint32_t mask, count, max;
};

size_t replay_memory(uint32_t max);
MUST_USE enum err replay_init(struct replay *r, uint32_t max, struct arena *arena);
/* Until one is added or removed; NULL: not seen. */
const struct seen *replay_find(const struct replay *r, const struct hash *id);
/* ERR_DUPLICATE, ERR_NO_SPACE. */
MUST_USE enum err replay_add(struct replay *r, const struct hash *id, uint64_t valid_until_ms,
                             uint64_t height);
void replay_remove(struct replay *r, const struct hash *id);
/* Forget what no block after this time can hold. */
void replay_expire(struct replay *r, uint64_t time_ms);

#endif
