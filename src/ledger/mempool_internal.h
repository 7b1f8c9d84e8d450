/* mempool — transactions that wait, oldest first, bounded in number, bytes and share of one author.
 * Entries and their bytes lie in order of arrival, without gaps: removing marks, sweeping closes
 * up. */
#ifndef CARNET_LEDGER_MEMPOOL_INTERNAL_H
#define CARNET_LEDGER_MEMPOOL_INTERNAL_H

#include "base/arena.h"

enum {
    MEMPOOL_AUTHOR_SHARE = 4, /* one author holds at most 1/4 of the places and of the bytes */
    MEMPOOL_ROOM_SHARE = 32,  /* a full pool makes this part of it free at once, for a fairer mix */
    MEMPOOL_CLASSES = 3
};

struct pending {
    struct hash id, author;
    uint64_t valid_until_ms, arrival_ms, cost;
    uint32_t at, size; /* in the bytes */
    uint32_t key;      /* number of the author's key */
    uint32_t order_class;
    bool gone;
};

struct author {
    struct hash did;
    uint64_t cost; /* of all it has waiting */
    uint32_t count, bytes;
    uint32_t rank[MEMPOOL_CLASSES]; /* while ordering: how many of its transactions came before */
};

/* One key of an author. */
struct pending_signer {
    struct hash did;
    uint32_t key, count;
    uint64_t cost; /* of all it has waiting */
};

struct mempool {
    struct pending *entry;
    uint32_t count, max;
    uint8_t *bytes;
    uint32_t used, bytes_max;
    uint32_t *id_slot; /* entry index + 1 */
    struct author *author;
    struct pending_signer *signer;
    uint32_t mask;      /* of the three tables */
    uint64_t share_max; /* no author holds more; it may be less than that */
    uint64_t expiry_ms; /* nothing expires before */
    bool marked;        /* something is gone and not swept yet */
    uint64_t *order;
};

size_t mempool_memory(uint32_t txs_max, uint32_t bytes_max);
MUST_USE enum err mempool_init(struct mempool *m, uint32_t txs_max, uint32_t bytes_max,
                               struct arena *arena);
/* ERR_DUPLICATE, ERR_BUSY. p->at and p->size are set here. */
MUST_USE enum err mempool_add(struct mempool *m, struct pending p, struct bytes wire);
/* Whether it is worth verifying: false when it would be refused for want of room as things stand,
 * which costs the same however full the pool is. */
bool mempool_may_take(struct mempool *m, const struct hash *author, uint32_t size, uint64_t now_ms);
/* A full pool: whoever holds most gives up its newest, down to what is twice this author's share
 * with what it brings. True when there is more room than before. */
bool mempool_make_room(struct mempool *m, const struct hash *author, uint32_t size);
bool mempool_has(const struct mempool *m, const struct hash *id);
uint64_t mempool_cost(struct mempool *m, const struct hash *author);
uint64_t mempool_signer_cost(struct mempool *m, const struct hash *author, uint32_t key);
struct bytes mempool_bytes(const struct mempool *m, uint32_t index);
/* Mark as gone; nothing moves until the sweep. Unknown ids are ignored. */
void mempool_mark(struct mempool *m, const struct hash *id);
/* Remove what is marked, and what no block after this time can hold. */
void mempool_sweep(struct mempool *m, uint64_t time_ms);
/* Entry indices in the order a proposer takes them: by class, round-robin by author, then age. They
 * stay valid until the next sweep or add. */
const uint64_t *mempool_order(struct mempool *m);
/* The entry of an element of the order. */
uint32_t mempool_order_index(uint64_t element);

#endif
