/* heed — what governance decided about versions, and a node that does not know them (DESIGN 4). */
#ifndef CARNET_NODE_HEED_INTERNAL_H
#define CARNET_NODE_HEED_INTERNAL_H

#include "node/node_internal.h"

/* Tells a set that is to come, once. ERR_VERSION: the next block stands under one that this release
 * does not know, and *why says who does. */
MUST_USE enum err heed_versions(struct node *n, char why[NODE_WHY_SIZE]);
/* The same when the tip has moved; a node whose release ends there is stopped, with exit code 6. */
void heed_tip(struct node *n);

#endif
