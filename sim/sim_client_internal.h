/* sim_client — what the simulated clients remember: their transactions, and what these are about.
 */
#ifndef CARNET_SIM_SIM_CLIENT_INTERNAL_H
#define CARNET_SIM_SIM_CLIENT_INTERNAL_H

#include "crypto/suite.h"

struct sim_tx {
    struct hash id;
    uint8_t *wire;
    size_t len;
    uint64_t valid_until_ms, asked_ms;
    bool accepted;  /* some node said yes to the submission */
    bool committed; /* some node told its shell so */
    bool applied;   /* and its receipt says ok */
    bool told;      /* with its receipt, which says `status` */
    bool held;      /* its broker has not sent it */
    uint32_t status;
    uint64_t height;
};

/* A token that was asked for, and its newest seal and lock: they may exist or not. */
struct sim_token {
    struct hash id, seal, lock, grant; /* the latest lock and the grant that it pays for */
    uint32_t owner, payer;
    uint64_t until_ms;
};

#endif
