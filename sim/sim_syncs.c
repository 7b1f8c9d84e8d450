#include "sim/sim_parts_internal.h"

/* Syncs of the logs that go on beside a node, as the daemon's do. */

/* A sync that lasts while messages come in: its end is an event, unless the node waits for it. */
enum err sim_port_sync(void *ctx, const char *const *log, uint32_t count)
{
    struct sim_node *n = ctx;
    struct world *w = n->world;
    for (uint32_t i = 0; i < count; i++) {
        sim_disk_sync_begin(&n->disk, log[i]);
    }
    n->syncing = true;
    n->syncs++;
    sim_schedule(w, (struct sim_event){ .at_ms = w->now_ms + sim_below(&w->random, 8 + n->slow_ms),
                                        .kind = SIM_SYNCED,
                                        .to = n->slot,
                                        .from = n->syncs,
                                        .run = n->run });
    return ERR_NONE;
}

enum err sim_port_sync_wait(void *ctx)
{
    struct sim_node *n = ctx;
    n->syncing = false;
    return sim_disk_sync_end(&n->disk);
}

void sim_synced(struct world *w, struct sim_node *n, const struct sim_event *e, uint64_t now_ms)
{
    if (!n->up || n->run != e->run || !n->syncing || n->syncs != e->from) {
        return; /* it was waited for, or died with its process */
    }
    n->syncing = false;
    struct sim_node *before = sim_enter(w, n);
    replica_synced(n->replica, now_ms, sim_disk_sync_end(&n->disk));
    sim_leave(w, before);
    sim_after(w, n);
}
