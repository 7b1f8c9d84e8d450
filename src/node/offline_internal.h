/* A node's files under its lock, and its block log: what the commands on a directory share. */
#ifndef CARNET_NODE_OFFLINE_INTERNAL_H
#define CARNET_NODE_OFFLINE_INTERNAL_H

#include "node/blocklog_internal.h"
#include "node/node_internal.h"
#include "node/offline.h"

struct offline {
    struct node node;
    struct storage disk;
    struct blocklog log;
    void *memory;
    size_t size;
    struct arena work;
};

/* ERR_BUSY: a node runs there. */
MUST_USE enum err offline_open(const char *dir, uint32_t index, struct offline **out,
                               char why[NODE_WHY_SIZE]);
void offline_close(struct offline *o);
/* The folded state, opened; the caller closes it. */
MUST_USE enum err offline_store(struct offline *o, struct store **out);

#endif
