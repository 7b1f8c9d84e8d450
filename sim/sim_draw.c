#include "ledger/block.h"
#include "sim/sim_event_internal.h"

/* What one seed of many runs with: every size, and every fault half of the time. */

/* Two seconds of CPU at most: more seats make more events of the same time, so it gets shorter. */
enum {
    EVENTS = 30000,
    EVENTS_LESS_A_SEAT = 600,
    DEAR_NODES_MAX = 7,
    GUARDED_OF = 50,
    GUARDED_SEED = 13,
    MEMBERS_OF = 3,
    MEMBERS_SEED = 1,
    LAW_THOUSANDTHS = 333,
    FLOOD_THOUSANDTHS = 200,
    ORDERS_MAX = 6
};

bool sim_guarded(uint64_t seed)
{
    return seed % GUARDED_OF == GUARDED_SEED;
}

/* Real signatures, and memory that is closed and opened, cost time of their own. */
static uint32_t draw_steps(uint64_t seed, uint32_t nodes)
{
    uint32_t steps = EVENTS - EVENTS_LESS_A_SEAT * (nodes - 4);
    return seed % 10 == 7 ? steps / 2 : sim_guarded(seed) ? steps / 3 : steps;
}

/* Out of a hundred seeds; a range is drawn from evenly. */
static const struct {
    uint32_t share, least, most;
} SIZE[] = { { 45, 4, 4 }, { 10, 5, 6 }, { 20, 7, 7 }, { 12, 8, 13 }, { 13, 14, SIM_NODES_MAX } };

static uint32_t draw_nodes(struct sim_random *r, bool dear)
{
    uint64_t die = sim_below(r, 100);
    for (size_t i = 0; i < COUNT(SIZE); i++) {
        if (die < SIZE[i].share) {
            uint32_t most = dear && SIZE[i].most > DEAR_NODES_MAX ? DEAR_NODES_MAX : SIZE[i].most;
            uint32_t least = SIZE[i].least < most ? SIZE[i].least : most;
            return least + (uint32_t)sim_below(r, most - least + 1);
        }
        die -= SIZE[i].share;
    }
    return 4;
}

void sim_draw(uint64_t seed, struct sim_options *o)
{
    struct sim_random r = { seed ^ 0x5eed5eed5eed5eed };
    o->seed = seed;
    o->nodes = draw_nodes(&r, seed % 10 == 7 || sim_guarded(seed));
    o->steps = draw_steps(seed, o->nodes);
    o->faults = (uint32_t)sim_next(&r) & ((1u << SIM_BYZANTINE) - 1);
    o->liars = 0;
    uint32_t f = committee_faulty_max(o->nodes);
    if (sim_chance(&r, 650)) {
        o->liars = 1 + (uint32_t)sim_below(&r, f);
        o->faults |= 1u << SIM_BYZANTINE;
    }
    if (o->liars == f) {
        o->faults &= ~(uint32_t)SIM_AMONG_F;
    }
    /* Where nodes begin anew time limits are short: most runs have long ones. */
    if (!sim_chance(&r, 600)) {
        o->faults &= ~(1u << SIM_WIPE | 1u << SIM_PRUNE);
    }
    /* In some its epochs are short, so they say less of what takes time within one. */
    if (o->nodes < SIM_NODES_MAX && seed % MEMBERS_OF == MEMBERS_SEED) {
        o->faults |= 1u << SIM_MEMBERS;
    }
    /* Tokens and rights need a law, and each restart opens it anew: these runs are shorter. */
    if (!sim_chance(&r, LAW_THOUSANDTHS)) {
        o->pack_set = (struct bytes){ NULL, 0 };
    } else {
        o->steps -= o->steps / 4;
    }
    o->orders = 1 + (uint32_t)sim_below(&r, ORDERS_MAX);
    if (sim_chance(&r, FLOOD_THOUSANDTHS)) {
        o->faults |= 1u << SIM_FLOOD;
    }
}
