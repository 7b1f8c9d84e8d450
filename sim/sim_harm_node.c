#include "sim/sim_parts_internal.h"

/* What goes wrong with machines: power, disks, clocks and operators. */

enum { SKEW_MS_MAX = 2000, SLOW_MS_MAX = 300 };

/* At one of the next writing calls, which leaves a part of what it was given. */
static void stop_in_a_write(struct world *w, struct sim_node *n)
{
    n->disk.crash_after = 1 + sim_below(&w->random, 6);
    n->disk.part = (uint32_t)sim_below(&w->random, 1000);
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
        stop_in_a_write(w, n);
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
    if (sim_disk_rot(&n->disk, "blocks", sim_next(r))) {
        sim_line(w, "n%u: a byte of the block log rots", n->index);
        sim_node_crash(w, n->index);
    }
}

static void harm_clock(struct world *w)
{
    struct sim_random *r = &w->random;
    struct sim_node *n = &w->node[sim_below(r, w->nodes)];
    n->skew_ms = (int64_t)sim_below(r, 2 * SKEW_MS_MAX) - SKEW_MS_MAX;
    n->skewed = true;
    sim_line(w, "n%u: the clock is %lld ms off", n->index, (long long)n->skew_ms);
}

static void harm_speed(struct world *w)
{
    struct sim_random *r = &w->random;
    struct sim_node *n = &w->node[sim_below(r, w->nodes)];
    n->slow_ms = n->slow_ms > 0 ? 0 : 1 + (uint32_t)sim_below(r, SLOW_MS_MAX);
    sim_line(w, "n%u: a flush takes up to %u ms", n->index, n->slow_ms);
}

/* ---- disks that lose what they had synced ------------------------------------------------------
 */

static struct sim_node *some_victim(struct world *w)
{
    uint32_t from = (uint32_t)sim_below(&w->random, w->nodes);
    for (uint32_t i = 0; i < w->nodes; i++) {
        struct sim_node *n = &w->node[(from + i) % w->nodes];
        if (n->victim) {
            return n;
        }
    }
    return NULL;
}

/* The liars and those whose disks forget are together no more than f. */
void sim_choose_victims(struct world *w)
{
    uint32_t spare = committee_faulty_max(w->seats) - w->liars;
    if ((w->options.faults & SIM_AMONG_F) == 0) {
        return;
    }
    w->victims = 1 + (uint32_t)sim_below(&w->random, spare);
    for (uint32_t k = 0; k < w->victims; k++) {
        uint32_t i = (uint32_t)sim_below(&w->random, w->seats);
        while (w->node[i].liar != NULL || w->node[i].victim) {
            i = (i + 1) % w->seats;
        }
        w->node[i].victim = true;
        sim_line(w, "n%u: its disk is not to be trusted", i);
    }
    /* An observer has no seat, and counts among nobody; unless it may get one. */
    if (w->nodes > w->seats && !sim_asked(w, SIM_MEMBERS)) {
        w->node[w->seats].victim = true;
    }
}

static void forget(struct world *w, struct sim_node *n, enum sim_fault how, const char *what)
{
    n->forgot = true;
    w->result->delivered[how]++;
    sim_line(w, "n%u: %s", n->index, what);
}

/* An operator keeps what the disk holds, and one day puts it back. The seed of the epoch keys is in
 * no backup (FORMATS 13). */
static void operate(struct world *w, struct sim_node *n)
{
    if (n->backed_up && sim_chance(&w->random, 700)) {
        n->backed_up = false;
        sim_disk_copy(&n->backup, &n->disk);
        sim_store_free(&n->store);
        enum err e = sim_store_copy(&n->backup_store, &n->store);
        ASSERT(e == ERR_NONE);
        forget(w, n, SIM_RESTORE, "an old disk is put back");
    } else if (!n->backed_up) {
        n->backed_up = true;
        sim_disk_copy(&n->disk, &n->backup);
        enum err e = sim_store_copy(&n->store, &n->backup_store);
        ASSERT(e == ERR_NONE);
    }
}

void sim_harm_off(struct world *w, struct sim_node *n)
{
    struct sim_random *r = &w->random;
    if (!n->victim || w->healed) {
        return;
    }
    if (sim_asked(w, SIM_RESTORE)) {
        operate(w, n);
    }
    if (sim_asked(w, SIM_WIPE) && sim_chance(r, 300)) {
        n->backed_up = false; /* what was kept of the machine is gone with it */
        sim_wipe_disk(n);
        forget(w, n, SIM_WIPE, "the disk is new and empty");
    }
    if (sim_asked(w, SIM_LOST) && sim_chance(r, 400)) {
        /* The block log is many files: each of them may be the one. */
        const char *log = sim_chance(r, 500) ? "votes" : "blocks";
        if (sim_disk_lose(&n->disk, log, sim_next(r))) {
            forget(w, n, SIM_LOST, "the disk loses what it had synced");
        }
    }
}

/* Its next write goes astray, or its power fails. */
static void harm_victim(struct world *w)
{
    struct sim_random *r = &w->random;
    struct sim_node *n = some_victim(w);
    if (n == NULL || !n->up) {
        return;
    }
    if (sim_asked(w, SIM_MISDIRECT) && sim_chance(r, 500)) {
        n->forgot = true;
        n->disk.misdirect = true;
        n->disk.where = sim_next(r);
        sim_line(w, "n%u: the next write goes astray", n->index);
        return;
    }
    sim_node_crash(w, n->slot);
}

void sim_harm_nodes(struct world *w)
{
    struct sim_random *r = &w->random;
    if (sim_strikes(w, SIM_CRASH, 100)) {
        harm_nodes(w);
    }
    if (sim_strikes(w, SIM_DISK, 150)) {
        harm_disk(w);
    }
    if (sim_strikes(w, SIM_DISK, 60)) {
        rot(w);
    }
    if (sim_strikes(w, SIM_TORN, 60)) {
        stop_in_a_write(w, &w->node[sim_below(r, w->nodes)]);
    }
    if (sim_strikes(w, SIM_SKEW, 50)) {
        harm_clock(w);
    }
    if (sim_strikes(w, SIM_PRUNE, 60)) {
        sim_prune(w, &w->node[sim_below(r, w->nodes)]);
    }
    if (sim_strikes(w, SIM_SLOW, 80)) {
        harm_speed(w);
    }
    if (w->victims > 0 && sim_chance(r, 100)) {
        harm_victim(w);
    }
}
