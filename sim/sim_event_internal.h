/* sim_event — chance, and what is going to happen when. */
#ifndef CARNET_SIM_SIM_EVENT_INTERNAL_H
#define CARNET_SIM_SIM_EVENT_INTERNAL_H

#include "sim/sim.h"

/* splitmix64: small, and the same everywhere. */
struct sim_random {
    uint64_t state;
};
uint64_t sim_next(struct sim_random *r);
uint64_t sim_below(struct sim_random *r, uint64_t limit); /* limit 0: 0 */
bool sim_chance(struct sim_random *r, uint32_t per_thousand);

bool sim_guarded(uint64_t seed); /* one of fifty: see sim_guard.c */

enum sim_event_kind {
    SIM_DELIVER,
    SIM_TICK,
    SIM_FLUSH,
    SIM_SYNCED,
    SIM_RESTART,
    SIM_CLIENT,
    SIM_CHAOS,
    SIM_ACT
};
struct sim_event {
    uint64_t at_ms, order;
    enum sim_event_kind kind;
    uint32_t to, from; /* a slot; a participant */
    uint32_t lie;      /* DELIVER: 1 + enum sim_lie when it is one; 0 */
    bool tampered;     /* DELIVER: a bit of what a server says was flipped */
    uint32_t faults;   /* DELIVER: bits of what befell it on its way */
    uint64_t run;      /* TICK, FLUSH, SYNCED: the node's incarnation it was meant for */
    uint8_t *message;
    size_t len;
};

#endif
