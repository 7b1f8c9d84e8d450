/* mempool — transactions that wait, oldest first; bounded in number, bytes, share of one author.
 *
 * Taking one in and letting one go cost the same however many wait: entries and their bytes lie in
 * order of arrival, who leaves leaves a gap, and gaps are closed when half as many as may wait have
 * come in since. Only what runs out is looked for by walking all. */
#ifndef CARNET_LEDGER_MEMPOOL_INTERNAL_H
#define CARNET_LEDGER_MEMPOOL_INTERNAL_H

#include "base/arena.h"

enum {
    MEMPOOL_AUTHOR_SHARE = 4, /* one author holds at most 1/4 of the places and of the bytes */
    MEMPOOL_ROOM_SHARE = 32,  /* a full pool makes this part of it free at once, for a fairer mix */
    MEMPOOL_SLACK = 2,        /* one part in so many more than may wait: for the gaps */
    MEMPOOL_CLASSES = 3
};

struct pending {
    struct hash id, author;
    uint64_t valid_until_ms, arrival_ms, cost;
    uint32_t at, size; /* in the bytes */
    uint32_t key;      /* number of the author's key */
    uint32_t order_class;
    uint32_t author_at, signer_at; /* the pool's own: in its lists */
    uint32_t older, newer;         /* of the same author: entry index + 1, or 0 */
    bool gone;
};

struct author {
    struct hash did;
    uint64_t cost; /* of all it has waiting */
    uint32_t count, bytes;
    uint32_t rank[MEMPOOL_CLASSES]; /* while ordering: how many of its transactions came before */
    uint32_t newest;                /* entry index + 1 */
    uint32_t next_free;
};

/* One key of an author. */
struct pending_signer {
    struct hash did;
    uint32_t key, count;
    uint64_t cost; /* of all it has waiting */
    uint32_t next_free;
};

/* Open addressing, in steps of one; who leaves is closed up at once. item + 1, or 0: free. */
struct slot {
    uint32_t hash, item;
};
struct slots {
    struct slot *slot;
    uint32_t mask;
};

struct mempool {
    struct pending *entry;
    uint32_t first, end, entries_max; /* of the entries: nothing waits before, nothing was after */
    uint32_t count, max;              /* that wait */
    uint8_t *bytes;
    uint32_t used, room; /* of the bytes, with the gaps */
    uint32_t held, bytes_max;
    struct slots ids, authors, signers;
    struct author *author;
    struct pending_signer *signer;
    uint32_t author_end, author_free, signer_end, signer_free; /* free: index + 1 of a list */
    uint64_t share_max; /* no author holds more; it may be less than that */
    uint64_t expiry_ms; /* nothing expires before */
    uint64_t *order;
};

size_t mempool_memory(uint32_t txs_max, uint32_t bytes_max);
MUST_USE enum err mempool_init(struct mempool *m, uint32_t txs_max, uint32_t bytes_max,
                               struct arena *arena);
/* ERR_DUPLICATE, ERR_BUSY. What is the pool's own in `p` is set here. */
MUST_USE enum err mempool_add(struct mempool *m, struct pending p, struct bytes wire);
/* Whether it is worth verifying: false when it would be refused for want of room as things stand,
 * which costs the same however full the pool is. */
bool mempool_may_take(struct mempool *m, const struct hash *author, uint32_t size, uint64_t now_ms);
/* A full pool: whoever holds most gives up its newest, down to what is twice this author's share
 * with what it brings. True when there is more room than before. */
bool mempool_make_room(struct mempool *m, const struct hash *author, uint32_t size);
bool mempool_has(const struct mempool *m, const struct hash *id);
uint64_t mempool_cost(const struct mempool *m, const struct hash *author);
uint64_t mempool_signer_cost(const struct mempool *m, const struct hash *author, uint32_t key);
struct bytes mempool_bytes(const struct mempool *m, uint32_t index);
/* The one that has waited longest, or NULL. */
const struct pending *mempool_oldest(struct mempool *m);
/* Unknown ids are ignored. Nothing else moves. */
void mempool_remove(struct mempool *m, const struct hash *id);
/* Remove what no block after this time can hold. Nothing else moves. */
void mempool_sweep(struct mempool *m, uint64_t time_ms);
/* Entry indices in the order a block has them, m->count of them: by class, round-robin by
 * author, then age. They stay valid until the next add, also of who leaves meanwhile. */
const uint64_t *mempool_order(struct mempool *m);
/* The entry of an element of the order. */
uint32_t mempool_order_index(uint64_t element);

#endif
