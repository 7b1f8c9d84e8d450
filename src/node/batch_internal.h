/* batch_internal — what a node keeps for batches: those being verified, and the leaf hashes of
 * blocks that were proved from just now, for the next one that asks. */
#ifndef CARNET_NODE_BATCH_INTERNAL_H
#define CARNET_NODE_BATCH_INTERNAL_H

#include "node/batch.h"

enum {
    BATCH_LEAVES_KEPT = 8,     /* blocks; 64 bytes a transaction of each */
    BATCH_PEER_FIRST = 1 << 16 /* to the workers a batch comes from this and its place: no peer */
};

struct batch_entry {
    bool used, done, forgotten;
    uint32_t serial, count;
    enum err *fared; /* malloc'ed */
};
struct batch_leaves {
    uint64_t height; /* 0: free */
    uint32_t count;
    struct hash *tx, *receipt; /* one malloc */
};
struct batches {
    uint32_t serial, next_leaves;
    struct batch_entry entry[NODE_BATCHES_MAX];
    struct batch_leaves leaves[BATCH_LEAVES_KEPT];
};

/* The workers are done with the batch in this place, whose good signatures are vouched for. */
void batch_verified(struct node *n, uint32_t place, struct bytes framed);
void batch_close(struct node *n);

#endif
