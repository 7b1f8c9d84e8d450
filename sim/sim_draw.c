#include "ledger/block.h"
#include "sim/sim_event_internal.h"

/* What one seed of many runs with: every size, and every fault half of the time. */

/* Two seconds of CPU at most: more seats make more events of the same time, so it gets shorter. */
enum { EVENTS = 30000, REAL_SUITE_NODES_MAX = 7 };

/* Out of a hundred seeds; a range is drawn from evenly. */
static const struct {
    uint32_t share, least, most;
} SIZE[] = { { 45, 4, 4 }, { 10, 5, 6 }, { 20, 7, 7 }, { 12, 8, 13 }, { 13, 14, SIM_NODES_MAX } };

static uint32_t draw_nodes(struct sim_random *r, bool real)
{
    uint64_t die = sim_below(r, 100);
    for (size_t i = 0; i < COUNT(SIZE); i++) {
        if (die < SIZE[i].share) {
            uint32_t most =
                real && SIZE[i].most > REAL_SUITE_NODES_MAX ? REAL_SUITE_NODES_MAX : SIZE[i].most;
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
    o->nodes = draw_nodes(&r, seed % 10 == 7);
    o->steps = seed % 10 == 7 ? EVENTS / 2 : o->nodes > 7 ? EVENTS + EVENTS / 2 : EVENTS;
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
}
