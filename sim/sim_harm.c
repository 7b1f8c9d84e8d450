#include "sim/sim_parts_internal.h"

/* What goes wrong, and when: from the seed alone. */

static bool asked(const struct world *w, enum sim_fault f)
{
    return (w->options.faults >> f & 1) != 0;
}

static void harm_network(struct world *w)
{
    struct sim_random *r = &w->random;
    if (asked(w, SIM_DROP)) {
        w->drop_thousandths = sim_chance(r, 600) ? (uint32_t)sim_below(r, 300) : 0;
    }
    if (asked(w, SIM_DELAY)) {
        w->delay_max_ms = sim_chance(r, 600) ? 10 + (uint32_t)sim_below(r, 3000) : 0;
    }
}

static void cut(struct world *w, uint32_t from, uint32_t to, uint64_t until_ms)
{
    if (from != to && until_ms > w->cut_until_ms[from][to]) {
        w->cut_until_ms[from][to] = until_ms;
    }
}

/* A group apart, one node deaf, one node mute, or one direction of one link. */
static void harm_links(struct world *w)
{
    struct sim_random *r = &w->random;
    uint64_t until = w->now_ms + 200 + sim_below(r, 5000);
    uint64_t shape = sim_below(r, 4);
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
    sim_line(w, "links are cut (shape %u) until %llu", (unsigned)shape,
             (unsigned long long)(until - w->start_ms));
}

static void crash_all(struct world *w)
{
    for (uint32_t i = 0; i < w->slots; i++) {
        if (w->node[i].up) {
            sim_node_crash(w, i);
        }
    }
}

/* At once, or at the n-th writing call from now: between two syncs, between sync and send. */
static void harm_nodes(struct world *w)
{
    struct sim_random *r = &w->random;
    struct sim_node *n = &w->node[sim_below(r, w->slots)];
    bool together = w->options.mutant != SIM_MUTANT_NONE || sim_chance(r, 100);
    if (together) {
        crash_all(w);
    } else if (n->up && sim_chance(r, 500)) {
        n->disk.crash_after = 1 + sim_below(r, 6);
    } else if (n->up) {
        sim_node_crash(w, n->slot);
    }
}

static void harm_disk(struct world *w)
{
    struct sim_random *r = &w->random;
    struct sim_node *n = &w->node[sim_below(r, w->nodes)];
    if (n->disk.full || n->disk.sync_fails) {
        n->disk.full = false;
        n->disk.sync_fails = false;
        return;
    }
    n->disk.full = sim_chance(r, 600);
    n->disk.sync_fails = !n->disk.full;
    n->disk.part = (uint32_t)sim_below(r, 1000);
    sim_line(w, "n%u: the disk %s", n->index, n->disk.full ? "is full" : "fails to sync");
}

/* Bytes that were synced rot. At most one node at a time, and never the only one: what no disk
 * holds any more is lost. */
static void rot(struct world *w)
{
    struct sim_random *r = &w->random;
    struct sim_node *n = &w->node[sim_below(r, w->nodes)];
    if (w->nodes < 2) {
        return;
    }
    for (uint32_t i = 0; i < w->nodes; i++) {
        struct sim_node *other = &w->node[i];
        if (other->liar != NULL && other != n) {
            continue;
        }
        if (!other->up || replica_status(other->replica).syncing ||
            replica_status(other->replica).disk_failed || other->told < n->told) {
            return;
        }
    }
    if (sim_disk_rot(&n->disk, "blocks.log", sim_next(r))) {
        sim_line(w, "n%u: a byte of the block log rots", n->index);
        sim_node_crash(w, n->index);
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
    harm_network(w);
    if (asked(w, SIM_PARTITION) && sim_chance(r, 120)) {
        harm_links(w);
    }
    if (asked(w, SIM_CRASH) && sim_chance(r, 100)) {
        harm_nodes(w);
    }
    if (asked(w, SIM_DISK) && sim_chance(r, 150)) {
        harm_disk(w);
    }
    if (asked(w, SIM_DISK) && sim_chance(r, 60)) {
        rot(w);
    }
    sim_schedule(
        w, (struct sim_event){ .at_ms = w->now_ms + 50 + sim_below(r, 400), .kind = SIM_CHAOS });
}

void sim_heal(struct world *w)
{
    w->healed = true;
    w->drop_thousandths = 0;
    w->delay_max_ms = 0;
    w->dead_primary = UINT32_MAX;
    sim_line(w, "everything is healed");
    for (uint32_t i = 0; i < w->slots; i++) {
        struct sim_node *n = &w->node[i];
        n->disk.full = false;
        n->disk.sync_fails = false;
        n->disk.crash_after = 0;
        for (uint32_t j = 0; j < w->nodes && i < w->nodes; j++) {
            w->cut_until_ms[i][j] = 0;
        }
        if (!n->up) {
            sim_schedule(w, (struct sim_event){ .at_ms = w->now_ms, .kind = SIM_RESTART, .to = i });
        }
    }
}
