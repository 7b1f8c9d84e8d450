/* replica_batch — what waits for records to be durable: messages to be sent, commits to be told. */
#ifndef CARNET_NODE_REPLICA_BATCH_INTERNAL_H
#define CARNET_NODE_REPLICA_BATCH_INTERNAL_H

#include "node/replica.h"

enum {
    REPLICA_OUT_MAX = 1024,    /* messages of one batch */
    REPLICA_NOTICES_MAX = 128, /* commits of one batch not told yet */
    REPLICA_SYNC_LOGS = 2
};

struct out_message {
    uint64_t needs; /* goes when so many records are durable */
    uint32_t peer;
    struct bytes bytes;
};

/* A commit that the shell is told of once it is durable. */
struct notice {
    uint64_t needs;
    struct ledger_tip tip;
    const struct receipt *receipt;
    uint32_t receipt_count;
};

/* What waits for records to be durable, in order. There are two: the older one's memory comes free
 * when its sync is over, whatever has come since. */
struct batch {
    struct arena notice_arena, out_arena;
    uint32_t notice_count, notice_done, out_count, out_done;
    struct notice notice[REPLICA_NOTICES_MAX];
    struct out_message out[REPLICA_OUT_MAX];
};

#endif
