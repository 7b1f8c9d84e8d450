/* anchors — what a node was told of its space's chain beside the genesis file (FORMATS 13). */
#ifndef CARNET_NODE_ANCHORS_INTERNAL_H
#define CARNET_NODE_ANCHORS_INTERNAL_H

#include "ledger/trust.h"
#include "node/node.h"

enum { ANCHOR_NAME_SIZE = 72 };

struct anchors {
    uint32_t count;
    struct bytes certified[TRUST_ANCHORS_MAX]; /* in `memory` */
    char name[TRUST_ANCHORS_MAX][ANCHOR_NAME_SIZE];
    uint8_t *memory;
    char said[NODE_WHY_SIZE]; /* why the replica did not start */
};

/* Against the genesis alone, before anything of the space is opened; they are copied. */
MUST_USE enum err anchors_open(struct anchors *x, const struct suite *s, const struct genesis *g,
                               const struct node_options *o, char why[NODE_WHY_SIZE]);
void anchors_close(struct anchors *x);
void anchors_told(struct anchors *x, const struct replica_anchor *told); /* to the log, `said` */

#endif
