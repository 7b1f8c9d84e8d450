#include "sim/sim_parts_internal.h"

/* Nodes that begin anew: node 1 loses its disk, all but its keys, and comes back by snapshot; and
 * servers of snapshots that lie. */

enum { LIE_TAG_PIECE = 25, LIE_TAG_SNAPSHOT = 23 };

void sim_wipe(struct world *w)
{
    struct sim_node *n = &w->node[1];
    if (w->options.wipe_ms == 0 || w->wiped || w->nodes < 2 || !n->up ||
        w->now_ms < w->start_ms + w->options.wipe_ms) {
        return;
    }
    w->wiped = true;
    sim_node_crash(w, 1);
    for (uint32_t i = 0; w->options.prune && i < w->nodes; i++) {
        if (w->node[i].up) {
            sim_node_crash(w, i); /* and is pruned before it starts */
        }
    }
    sim_disk_free(&n->disk);
    sim_store_free(&n->store);
    enum err e = sim_store_open(&n->store);
    ASSERT(e == ERR_NONE);
    sim_line(w, "n1 loses its disk");
}

/* Tag 22 and above take two bytes: number << 3 | 2. */
static uint32_t number_of(struct bytes message)
{
    return message.len < 2 || message.ptr[0] < 0x80
               ? 0
               : ((message.ptr[0] & 0x7fU) | (uint32_t)message.ptr[1] << 7) >> 3;
}

/* All nodes but one honest server lie to node 1 once it is wiped: one bit of what they serve. */
bool sim_tamper(struct world *w, uint32_t from, uint32_t to, uint8_t *message, size_t len)
{
    uint32_t number = number_of(bytes_of(message, len));
    bool serves = number == LIE_TAG_SNAPSHOT || number == LIE_TAG_PIECE;
    if (!w->options.lying_servers || !serves || to != 1 || from == w->nodes - 1 || len < 64) {
        return false;
    }
    uint64_t at = 16 + sim_below(&w->random, len - 16);
    message[at] = (uint8_t)(message[at] ^ 1U << sim_below(&w->random, 8));
    w->told_lies++;
    return true;
}

/* A node drops what it need not keep. */
void sim_prune(struct world *w, struct sim_node *n)
{
    uint64_t base = 0;
    if (w->options.prune && w->wiped && n->index != 1 &&
        replica_prune(n->replica, 1, &base) == ERR_NONE && base > 0) {
        w->pruned++;
        sim_line(w, "n%u keeps blocks above %llu", n->index, (unsigned long long)base);
    }
}

/* Invariant "snapshot": wherever a node starts, it stands on what the others committed. */
void sim_check_stand(struct world *w, uint32_t node)
{
    struct replica_status s = replica_status(w->node[node].replica);
    uint64_t height = s.tip.height;
    if (s.snapshots > 0) {
        w->result->snapshots++;
        sim_line(w, "n%u begins from a snapshot at height %llu", node, (unsigned long long)height);
    }
    if (height > 0 && height <= w->height &&
        (!hash_equal(&s.tip.hash, &w->block[height].hash) ||
         !hash_equal(&s.tip.state_root, &w->block[height].state_root))) {
        sim_violation(w, SIM_SNAPSHOT,
                      "n%u starts at height %llu from a state that nobody committed", node,
                      (unsigned long long)height);
    }
}

/* Invariant "liar": lies told to a node that was up to hear them were found. */
void sim_check_lies(struct world *w)
{
    uint32_t found = w->liars_found;
    for (uint32_t i = 0; i < w->nodes; i++) {
        found += w->node[i].up ? replica_status(w->node[i].replica).liars : 0;
    }
    w->result->lies_found = found;
    if (w->told_lies > 0 && found == 0) {
        sim_violation(w, SIM_LIAR, "%u lies about a snapshot were told and none was found",
                      (unsigned)w->told_lies);
    }
}

/* A node that holds every block; NULL: all have begun from snapshots. */
struct replica *sim_archive(const struct world *w)
{
    for (uint32_t i = 0; i < w->nodes; i++) {
        struct replica *r = w->node[i].replica;
        if (w->node[i].up && w->node[i].liar == NULL && replica_status(r).base == 0 &&
            replica_status(r).tip.height == w->height) {
            return r;
        }
    }
    return NULL;
}
