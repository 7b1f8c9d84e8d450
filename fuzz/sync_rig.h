/* sync_rig — one node that lost its disk, true servers, and an input that decides what it hears.
 *
 * A small space runs once, in the simulator; its replicas then answer requests and never change.
 * The node under test is a real replica with an empty disk. Its requests go where the input says:
 * to a true answer, to one bent in a field, or to nobody. Nobody has the keys of a quorum, so
 * whatever is said
 * - its committed chain is the space's chain, and it never goes back, starts again or not;
 * - a peer that answered only the truth is never taken for a liar;
 * - it never breaks while its disk works;
 * - and when the lies end it comes all the way up, and may vote. */
#ifndef CARNET_FUZZ_SYNC_RIG_H
#define CARNET_FUZZ_SYNC_RIG_H

#include "node/replica_internal.h"
#include "sim/sim_parts_internal.h"

enum { SYNC_RIG_PEERS = 5, SYNC_RIG_ASKED = 64, SYNC_RIG_HEARD = 8, SYNC_RIG_SIZE_MAX = 1 << 20 };

struct sync_request {
    uint32_t to;
    struct bytes wire;
};

struct sync_rig {
    struct world *w; /* the space; its nodes only answer */
    uint32_t self;
    uint64_t now_ms, height; /* the highest that was durable */
    bool disk_faulty;        /* ever */
    bool syncing;            /* a sync beside the node is under way */
    bool up[SYNC_RIG_PEERS], lied[SYNC_RIG_PEERS];
    uint32_t asked;
    struct sync_request request[SYNC_RIG_ASKED]; /* a ring's worth, oldest first */
    uint32_t heards;
    struct bytes heard[SYNC_RIG_HEARD];
    struct sim_disk disk;
    struct sim_store store;
    struct epoch_seed seed;
    struct contract_env env;
    struct contract_table table;
    struct replica_config config;
    struct replica *replica;
    struct arena scratch;
};

/* `beside`: its logs are synced while messages come in, until sync_rig_land. */
void sync_rig_open(struct sync_rig *r, uint32_t self, uint64_t snapshot_gap, bool beside);
void sync_rig_close(struct sync_rig *r);
/* Start again from the disk as it is after a crash. */
void sync_rig_restart(struct sync_rig *r, uint64_t random);
void sync_rig_link(struct sync_rig *r, uint32_t peer, bool up);
/* `true_answer`: what an honest peer would say now. */
void sync_rig_hear(struct sync_rig *r, uint32_t peer, struct bytes wire, bool true_answer);
void sync_rig_say(struct sync_rig *r, uint32_t peer, const struct peer_message *m, bool honest);
void sync_rig_land(struct sync_rig *r); /* the sync under way is over */
void sync_rig_tick(struct sync_rig *r, uint64_t ms); /* and it lands before that */
/* The oldest request; false: none. */
bool sync_rig_take(struct sync_rig *r, struct sync_request *out);
/* What a true server answers; empty: nothing. */
struct bytes sync_rig_answer(struct sync_rig *r, uint32_t server, struct bytes request);
/* HELLO as an honest peer says it. */
void sync_rig_hello(struct sync_rig *r, uint32_t peer);
/* All that waits is answered truly. */
void sync_rig_serve(struct sync_rig *r);
/* The lies end, the disk works: it must come up. */
void sync_rig_heal(struct sync_rig *r);

#endif
