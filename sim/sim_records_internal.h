/* sim_records — what the rig remembers of votes and blocks. */
#ifndef CARNET_SIM_SIM_RECORDS_INTERNAL_H
#define CARNET_SIM_SIM_RECORDS_INTERNAL_H

#include "contract/contract.h"
#include "sim/sim.h"

/* What the rig remembers of a seat's own words, across all its restarts. */
struct sim_vote {
    bool used;
    uint32_t seat, kind;
    uint64_t epoch, view, height;
    struct hash block;
};

struct sim_block {
    struct hash hash, state_root, receipt_root;
    uint32_t tx_count;
    uint8_t *wire; /* as it was committed first: whatever nodes prune, this is here */
    size_t len;
};
/* The change of the committee that is under way. */
struct sim_members {
    uint32_t step, tx, who, founder;
    enum contract_seat_verb verb;
    bool rekeyed;
    struct seat_change change;
    struct hash value, proposal, sits; /* and whose block was the last */
    uint64_t number, since_ms;
};
struct sim_label {
    uint64_t height;
    struct hash block;
    char letter;
};

#endif
