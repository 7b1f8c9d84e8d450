/* sim_node — one machine of the simulated space: its process, its disk and its clock. */
#ifndef CARNET_SIM_SIM_NODE_INTERNAL_H
#define CARNET_SIM_SIM_NODE_INTERNAL_H

#include "contract/contract.h"
#include "node/replica.h"
#include "sim/sim.h"
#include "sim/sim_disk_internal.h"

struct world;
struct sim_liar;

struct sim_home {
    struct contract_env env;
    struct contract_table table;
};

/* One seat hears the commit votes of some views, and nobody else does; then it is cut off. What it
 * alone has committed must stand in every later view. */
struct sim_lonely {
    uint32_t seat;            /* UINT32_MAX: nobody */
    uint64_t view;            /* the newest whose commit votes are lost */
    uint64_t tips_until_view; /* up to here prepare votes for all but the lowest height are lost */
    uint64_t hears_until_ms, until_ms;
};
struct sim_node {
    struct world *world;
    uint32_t slot, index;  /* place in world.node; participant: two copies have one */
    struct sim_liar *liar; /* NULL: honest */
    bool up;
    uint64_t run, restart_ms, tick_ms;
    bool flush_due, voting;
    bool syncing; /* its disk syncs while it goes on */
    uint32_t syncs;
    bool victim;     /* its disk may lose what it synced: counts among the f */
    bool forgot;     /* and has */
    bool stays_down; /* one of those that nobody heals */
    bool refused[SIM_FORGERIES]; /* for its signature */
    int64_t skew_ms;
    bool skewed; /* its clock has jumped, and it has not stepped since */
    uint32_t slow_ms; /* of each flush */
    struct sim_disk disk, backup;
    struct sim_store store, backup_store;
    bool backed_up;
    struct epoch_seed seed, next_seed;
    struct sim_home *home; /* pages of its own: this, then the law's memory, then the arena */
    size_t home_size, mapping_size;
    void *mapping;
    uint8_t *memory;
    size_t memory_size;
    uint8_t *law_memory;
    struct replica *replica;
    uint64_t told; /* height last told as committed; UINT64_MAX: nothing yet in this run */
    uint32_t view_changes, views_before;
    uint64_t asked, opened; /* views last spoken of in the transcript */
};

/* sim_guard.c: each node's memory, which nobody else may write */
MUST_USE enum err sim_home_open(struct sim_node *n, size_t memory_size, bool huge);
void sim_home_close(struct sim_node *n);
bool sim_guard_open(struct world *w); /* whether this seed is one of those */
void sim_guard_close(struct world *w);
/* Around every call into a replica; gives and takes who was stepping before. */
struct sim_node *sim_enter(struct world *w, struct sim_node *n);
void sim_leave(struct world *w, struct sim_node *before);
void sim_guard_look(struct world *w);

#endif
