#include "sim/sim_parts_internal.h"

/* What goes wrong, and when: from the seed alone. */

enum { FLOOD_LEAST = 40, FLOOD_MORE = 60 };

bool sim_asked(const struct world *w, enum sim_fault f)
{
    return (w->options.faults >> f & 1) != 0;
}

/* Past its steps a run waits for what has not come: what has come rests, so that the network gets
 * on, and what has not comes oftener. */
static bool rages(const struct world *w, enum sim_fault f)
{
    bool lags = f == SIM_CRASH || f == SIM_PARTITION || f == SIM_ONEWAY;
    bool unserved = sim_asked(w, SIM_FALSE_SYNC) && w->result->delivered[SIM_FALSE_SYNC] == 0;
    /* Lies about blocks need somebody who has missed some. */
    return sim_asked(w, f) && (!w->late || w->result->delivered[f] == 0 || (lags && unserved));
}

bool sim_strikes(struct world *w, enum sim_fault f, uint32_t per_thousand)
{
    enum { LATE_TIMES = 4 };
    return rages(w, f) && sim_chance(&w->random, per_thousand * (w->late ? LATE_TIMES : 1));
}

static void harm_network(struct world *w)
{
    struct sim_random *r = &w->random;
    if (rages(w, SIM_DROP)) {
        w->drop_thousandths = sim_chance(r, 600) ? (uint32_t)sim_below(r, 300) : 0;
    }
    if (rages(w, SIM_DELAY)) {
        w->delay_max_ms = sim_chance(r, 600) ? 10 + (uint32_t)sim_below(r, 3000) : 0;
    }
    if (rages(w, SIM_DUPLICATE)) {
        w->double_thousandths = sim_chance(r, 600) ? (uint32_t)sim_below(r, 300) : 0;
    }
    if (rages(w, SIM_DEAF)) {
        w->deaf_thousandths = sim_chance(r, 700) ? (uint32_t)sim_below(r, 500) : 0;
    }
    if (rages(w, SIM_FALSE_SYNC)) {
        w->false_thousandths = sim_chance(r, 700) ? (uint32_t)sim_below(r, 1000) : 0;
    }
    if (sim_strikes(w, SIM_LONELY, 20)) {
        sim_make_lonely(w);
    }
    if (rages(w, SIM_REORDER)) {
        w->jitter_ms = sim_chance(r, 600) ? 2 + (uint32_t)sim_below(r, 200) : 0;
    }
}

static void cut(struct world *w, uint32_t from, uint32_t to, uint64_t until_ms)
{
    if (from != to && until_ms > w->cut_until_ms[from][to]) {
        w->cut_until_ms[from][to] = until_ms;
    }
}

/* One node deaf, one node mute, a group apart, or one direction of one link. */
static void harm_links(struct world *w, bool oneway)
{
    static const char *const SHAPE[] = { "nobody reaches", "nobody hears", "the net is split",
                                         "one link is cut" };
    struct sim_random *r = &w->random;
    uint64_t until = w->now_ms + (200 + sim_below(r, 5000)) / w->pace;
    uint64_t shape = oneway ? sim_below(r, 3) : 2;
    shape = oneway && shape == 2 ? 3 : shape;
    uint64_t group = sim_next(r);
    uint32_t one = (uint32_t)sim_below(r, w->nodes), two = (uint32_t)sim_below(r, w->nodes);
    for (uint32_t i = 0; i < w->nodes; i++) {
        if (shape == 0) {
            cut(w, i, one, until);
        } else if (shape == 1) {
            cut(w, one, i, until);
        }
        for (uint32_t j = 0; shape == 2 && j < w->nodes; j++) {
            if ((group >> i & 1) != (group >> j & 1)) {
                cut(w, i, j, until);
            }
        }
    }
    if (shape == 3) {
        cut(w, one, two, until);
    }
    unsigned long long end = until - w->start_ms;
    if (shape < 2) {
        sim_line(w, "%s n%u until %llu", SHAPE[shape], one, end);
    } else {
        sim_line(w, "%s until %llu", SHAPE[shape], end);
    }
}

