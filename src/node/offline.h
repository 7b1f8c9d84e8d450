/* offline — what is done to a node's directory while no node runs in it: no key is opened, nothing
 * is sent. Page: docs/daemon.md */
#ifndef CARNET_NODE_OFFLINE_H
#define CARNET_NODE_OFFLINE_H

#include "node/node.h"

struct offline_kept {
    uint64_t base; /* blocks at or below are not kept */
    uint64_t tip;
};
/* Drop whole files of the block log and keep at least the newest `keep` blocks, those whose
 * transactions may still be repeated, and those above the folded state. ERR_BUSY: a node runs
 * there; ERR_NOT_FOUND, ERR_CORRUPT, ERR_FAILED. */
MUST_USE enum err offline_prune(const char *dir, uint32_t index, uint64_t keep,
                                struct offline_kept *out, char why[NODE_WHY_SIZE]);
/* Drop the index and the folded state: the next start makes them again from the block log.
 * ERR_PRUNED: the log does not begin at genesis. */
MUST_USE enum err offline_reindex(const char *dir, uint32_t index, char why[NODE_WHY_SIZE]);

#endif
