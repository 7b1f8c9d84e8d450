/* sim_broker — brokered rights in the simulator: what a broker and its disk are there. */
#ifndef CARNET_SIM_SIM_BROKER_INTERNAL_H
#define CARNET_SIM_SIM_BROKER_INTERNAL_H

#include "crypto/suite.h"
#include "transfer/broker.h"

enum { SIM_RIGHTS_MAX = 32 };

/* A brokered right: its broker, the broker's disk, and what nodes have told of it. */
struct sim_right {
    struct hash id, token;
    uint32_t grantor, holder;
    struct broker broker;
    bool to_store, to_submit, to_ask; /* effects not carried out */
    bool durable;                     /* the disk holds an answer: an index into tx[], and these */
    uint32_t answer, durable_use;
    uint32_t asked; /* the holder's newest word, as an index into tx[] + 1 */
    uint64_t window_ms;
    struct hash durable_wrap;
    bool granted;
    uint32_t used, pending, answered, delivered, counted; /* numbers of uses */
    uint64_t pending_until_ms;
    struct hash release, delivered_wrap;
};

#endif