static void lose_votes(struct world *w)
{
    if (w->options.lose_votes_ms == 0 || w->votes_lost || w->nodes < 2 ||
        w->now_ms < w->start_ms + w->options.lose_votes_ms || !w->node[1].up) {
        return;
    }
    w->votes_lost = true;
    sim_node_crash(w, 1);
    sim_disk_remove(&w->node[1].disk, "votes.log");
    sim_line(w, "n1 loses its vote log");
}

static void kill_primary(struct world *w)
{
    if (w->options.kill_primary_ms == 0 || w->dead_primary != UINT32_MAX ||
        w->now_ms < w->start_ms + w->options.kill_primary_ms) {
        return;
    }
    for (uint32_t i = 0; i < w->nodes; i++) {
        if (w->node[i].up) {
            uint32_t primary = replica_status(w->node[i].replica).pbft.primary;
            w->dead_primary = primary;
            sim_node_crash(w, primary);
            return;
        }
    }
}

void sim_harm(struct world *w)
{
    if (w->healed) {
        return;
    }
    struct sim_random *r = &w->random;
    kill_primary(w);
    lose_votes(w);
    sim_wipe(w);
    harm_network(w);
    if (sim_strikes(w, SIM_PARTITION, 120)) {
        harm_links(w, false);
    }
    if (sim_strikes(w, SIM_ONEWAY, 120)) {
        harm_links(w, true);
    }
    if (sim_strikes(w, SIM_FLOOD, 40)) {
        w->flooder = (uint32_t)sim_below(r, w->genesis.participant_count);
        w->flood = FLOOD_LEAST + (uint32_t)sim_below(r, FLOOD_MORE);
        sim_line(w, "participant %u sends %u at once", w->flooder, w->flood);
    }
    sim_harm_nodes(w);
    sim_schedule(w, (struct sim_event){ .at_ms = w->now_ms + (50 + sim_below(r, 400)) / w->pace,
                                        .kind = SIM_CHAOS });
}

/* A quorum is enough: of the f that may fail, those who neither lie nor forget may stay dead. */
static void leave_some(struct world *w)
{
    uint32_t spare = committee_faulty_max(w->seats) - w->liars - w->victims;
    uint64_t dead = sim_asked(w, SIM_CRASH) ? sim_below(&w->random, spare + 1) : 0;
    sim_line(w, dead > 0 ? "all but %llu nodes are healed" : "everything is healed",
             (unsigned long long)dead);
    for (; dead > 0; dead--) {
        uint32_t i = (uint32_t)sim_below(&w->random, w->seats);
        while (w->node[i].liar != NULL || w->node[i].victim || w->node[i].stays_down ||
               i == w->true_server) {
            i = (i + 1) % w->seats;
        }
        w->node[i].stays_down = true;
        if (w->node[i].up) {
            sim_node_crash(w, i);
        }
    }
}

/* The weather is good, no link is cut, and disks take what they are given. */
static void calm(struct world *w)
{
    w->drop_thousandths = 0;
    w->delay_max_ms = 0;
    w->double_thousandths = 0;
    w->jitter_ms = 0;
    w->deaf_thousandths = 0;
    w->false_thousandths = 0;
    w->lonely.seat = UINT32_MAX;
    for (uint32_t i = 0; i < w->slots; i++) {
        w->node[i].disk.full = false;
        w->node[i].disk.sync_fails = false;
        w->node[i].slow_ms = 0;
        for (uint32_t j = 0; j < w->nodes && i < w->nodes; j++) {
            w->cut_until_ms[i][j] = 0;
        }
    }
}

void sim_harm_late(struct world *w)
{
    w->late = true;
    calm(w);
    sim_line(w, "from here on only what has not come yet");
}

void sim_heal(struct world *w)
{
    w->healed = true;
    sim_guard_close(w);
    calm(w);
    w->first_probe = w->tx_count;
    w->dead_primary = UINT32_MAX;
    leave_some(w);
    for (uint32_t i = 0; i < w->slots; i++) {
        struct sim_node *n = &w->node[i];
        n->disk.crash_after = 0;
        n->disk.misdirect = false;
        if (!n->up && !n->stays_down) {
            sim_schedule(w, (struct sim_event){ .at_ms = w->now_ms, .kind = SIM_RESTART, .to = i });
        }
    }
}
