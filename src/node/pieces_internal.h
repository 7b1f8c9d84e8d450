/* pieces — what making a snapshot takes from block log and folded state, whoever makes it: a
 * running replica for its peers, or a command for an archive. */
#ifndef CARNET_NODE_PIECES_INTERNAL_H
#define CARNET_NODE_PIECES_INTERNAL_H

#include "ledger/snapshot.h"
#include "node/blocklog_internal.h"
#include "node/replica_ports.h"

enum { PIECES_LEAVES = 128 }; /* of the state in a piece, about */

uint32_t pieces_depth(uint32_t leaves);
/* Everything of a snapshot but its pieces. `tip` is the header that `certified` is about.
 * ERR_NOT_FOUND: the log does not reach down a whole window. */
MUST_USE enum err pieces_describe(const struct blocklog *b, const struct genesis *g,
                                  const struct header *tip, struct bytes certified,
                                  struct arena *keep, struct arena *work, struct snapshot *out);
/* One piece of the view that is pinned. ERR_SIZE: it is too large, cut finer. */
MUST_USE enum err pieces_make(const struct replica_ports *p, const struct suite *s, uint32_t depth,
                              uint32_t piece, size_t size_max, struct arena *work,
                              struct state_subtree *root, struct bytes *wire);

#endif
