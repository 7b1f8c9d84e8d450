/* replica_seats — who sits on the committee, as a node's committed state says. */
#ifndef CARNET_NODE_REPLICA_SEATS_INTERNAL_H
#define CARNET_NODE_REPLICA_SEATS_INTERNAL_H

#include "ledger/committee.h"

/* Keys are kept by the root they lead to, so that it does not matter which seat it is. */
struct key_row {
    bool used;
    struct hash root;
};
struct seating {
    struct committee now;    /* certifies what follows the committed block */
    struct committee before; /* the one before it; count 0: none */
    struct committee older;  /* asked for last, of an epoch before both */
    uint64_t older_epoch;
    uint64_t told;             /* number of the committee that consensus has heard of */
    struct epoch_seed *seed; /* of the own seat; NULL: an observer */
    const struct hash *leaves;
    uint32_t hand_overs; /* kept on disk, from genesis on */
    uint64_t hand_over_ms;
    uint32_t rows;
    struct key_row *row;
};

#endif
