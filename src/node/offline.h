/* offline — what is done to a node's directory while no node runs in it: no key is opened, nothing
 * is sent. Page: docs/daemon.md */
#ifndef CARNET_NODE_OFFLINE_H
#define CARNET_NODE_OFFLINE_H

#include <stdio.h>

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
/* Drop the index and the folded state: the next start makes them again from the block log. Where
 * the log does not begin at genesis: ERR_PRUNED; with `forget` the index is dropped alone, begins
 * again where the folded state stands, and says so in its answers; *from is that height, else 0. */
MUST_USE enum err offline_reindex(const char *dir, uint32_t index, bool forget, uint64_t *from,
                                  char why[NODE_WHY_SIZE]);

/* An archive: blocks `from` to `to`, and the state after block `state` when that is not 0. */
struct offline_archive {
    uint64_t from, to, state;
};
/* Write what the node keeps, or a part of it. want->from, want->to: 0 is as far as there is; `to`
 * goes on to the next block that has a certificate. want->state not 0: with the folded state, and
 * of the blocks only those that whoever begins from it needs; without `from`, a node that has
 * pruned gives its state too. ERR_BUSY: a node runs there; ERR_PRUNED, ERR_RANGE, ERR_NOT_FOUND (no
 * block, or the epoch's keys are not known any more), ERR_UNAVAILABLE (the state stands at a block
 * without a certificate), ERR_DISK_FULL. */
MUST_USE enum err offline_export(const char *dir, uint32_t index,
                                 const struct offline_archive *want, FILE *to,
                                 struct offline_archive *out, char why[NODE_WHY_SIZE]);
/* Check all of it, then append what the node has not yet; one that has nothing begins from the
 * state if there is one. `caller` is asked where the committee has changed (trust.h). Cut off at
 * any instant and called again, it goes on. *height is where the node's log stands then.
 * ERR_INTEGRITY: nothing was written; ERR_STATE: it does not join this node's blocks; ERR_BUSY,
 * ERR_DISK_FULL. The next start of the node executes the blocks. */
MUST_USE enum err offline_import(const char *dir, uint32_t index, FILE *from,
                                 const struct proof_caller *caller, struct offline_archive *out,
                                 uint64_t *height, char why[NODE_WHY_SIZE]);
/* Only check it, with the genesis file and nothing of a node. */
MUST_USE enum err offline_check(struct bytes genesis, FILE *from, const struct proof_caller *caller,
                                struct offline_archive *out, char why[NODE_WHY_SIZE]);

#endif
