/* seat_keys — which consensus keys this node has on disk: those that sign, and those that its seat
 * is to be given (FORMATS 13). The seat's root on the ledger says which of them sign.
 *
 * Leaves of a key tree can be made from its first seed only, and are public, so they are kept.
 * Page: docs/daemon.md, "New keys for a seat" */
#ifndef CARNET_NODE_SEAT_KEYS_INTERNAL_H
#define CARNET_NODE_SEAT_KEYS_INTERNAL_H

#include "node/node_internal.h"

/* Before the replica opens. Keys whose leaves are gone are no error: such a node watches. */
MUST_USE enum err seat_keys_open(struct node *n);
void seat_keys_close(struct node *n);
/* After it: whether the seat is one that this node has keys for. */
void seat_keys_say(const struct node *n);
/* Takes up new keys that lie there, and makes them the node's own once their first block is
 * durable. Cheap when there is nothing to do. */
void seat_keys_tick(struct node *n);

#endif
