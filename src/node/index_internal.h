/* index — where transactions, events and attachments are, filled from commits; rebuilt from the
 * block log when it is behind the folded state. It is marked before the state, never after, so that
 * replay of the log brings back what a crash took from it. */
#ifndef CARNET_NODE_INDEX_INTERNAL_H
#define CARNET_NODE_INDEX_INTERNAL_H

#include "node/replica.h"
#include "node/store_internal.h"

struct index {
    struct kv *kv;
    uint64_t height; /* of the last block in it */
    uint64_t base;   /* blocks at or below are not in it */
};
struct index_tx {
    uint64_t height, time_ms;
    uint32_t index, status, method;
    struct hash id, author; /* its first signer */
    struct bytes receipt;   /* canonical; lives until the next commit */
};
/* One mention of an attachment by a committed transaction. */
struct index_attachment {
    uint64_t height, keep_until_ms;
    uint32_t index, number, kind; /* of the transaction, of the attachment in it */
    struct hash author;
    uint32_t reader_count;
    struct hash reader[TX_READERS_MAX];
};

MUST_USE enum err index_open(struct index *x, const char *folder, size_t map_size);
void index_close(struct index *x);
/* Forget all but duties, and stand at this height: the next block is the one above it. */
MUST_USE enum err index_restart(struct index *x, uint64_t height);
MUST_USE enum err index_commit(struct index *x); /* durable */
/* A block's transactions, receipts, events and attachments. Blocks below `height` are passed over;
 * ERR_STATE: one is missing in between. */
MUST_USE enum err index_block(struct index *x, const struct suite *s,
                              const struct replica_commit *c, struct arena *work);
MUST_USE enum err index_find_tx(struct index *x, const struct hash *id, struct index_tx *out);
/* The lists that the index keeps, each in the order of the ledger. */
enum { INDEX_PREFIX_MAX = 1 + HASH_SIZE };
#define INDEX_EVERY UINT32_MAX /* not one event: the transaction */
struct index_list {
    uint32_t table;
    bool numbered; /* of events, not of transactions */
    size_t len;
    uint8_t prefix[INDEX_PREFIX_MAX];
};
struct index_list index_all(void);
struct index_list index_of_subject(const struct hash *subject); /* events */
struct index_list index_of_kind(uint32_t contract, uint32_t type);
struct index_list index_of_author(const struct hash *author); /* transactions */
struct index_list index_of_method(uint32_t method);
/* Walk a list from transaction (height, index) on. The visitor gets the transaction and the number
 * of the event in it, or INDEX_EVERY. */
typedef enum err index_visit(void *user, const struct index_tx *tx, uint32_t event, bool *more);
MUST_USE enum err index_each(struct index *x, const struct index_list *list, uint64_t height,
                             uint32_t index, index_visit *visit, void *user);
/* The first block whose time is not before this; UINT64_MAX: there is none yet. */
MUST_USE enum err index_height_since(struct index *x, uint64_t time_ms, uint64_t *height);
typedef enum err index_attachment_visit(void *user, const struct index_attachment *a, bool *more);
MUST_USE enum err index_each_attachment(struct index *x, const struct hash *commitment,
                                        index_attachment_visit *visit, void *user);

/* Small duties that outlive a restart (attach.c): keys in order, values as they are. */
MUST_USE enum err index_task_put(struct index *x, struct bytes key, struct bytes value);
MUST_USE enum err index_task_del(struct index *x, struct bytes key);
MUST_USE enum err index_each_task(struct index *x, struct bytes from, kv_visit *visit, void *user);

#endif
